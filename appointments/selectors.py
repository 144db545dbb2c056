"""Reading visits of the active clinic, always within what the asker may see."""

from datetime import datetime

from django.db.models import Prefetch, QuerySet

from accounts.models import User
from accounts.selectors import patients_of
from appointments import reasons
from appointments.models import Appointment, AppointmentStatus
from precta.payments.models import Payment, PaymentPurpose, PaymentStatus, Refund


def appointments_for_patient_user(user: User) -> QuerySet[Appointment]:
    """The visits that `user` may read and change as a patient: their own and their children's, at the active clinic."""
    mine = patients_of(user).order_by().values("pk")
    return Appointment.objects.filter(patient_id__in=mine).select_related("doctor", "patient", "clinic")


def successor_of(appointment: Appointment) -> Appointment | None:
    """The visit that took this one's place when it was moved; the caller may see it as they may see this one."""
    if appointment.status != AppointmentStatus.CANCELLED or appointment.cancellation_reason not in reasons.MOVES:
        return None
    return (
        Appointment.objects.filter(rescheduled_from=appointment.pk)
        .exclude(status=AppointmentStatus.PENDING_PAYMENT)
        .exclude(cancellation_reason__in=reasons.NEVER_TAKEN)
        .select_related("doctor", "patient", "clinic")
        .first()
    )


def open_move_of(appointment: Appointment, *, now: datetime) -> Appointment | None:
    """The time that is held for moving this visit until the difference is paid."""
    held = Appointment.objects.filter(
        rescheduled_from=appointment.pk, status=AppointmentStatus.PENDING_PAYMENT, hold_expires_at__gt=now
    )
    return held.select_related("doctor", "patient", "clinic").first()


def payments_of(appointment: Appointment) -> QuerySet[Payment]:
    """Every attempt to pay for this visit with its refunds, oldest first."""
    return (
        Payment.objects.filter(type=PaymentPurpose.APPOINTMENT, subject_id=appointment.pk)
        .prefetch_related(Prefetch("refunds", Refund.objects.order_by("created_at", "pk")))
        .order_by("created_at", "pk")
    )


def settled_payments_of(appointment: Appointment) -> QuerySet[Payment]:
    """The payments whose money came in, oldest first; those paid back wholly are among them."""
    return payments_of(appointment).filter(status__in=[PaymentStatus.COMPLETED, PaymentStatus.REFUNDED])
