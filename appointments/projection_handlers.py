"""Keeps the directory's projections in step with what happens in a clinic."""

from appointments.models import Appointment, TimeOff
from appointments.services import projections
from clinics.models import Clinic
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.tenancy import current_clinic


@on(
    "appointment.held",
    "appointment.confirmed",
    "appointment.cancelled",
    "appointment.rescheduled",
    "appointment.expired",
)
def follow_appointment(event: OutboxEvent) -> None:
    for doctor_id in _doctors_of_appointment(event):
        projections.refresh_doctor(doctor_id)


@on("appointment.completed")
def count_completed_visit(event: OutboxEvent) -> None:
    for doctor_id in _doctors_of_appointment(event):
        projections.recount_consultations(doctor_id)


@on("availability.changed", "doctor.changed")
def follow_doctor(event: OutboxEvent) -> None:
    projections.refresh_doctor(event.payload["doctor_id"])


@on("time_off.created", "time_off.removed")
def follow_time_off(event: OutboxEvent) -> None:
    doctor_id = event.payload.get("doctor_id")
    if doctor_id is None:
        doctor_id = TimeOff.objects.filter(pk=event.payload["time_off_id"]).values_list("doctor_id", flat=True).first()
    if doctor_id is not None:
        projections.refresh_doctor(doctor_id)
    elif (clinic := current_clinic()) is not None:
        projections.refresh_clinic(clinic)  # the row is gone and nobody says whose it was


@on("clinic.changed")
def follow_clinic(event: OutboxEvent) -> None:
    """Zone, lead time, buffer or horizon may be other ones now: the clinic that is active was perhaps loaded before."""
    clinic = Clinic.objects.filter(pk=event.payload["clinic_id"]).first()
    if clinic is not None:
        projections.refresh_clinic(clinic)


def _doctors_of_appointment(event: OutboxEvent) -> list[str]:
    return list(Appointment.objects.filter(pk=event.payload["appointment_id"]).values_list("doctor_id", flat=True))
