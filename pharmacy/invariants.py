"""What the invariants ask of catalogue (I8) and orders (I2, I3, I5, I6, I8); its parts register themselves."""

from pharmacy import (
    catalogue_invariants,  # noqa: F401
    order_invariants,  # noqa: F401
)
