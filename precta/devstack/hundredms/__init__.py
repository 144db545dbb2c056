"""A stand-in for 100ms: rooms, room codes, ending a room, and a join page; it tells its events to our webhook.

`python -m precta.devstack.hundredms --port 8003` runs it by itself; tests use `HundredMsStandIn` in their own process.
"""

from .server import HundredMsStandIn

__all__ = ["HundredMsStandIn"]
