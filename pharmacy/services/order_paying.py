"""Paying for a held order, one attempt after the other, as `appointments.services.paying` does for visits."""

from datetime import datetime
from typing import Any

from pharmacy.models import Order, OrderStatus
from precta import clock
from precta.payments.exceptions import HoldEnded, PaymentClosed
from precta.payments.models import Payment, PaymentMethod


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


def take_cash_for(*, order: Order, taken_by: Any, now: datetime | None = None) -> Payment:
    """The desk has received the money for a held order, however it was to be paid before; the order is placed.

    Raises `HoldEnded` when the packs are not held any more, also when the order is cancelled at that moment,
    `PaymentClosed` when it is paid already, and `ProviderUnavailable` when a request for money is open whose fate
    cannot be learnt. Whoever raises has taken nothing.
    """
    from precta.payments.services import take_cash

    try:
        payment = begin_attempt(order=order, method=PaymentMethod.CASH, now=now)
    except HoldEnded:
        order.refresh_from_db(fields=["status"])
        if order.status not in {OrderStatus.PENDING_PAYMENT, OrderStatus.CANCELLED}:
            raise PaymentClosed(order.status) from None
        raise
    return take_cash(payment=payment, taken_by=taken_by, now=now)


def is_payable(order: Order, now: datetime) -> bool:
    """Whether the packs are held and wait for money."""
    return (
        order.status == OrderStatus.PENDING_PAYMENT
        and order.hold_expires_at is not None
        and order.hold_expires_at > now
    )
