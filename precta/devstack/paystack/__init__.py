"""A stand-in for Paystack: speaks its HTTP contract, keeps a ledger, and can be told to misbehave.

`python -m precta.devstack.paystack --port 8001 …` runs it by itself; tests use `PaystackStandIn` in their own process.
"""

from .server import PaystackStandIn

__all__ = ["PaystackStandIn"]
