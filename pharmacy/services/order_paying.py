"""Paying for a held order, one attempt after the other, as `appointments.services.paying` does for visits."""

from datetime import datetime

from pharmacy.models import Order, OrderStatus
from precta import clock
from precta.payments.exceptions import HoldEnded
from precta.payments.models import Payment


def begin_attempt(*, order: Order, method: str, phone: str = "", now: datetime | None = None) -> Payment:
    """The payment to be charged next: the present one while it can still be used (for M-Pesa on that `phone`, `+254…`),
    otherwise a new row.

    `HoldEnded` when the packs are not held any more, and what `next_attempt` raises.
    """
    from precta.payments.services import next_attempt

    now = now or clock.now()
    if not is_payable(order, now) or order.payment is None:
        raise HoldEnded
    payment = next_attempt(payment=order.payment, method=method, phone=phone, now=now)
    if payment.pk != order.payment_id:
        Order.objects.filter(pk=order.pk, status=OrderStatus.PENDING_PAYMENT).update(payment=payment)
        order.payment = payment
    return payment


def is_payable(order: Order, now: datetime) -> bool:
    """Whether the packs are held and wait for money."""
    return (
        order.status == OrderStatus.PENDING_PAYMENT
        and order.hold_expires_at is not None
        and order.hold_expires_at > now
    )
