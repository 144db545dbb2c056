"""I8; its parts register themselves."""

from pharmacy import order_invariants  # noqa: F401
