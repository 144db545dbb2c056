"""Paying for a held visit: one attempt after the other, and asking how the present one stands.

Nothing here runs inside a transaction: the provider may take ten seconds to answer.
"""

from datetime import datetime

from django.core.cache import cache

from appointments.exceptions import HoldEnded, TooManyAttempts
from appointments.models import Appointment, AppointmentStatus
from precta import clock
from precta.payments.models import Payment, PaymentPurpose, PaymentStatus

MOST_ATTEMPTS = 8
# However many tabs poll, the provider is asked about one payment this seldom.
ASK_EVERY_SECONDS = 3


def begin_attempt(*, appointment: Appointment, method: str, now: datetime | None = None) -> Payment:
    """The payment to be charged next: the present one while it can still be used, otherwise a new row.

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
    payment = restart_payment(payment=appointment.payment, method=method, now=now)
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


def ask_provider(payment: Payment, *, budget: float = 6.0) -> Payment:
    """The payment as the provider sees it now, or as we know it when it was asked within `ASK_EVERY_SECONDS`.

    Quiet when the provider does not answer within `budget` seconds. A hold that has ended is asked about, too: the
    money may have come.
    """
    from precta.payments.services import settle_payment

    if payment.charged_at is None or payment.status not in {PaymentStatus.PENDING, PaymentStatus.FAILED}:
        return payment
    if not cache.add(f"payment-asked:{payment.pk}", 1, ASK_EVERY_SECONDS):
        return payment
    return settle_payment(reference=payment.provider_reference, budget=budget)
