"""Which medicine may take another one's place, and what it costs there."""

from decimal import ROUND_DOWN, Decimal

from pharmacy.models import Medicine, OrderItem

CENT = Decimal("0.01")
# No provider is asked to send less back.
LEAST_BACK = Decimal(1)


def price_for(item: OrderItem, medicine: Medicine, quantity: int) -> Decimal:
    """What a pack of `medicine` costs in the place of the line: its own price, or as much less as keeps the line from
    getting dearer; in whole shillings, and so that a shilling at least goes back, unless nothing does."""
    price = min(medicine.price, (item.total_price / quantity).quantize(CENT, ROUND_DOWN))
    if price * quantity == item.total_price:
        return price
    price = price.quantize(Decimal(1), ROUND_DOWN).quantize(CENT)
    if item.total_price - price * quantity < LEAST_BACK:
        price -= 1
    return max(price, Decimal(0))


def can_go_back(amount: Decimal) -> bool:
    """Whether a line may get cheaper by `amount`."""
    return amount == 0 or amount >= LEAST_BACK


def suits(item: OrderItem, medicine: Medicine) -> bool:
    """Whether `medicine` may take the line's place at all. What a doctor prescribed keeps its substances: another one
    is for the doctor to prescribe; and what needs a prescription takes no place of what had none."""
    if medicine.pk == item.medicine_id or not medicine.is_active:
        return False
    if item.prescription_line is not None:
        return set(medicine.substances) == set(item.medicine.substances)
    return not medicine.is_prescription_only
