"""The one way in which an order's status changes."""

from typing import Any

from pharmacy.exceptions import InvalidOrderTransition
from pharmacy.models import TRANSITIONS, Order


def move(order: Order, to: str, **changes: Any) -> Order:
    """Set the status to `to` and the columns in `changes`, if the row still has the status that `order` shows.

    Compare-and-swap: `InvalidOrderTransition` when the table of transitions does not lead from that status to `to`, and
    when another transaction was first (`error.current` is then the status it left). The instance is brought up to
    date; nothing is written to the audit trail, which is the caller's, who knows why.
    """
    was = order.status
    if to not in TRANSITIONS[was]:
        raise InvalidOrderTransition(was, to)
    changed = Order.objects.filter(pk=order.pk, status=was).update(status=to, **changes)
    if not changed:
        current = Order.objects.filter(pk=order.pk).values_list("status", flat=True).first()
        raise InvalidOrderTransition(current or was, to)
    for name, value in {"status": to, **changes}.items():
        setattr(order, name, value)
    return order
