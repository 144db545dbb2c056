"""What the directory reads about a doctor's free times, kept beside the doctor in the public schema.

The search page must touch no clinic's schema, so the next free times and the free days are written to the doctor's
public row whenever something changes them. A projection is never part of a clinic's transaction.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.models import ClinicRequestStatus, Doctor, DoctorClinicRequest
from appointments.models import Appointment, AppointmentStatus
from appointments.slots import SlotsByDay, earliest_start, free_slots_of_doctors, last_bookable_day
from clinics.models import Clinic
from precta import clock
from precta.tenancy import clinic_context, current_clinic

NEXT_SLOTS = 6


def refresh_doctor(doctor_id: str, *, now: datetime | None = None) -> bool:
    """Bring one doctor's projection up to `now` (aware); False when there is none or a newer one stands already.

    May be called in any schema, outside a transaction; enters the doctor's clinic itself.
    """
    doctor = Doctor.objects.select_related("clinic").filter(pk=doctor_id).first()
    if doctor is None:
        return False
    if doctor.clinic is None:
        return _write(doctor, {}, now or clock.now())
    return refresh_doctors([doctor], doctor.clinic, now=now) == 1


def refresh_clinic(clinic: Clinic, *, now: datetime | None = None) -> int:
    """Refresh all doctors of a clinic at once (three statements to read, one a doctor to write); the number written."""
    return refresh_doctors(Doctor.objects.filter(clinic=clinic), clinic, now=now)


def refresh_stale(clinic: Clinic, *, now: datetime | None = None) -> int:
    """Refresh those whose first free time can no longer be booked, or who were not looked at today; the number written.

    Time alone changes these: a slot comes within the lead time, the horizon moves on by a day.
    """
    now = now or clock.now()
    policy = clinic.policy
    today = datetime.combine(now.astimezone(policy.tz).date(), datetime.min.time(), tzinfo=policy.tz)
    stale = Doctor.objects.filter(clinic=clinic).filter(
        Q(projected_at__isnull=True) | Q(projected_at__lt=today) | Q(next_available_at__lt=earliest_start(policy, now))
    )
    return refresh_doctors(stale, clinic, now=now)


def refresh_doctors(doctors: Iterable[Doctor], clinic: Clinic, *, now: datetime | None = None) -> int:
    """Compute and write the projections of `doctors`, all of them of `clinic`; the number written."""
    doctors = list(doctors)
    if not doctors:
        return 0
    # Taken before reading: whoever reads later has seen at least as much, and may overwrite this.
    now = now or clock.now()
    policy = clinic.policy
    today = now.astimezone(policy.tz).date()
    with clinic_context(clinic):
        slots = free_slots_of_doctors(
            doctors=doctors,
            clinic=clinic,
            modes={mode for doctor in doctors for mode in doctor.consultation_modes},
            first_day=today,
            days=(last_bookable_day(policy, now) - today) // timedelta(days=1) + 1,
            now=now,
        )
    return sum(_write(doctor, slots[doctor.pk], now) for doctor in doctors)


def _write(doctor: Doctor, slots: dict[str, SlotsByDay], now: datetime) -> bool:
    free_days = {mode: [day for day, times in by_day.items() if times] for mode, by_day in slots.items()}
    upcoming: dict[str, list[datetime]] = {}
    for mode, by_day in slots.items():
        times = [slot.starts_at for day in free_days[mode] for slot in by_day[day]]
        if mode in doctor.consultation_modes:
            upcoming[mode] = times[:NEXT_SLOTS]
    written = (
        Doctor.objects.filter(pk=doctor.pk)
        .filter(Q(projected_at__isnull=True) | Q(projected_at__lte=now))
        .update(
            next_slots={mode: [time.isoformat() for time in times] for mode, times in upcoming.items()},
            free_days_in_person=free_days.get("in_person", []),
            free_days_video=free_days.get("video", []),
            next_available_at=min((times[0] for times in upcoming.values() if times), default=None),
            projected_at=now,
        )
    )
    return bool(written)


def recount_consultations(doctor_id: str) -> None:
    """Set the doctor's public number of completed visits to a fresh count over every clinic they have worked at: the
    active one, their own, and those that took them in before.

    Counting locks nothing. It is written only over the number that was read before counting, else counted again: of
    two relays at once the later one counts what the earlier one saw, too.
    """
    doctors = Doctor.objects.filter(pk=doctor_id)
    while True:
        known = doctors.values_list("total_consultations", flat=True).get()
        done = sum(_completed_at(clinic, doctor_id) for clinic in _workplaces(doctors))
        if known == done or doctors.filter(total_consultations=known).update(total_consultations=done):
            return


def _workplaces(doctors: QuerySet[Doctor]) -> QuerySet[Clinic]:
    active = current_clinic()
    took_in = DoctorClinicRequest.objects.filter(doctor__in=doctors, status=ClinicRequestStatus.ACCEPTED)
    return Clinic.objects.filter(
        Q(pk=active.pk if active is not None else None)
        | Q(pk__in=doctors.values("clinic"))
        | Q(pk__in=took_in.values("clinic"))
    )


def _completed_at(clinic: Clinic, doctor_id: str) -> int:
    with clinic_context(clinic):
        return Appointment.objects.filter(doctor_id=doctor_id, status=AppointmentStatus.COMPLETED).count()
