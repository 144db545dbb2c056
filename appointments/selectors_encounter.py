"""Reading visits with their notes: for the doctor of the visit, and what of them is the patient's."""

from django.db.models import QuerySet

from accounts.models import Doctor
from appointments.models import Appointment, AppointmentStatus, Consultation
from appointments.selectors_workspace import visits_of_doctor

MOST_TO_FINISH = 6


def visits_with_notes(doctor: Doctor) -> QuerySet[Appointment]:
    """The doctor's own visits, each with its consultation, if it has one."""
    return visits_of_doctor(doctor).select_related("consultation")


def notes_of(visit: Appointment) -> Consultation | None:
    """The consultation of a visit that the caller may see whole: the doctor's."""
    notes: Consultation | None = getattr(visit, "consultation", None)
    if notes is not None:
        notes.appointment = visit
    return notes


def notes_to_finish(doctor: Doctor) -> QuerySet[Consultation]:
    """Of visits that are over and whose notes nobody has signed, the oldest first."""
    return (
        Consultation.objects.filter(
            appointment__doctor=doctor, appointment__status=AppointmentStatus.COMPLETED, finished_at__isnull=True
        )
        .select_related("appointment__patient")
        .order_by("started_at", "pk")
    )


def summary_of(visit: Appointment) -> Consultation | None:
    """What the patient may read once the notes are finished, and no other column of them: None before."""
    return (
        Consultation.objects.filter(appointment=visit, finished_at__isnull=False)
        .only(
            *("appointment_id", "diagnosis", "plan", "finished_at"),
            *("follow_up_recommended", "follow_up_notes", "follow_up_at", "follow_up_mode"),
        )
        .first()
    )
