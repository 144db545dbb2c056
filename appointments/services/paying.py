"""Paying for a held visit, one attempt after the other.

Nothing here runs inside a transaction: the provider may take ten seconds to answer.
"""

from datetime import datetime
from typing import Any

from appointments.models import Appointment, AppointmentStatus
from precta import clock
from precta.payments.exceptions import HoldEnded, PaymentClosed
from precta.payments.models import Payment, PaymentMethod


def begin_attempt(*, appointment: Appointment, method: str, phone: str = "", now: datetime | None = None) -> Payment:
    """The payment to be charged next: the present one while it can still be used (for M-Pesa on that `phone`, `+254…`),
    otherwise a new row.

    `HoldEnded` when the time is not held any more, and what `next_attempt` raises. Should an earlier attempt succeed as
    well, settling gives its money back.
    """
    from precta.payments.services import next_attempt

    now = now or clock.now()
    if not is_payable(appointment, now) or appointment.payment is None:
        raise HoldEnded
    payment = next_attempt(payment=appointment.payment, method=method, phone=phone, now=now)
    if payment.pk != appointment.payment_id:
        Appointment.objects.filter(pk=appointment.pk, status=AppointmentStatus.PENDING_PAYMENT).update(payment=payment)
        appointment.payment = payment
    return payment


def take_cash_for(*, appointment: Appointment, taken_by: Any, now: datetime | None = None) -> Payment:
    """The desk has received the fee of a held visit, however it was to be paid before; the visit is confirmed.

    Raises `HoldEnded` when the time is not held any more (a visit that is let go takes no cash: somebody else may have
    its time), `PaymentClosed` when it is paid already, by another request or another way, and `ProviderUnavailable`
    when a request for money is open whose fate cannot be learnt. Whoever raises has taken nothing.
    """
    from precta.payments.services import take_cash

    try:
        payment = begin_attempt(appointment=appointment, method=PaymentMethod.CASH, now=now)
    except HoldEnded:
        appointment.refresh_from_db(fields=["status"])
        if appointment.status not in {AppointmentStatus.PENDING_PAYMENT, AppointmentStatus.CANCELLED}:
            raise PaymentClosed(appointment.status) from None
        raise
    return take_cash(payment=payment, taken_by=taken_by, now=now)


def is_payable(appointment: Appointment, now: datetime) -> bool:
    """Whether the time is held and waits for money."""
    return (
        appointment.status == AppointmentStatus.PENDING_PAYMENT
        and appointment.hold_expires_at is not None
        and appointment.hold_expires_at > now
    )
