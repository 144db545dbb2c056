"""I8; its parts register themselves."""

from pharmacy import (
    catalogue_invariants,  # noqa: F401
    order_invariants,  # noqa: F401
)
