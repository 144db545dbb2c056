"""Keeps the platform's sums of a clinic's days in step with what happens there."""

from datetime import datetime

from appointments.figures.days import keep_days
from appointments.models import Appointment
from clinics.models import Clinic
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.payments.models import Payment, Refund
from precta.tenancy import current_clinic


@on(
    "appointment.confirmed",
    "appointment.cancelled",
    "appointment.rescheduled",
    "appointment.completed",
    "appointment.no_show",
)
def follow_visit(event: OutboxEvent) -> None:
    visit = Appointment.objects.filter(pk=event.payload["appointment_id"]).first()
    if visit is not None:
        _keep([visit.created_at, visit.scheduled_at, visit.cancelled_at, event.created_at])


@on("payment.completed")
def follow_payment(event: OutboxEvent) -> None:
    _keep(Payment.objects.filter(pk=event.payload["payment_id"]).values_list("paid_at", flat=True))


@on("refund.queued", "refund.processed", "refund.failed")
def follow_refund(event: OutboxEvent) -> None:
    _keep(Refund.objects.filter(pk=event.payload["refund_id"]).values_list("created_at", flat=True))


def _keep(moments) -> None:
    active = current_clinic()
    # Read anew: the zone may have changed since the clinic that is active was loaded.
    clinic = Clinic.objects.filter(pk=active.pk).first() if active is not None else None
    if clinic is not None:
        zone = clinic.policy.tz
        moments = [moment for moment in moments if isinstance(moment, datetime)]
        keep_days(clinic, days=[moment.astimezone(zone).date() for moment in moments])
