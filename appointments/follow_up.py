"""The next free time some weeks after a visit, as the doctor proposes it to the patient."""

from datetime import datetime, timedelta

from accounts.models import Doctor
from appointments.models import Appointment, Consultation
from appointments.slots import free_slots, last_bookable_day
from appointments.week import moment_key
from clinics.models import Clinic
from precta.hosts import clinic_url

WEEKS = (1, 2, 4, 12)
# So many days from the wanted one are looked through.
SPAN = 14


def mode_of_next(visit: Appointment, doctor: Doctor) -> str:
    """As this visit was, while the doctor still offers it."""
    modes = doctor.consultation_modes
    return visit.consultation_type if visit.consultation_type in modes or not modes else modes[0]


def next_slot(*, visit: Appointment, doctor: Doctor, clinic: Clinic, weeks: int, now: datetime) -> datetime | None:
    """The first free time (UTC) from `weeks` weeks after the visit's day, of `mode_of_next`.

    None when there is none within SPAN days, or when patients cannot book so far ahead yet. Counted from today for a
    visit whose day is past.
    """
    tz = clinic.policy.tz
    first = max(visit.scheduled_at, now).astimezone(tz).date() + timedelta(weeks=weeks)
    if first > last_bookable_day(clinic.policy, now):
        return None
    mode = mode_of_next(visit, doctor)
    days = free_slots(doctor=doctor, clinic=clinic, mode=mode, first_day=first, days=SPAN, now=now)
    return next((slot.starts_at for day in sorted(days) for slot in days[day]), None)


def booking_url(visit: Appointment, consultation: Consultation) -> str:
    """Where the patient takes the proposed time; without one, the doctor's free times."""
    page = clinic_url(visit.clinic, "appointments:patient:book", visit.doctor_id)
    if consultation.follow_up_at is None:
        return page
    return f"{page}?at={moment_key(consultation.follow_up_at)}&mode={consultation.follow_up_mode}"
