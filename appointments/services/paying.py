"""Paying for a held visit, one attempt after the other.

Nothing here runs inside a transaction: the provider may take ten seconds to answer.
"""

from datetime import datetime

from appointments.exceptions import HoldEnded, TooManyAttempts
from appointments.models import Appointment, AppointmentStatus
from precta import clock
from precta.payments.models import Payment, PaymentPurpose

MOST_ATTEMPTS = 8


def begin_attempt(*, appointment: Appointment, method: str, phone: str = "", now: datetime | None = None) -> Payment:
    """The payment to be charged next: the present one while it can still be used (for M-Pesa on that `phone`, `+254…`),
    otherwise a new row.

    `HoldEnded` when the time is not held any more, `TooManyAttempts` after `MOST_ATTEMPTS` of one hold, and what
    `restart_payment` raises. Should an earlier attempt succeed as well, settling gives its money back.
    """
    from precta.payments.services import restart_payment

    now = now or clock.now()
    if not is_payable(appointment, now) or appointment.payment is None:
        raise HoldEnded
    attempts = Payment.objects.filter(
        type=PaymentPurpose.APPOINTMENT, subject_id=appointment.pk, charged_at__isnull=False
    )
    if attempts.count() >= MOST_ATTEMPTS:
        raise TooManyAttempts
    payment = restart_payment(payment=appointment.payment, method=method, phone=phone, now=now)
    if payment.pk != appointment.payment_id:
        Appointment.objects.filter(pk=appointment.pk, status=AppointmentStatus.PENDING_PAYMENT).update(payment=payment)
        appointment.payment = payment
    return payment


def is_payable(appointment: Appointment, now: datetime) -> bool:
    """Whether the time is held and waits for money."""
    return (
        appointment.status == AppointmentStatus.PENDING_PAYMENT
        and appointment.hold_expires_at is not None
        and appointment.hold_expires_at > now
    )
