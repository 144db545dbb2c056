"""Reading for those who book: what else is free, and their own held visits."""

from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from accounts.models import ConsultationMode, Doctor, Patient, User
from accounts.selectors import patients_of
from appointments.models import Appointment
from appointments.slots import SlotsByDay, free_slots
from clinics.models import Clinic

NEAR_DAYS = 14
NEAR_TIMES = 10
NEAR_TIMES_A_DAY = 6
MOST_DOCTORS = 3


def payable_appointments(user: User) -> QuerySet[Appointment]:
    """The visits whose payment `user` may see and make: their own and their children's, with the payment."""
    mine = patients_of(user).order_by().values("pk")
    return Appointment.objects.filter(patient__in=mine).select_related("doctor", "patient", "payment")


def own_visit_at(*, user: User, patient: Patient, doctor: Doctor, starts_at: datetime) -> Appointment | None:
    """The live visit that the person has booked already for that patient, at that time with that doctor."""
    own = Appointment.objects.live().filter(booked_by=user, patient=patient)
    return own.filter(doctor=doctor, scheduled_at=starts_at).first()


def successor_of(appointment: Appointment) -> Appointment | None:
    """The visit that took an ended hold's time again when its money came late; None for any other visit."""
    payment = appointment.payment
    if payment is None or payment.subject_id == appointment.pk:
        return None
    return Appointment.objects.filter(pk=payment.subject_id, patient=appointment.patient_id).first()


def nearest_free(
    *, doctor: Doctor, clinic: Clinic, mode: str, around: datetime, now: datetime, within_lead: bool = False
) -> SlotsByDay:
    """The `NEAR_TIMES` free times nearest to `around`, by day and in order; the same day first, but not it alone."""
    tz = clinic.policy.tz
    wanted = around.astimezone(tz)
    today = now.astimezone(tz).date()
    by_day = free_slots(
        doctor=doctor,
        clinic=clinic,
        mode=mode,
        first_day=today,
        days=_span(today, wanted.date()),
        now=now,
        within_lead=within_lead,
    )
    near = []
    for day, slots in by_day.items():
        slots.sort(key=lambda slot: abs(slot.starts_at - around))
        near += [
            (abs((day - wanted.date()).days), abs(slot.starts_at - around), slot) for slot in slots[:NEAR_TIMES_A_DAY]
        ]
    near.sort(key=lambda rated: rated[:2])
    chosen: SlotsByDay = {}
    for slot in sorted((slot for _days, _distance, slot in near[:NEAR_TIMES]), key=lambda slot: slot.starts_at):
        chosen.setdefault(slot.local.date(), []).append(slot)
    return chosen


def doctors_instead(*, doctor: Doctor, mode: str, day: date) -> list[Doctor]:
    """Other doctors of the same field, at any clinic, with free times on that day; read from the projections."""
    days = "free_days_video" if mode == ConsultationMode.VIDEO else "free_days_in_person"
    return list(
        Doctor.objects.public()
        .filter(
            specialties__overlap=doctor.specialties, consultation_modes__contains=[mode], **{f"{days}__contains": [day]}
        )
        .exclude(pk=doctor.pk)
        .select_related("clinic")
        .order_by("-average_rating", "last_name")[:MOST_DOCTORS]
    )


def _span(today: date, wanted: date) -> int:
    return max((wanted - today) // timedelta(days=1), 0) + NEAR_DAYS
