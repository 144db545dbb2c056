"""Decimals inside, integers of the smallest unit at the provider's edge."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from precta.payments.exceptions import InvalidAmount

CENT = Decimal("0.01")
# Every currency that the provider takes is counted in hundredths.
SUBUNITS = 100


def exact(amount: Decimal | int | str) -> Decimal:
    """A positive amount with two decimals. Raises InvalidAmount for anything finer than a cent, NaN, 0 or less."""
    try:
        value = Decimal(amount)
        rounded = value.quantize(CENT)
    except (InvalidOperation, TypeError, ValueError) as error:
        raise InvalidAmount(f"not an amount: {amount!r}") from error
    if rounded != value or rounded <= 0:
        raise InvalidAmount(f"not a positive amount of whole cents: {amount}")
    return rounded


def to_subunit(amount: Decimal) -> int:
    """KES 2,500.00 → 250000. Raises InvalidAmount for a fraction of a cent."""
    return int(exact(amount) * SUBUNITS)


def percent_of(amount: Decimal, percent: int) -> Decimal:
    """The share in whole cents, halves rounded up."""
    return (amount * percent / 100).quantize(CENT, rounding=ROUND_HALF_UP)
