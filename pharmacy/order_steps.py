"""How an order stands, as the steps that a page shows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from pharmacy.models import Fulfilment, Order, OrderStatus


@dataclass(frozen=True, slots=True)
class Step:
    """`at` is when it came about; None while it is still to come. `is_now` is the one that the order is at."""

    label: str
    icon: str
    at: datetime | None
    is_now: bool = False
    is_bad: bool = False


def status_words(order: Any) -> str:
    """The status in words: what is ready to be picked up is not on its way."""
    if order.fulfilment == Fulfilment.PICKUP:
        if order.status == OrderStatus.DISPATCHED:
            return _("Ready to be picked up")
        if order.status == OrderStatus.DELIVERED:
            return _("Picked up")
    return str(OrderStatus(order.status).label)


def steps_of(order: Order) -> list[Step]:
    """Placed, prepared, on its way, delivered; a cancelled order ends where it was cancelled."""
    is_brought = order.fulfilment == Fulfilment.DELIVERY
    stages = (
        (OrderStatus.PLACED, _("Paid and placed"), "receipt-text", order.placed_at),
        (OrderStatus.PROCESSING, _("Being prepared"), "package", order.processing_at),
        (
            OrderStatus.DISPATCHED,
            _("On its way") if is_brought else _("Ready to be picked up"),
            "truck" if is_brought else "store",
            order.dispatched_at,
        ),
        (OrderStatus.DELIVERED, _("Delivered") if is_brought else _("Picked up"), "check-check", order.delivered_at),
    )
    ordered = Step(
        _("Ordered"), "shopping-basket", order.created_at, is_now=order.status == OrderStatus.PENDING_PAYMENT
    )
    if order.status == OrderStatus.CANCELLED:
        done = [Step(label, icon, at) for _status, label, icon, at in stages if at is not None]
        return [ordered, *done, Step(_("Cancelled"), "x", order.cancelled_at, is_now=True, is_bad=True)]
    return [ordered, *[Step(label, icon, at, is_now=status == order.status) for status, label, icon, at in stages]]
