"""What may not be given out any more, because another prescription took the place of the one it was ordered from."""

from django.db.models import Exists, OuterRef, QuerySet

from pharmacy.models import Order, OrderItem


def stopped_items(order: Order) -> QuerySet[OrderItem]:
    """The lines of the order that need a prescription and have one that was replaced."""
    rows = OrderItem.objects.filter(order=order, quantity__gt=0, prescription_line__isnull=False)
    return rows.filter(medicine__is_prescription_only=True, order__prescription__replaced_by__isnull=False)


def is_stopped(order: Order) -> bool:
    """Whether anything of it may not be given out."""
    return order.prescription_id is not None and stopped_items(order).exists()


def orders_stopped_by(prescription_id: str) -> QuerySet[Order]:
    """Orders of this prescription with lines that need it, oldest first."""
    lines = OrderItem.objects.filter(
        order=OuterRef("pk"), quantity__gt=0, prescription_line__isnull=False, medicine__is_prescription_only=True
    )
    return Order.objects.filter(Exists(lines), prescription=prescription_id).order_by("created_at", "pk")
