"""A doctor's weekly hours. Times are the wall clock of the clinic's zone; an end of 00:00 is midnight."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, tzinfo

from django.db import IntegrityError, transaction

from accounts.models import Doctor, User
from appointments.exceptions import ModeNotOffered, VisitsOutside, WindowOverlaps
from appointments.models import Appointment, AppointmentStatus, DoctorAvailability
from precta import clock
from precta.audit.services import record
from precta.constraints import violated
from precta.outbox.services import emit

DAY = 24 * 60


def minutes_of(start: time, end: time) -> tuple[int, int]:
    """A window as minutes of the day; an end of 00:00 is minute 1440."""
    ends = end.hour * 60 + end.minute
    return start.hour * 60 + start.minute, ends or DAY


def weekday_of(moment: datetime) -> int:
    """0 is Sunday, as the data model counts."""
    return moment.isoweekday() % 7


def is_covered(visit: Appointment, windows: Iterable[DoctorAvailability], tz: tzinfo) -> bool:
    """Whether the whole visit lies in one active window of its kind, by the clinic's wall clock."""
    local = visit.scheduled_at.astimezone(tz)
    start = local.hour * 60 + local.minute
    end = start + visit.duration_minutes
    for window in windows:
        if not window.is_active or window.day_of_week != weekday_of(local):
            continue
        opens, closes = minutes_of(window.start_time, window.end_time)
        if window.consultation_mode == visit.consultation_type and opens <= start and end <= closes:
            return True
    return False


def visits_in_window(*, doctor: Doctor, window: DoctorAvailability, now: datetime | None = None) -> list[Appointment]:
    """The visits to come that only this window covers: taking it away leaves them outside the doctor's hours."""
    tz = doctor.clinic.policy.tz
    windows = _windows(doctor)
    others = [other for other in windows if other.pk != window.pk]
    return [
        visit
        for visit in _upcoming(doctor, now or clock.now())
        if is_covered(visit, windows, tz) and not is_covered(visit, others, tz)
    ]


def set_window(
    *,
    doctor: Doctor,
    by_user: User,
    day_of_week: int,
    start_time: time,
    end_time: time,
    mode: str,
    window_id: str | None = None,
    is_active: bool = True,
    confirmed: bool = False,
    now: datetime | None = None,
) -> DoctorAvailability:
    """Add a window, or change the one with `window_id`.

    Visits that are booked already stay valid wherever they are. When the change would leave some outside the hours it
    raises VisitsOutside unless `confirmed`. Raises WindowOverlaps (active windows of one day and kind never overlap:
    the database sees to it), ModeNotOffered, DoctorAvailability.DoesNotExist.
    """
    if mode not in doctor.consultation_modes:
        raise ModeNotOffered(mode)
    wanted = {
        "day_of_week": day_of_week,
        "start_time": start_time,
        "end_time": end_time,
        "consultation_mode": mode,
        "is_active": is_active,
    }
    with _changing(doctor, confirmed=confirmed, now=now, wanted=wanted, window_id=window_id):
        if window_id is None:
            window = DoctorAvailability.objects.create(doctor=doctor, **wanted)
        else:
            window = DoctorAvailability.objects.select_for_update().get(pk=window_id, doctor=doctor)
            for name, value in wanted.items():
                setattr(window, name, value)
            window.save(update_fields=list(wanted))
        _record("availability.set", window, by_user)
    return window


def switch_window(
    *,
    doctor: Doctor,
    by_user: User,
    window_id: str,
    is_active: bool,
    confirmed: bool = False,
    now: datetime | None = None,
) -> DoctorAvailability:
    """Rest a window, or take it up again. Raises as `set_window` does."""
    window = DoctorAvailability.objects.get(pk=window_id, doctor=doctor)
    return set_window(
        doctor=doctor,
        by_user=by_user,
        day_of_week=window.day_of_week,
        start_time=window.start_time,
        end_time=window.end_time,
        mode=window.consultation_mode,
        window_id=window_id,
        is_active=is_active,
        confirmed=confirmed,
        now=now,
    )


def remove_window(
    *, doctor: Doctor, by_user: User, window_id: str, confirmed: bool = False, now: datetime | None = None
) -> None:
    """Take a window out of the week. Raises VisitsOutside unless `confirmed`, DoctorAvailability.DoesNotExist."""
    with _changing(doctor, confirmed=confirmed, now=now):
        window = DoctorAvailability.objects.select_for_update().get(pk=window_id, doctor=doctor)
        _record("availability.removed", window, by_user)
        window.delete()


def copy_day(
    *,
    doctor: Doctor,
    by_user: User,
    from_day: int,
    to_days: Iterable[int],
    confirmed: bool = False,
    now: datetime | None = None,
) -> list[DoctorAvailability]:
    """Make each of `to_days` the same as `from_day`: what those days had before is replaced.

    Raises VisitsOutside unless `confirmed`, WindowOverlaps when another session adds hours at the same moment.
    """
    days = sorted(set(to_days) - {from_day})
    with _changing(doctor, confirmed=confirmed, now=now):
        source = list(DoctorAvailability.objects.filter(doctor=doctor, day_of_week=from_day))
        DoctorAvailability.objects.filter(doctor=doctor, day_of_week__in=days).delete()
        copies = DoctorAvailability.objects.bulk_create(
            DoctorAvailability(
                doctor=doctor,
                day_of_week=day,
                start_time=window.start_time,
                end_time=window.end_time,
                consultation_mode=window.consultation_mode,
                is_active=window.is_active,
            )
            for day in days
            for window in source
        )
        record(
            "availability.copied",
            resource=("doctoravailability", doctor.pk),
            user=by_user,
            details={"from_day": from_day, "to_days": days, "windows": len(source)},
        )
    return copies


@contextmanager
def _changing(
    doctor: Doctor,
    *,
    confirmed: bool,
    now: datetime | None,
    wanted: dict | None = None,
    window_id: str | None = None,
) -> Iterator[None]:
    """One transaction around a change of hours: nothing is kept when it overlaps or is not confirmed."""
    tz = doctor.clinic.policy.tz
    try:
        with transaction.atomic():
            covered = [v for v in _upcoming(doctor, now or clock.now()) if is_covered(v, _windows(doctor), tz)]
            yield
            after = _windows(doctor)
            left = [visit for visit in covered if not is_covered(visit, after, tz)]
            if left and not confirmed:
                raise VisitsOutside(left)
            emit("availability.changed", doctor_id=doctor.pk)
    except IntegrityError as error:
        if not violated(error, "availability_no_overlap"):
            raise
        raise WindowOverlaps(_clashing(doctor, wanted, window_id) if wanted else None) from error


def _windows(doctor: Doctor) -> list[DoctorAvailability]:
    return list(DoctorAvailability.objects.filter(doctor=doctor))


def _upcoming(doctor: Doctor, now: datetime) -> list[Appointment]:
    return list(
        Appointment.objects.filter(
            doctor=doctor,
            scheduled_at__gte=now,
            status__in=(AppointmentStatus.CONFIRMED, AppointmentStatus.PENDING_PAYMENT),
        )
        .select_related("patient")
        .order_by("scheduled_at")
    )


def _clashing(doctor: Doctor, wanted: dict, window_id: str | None) -> DoctorAvailability | None:
    opens, closes = minutes_of(wanted["start_time"], wanted["end_time"])
    others = DoctorAvailability.objects.filter(
        doctor=doctor,
        day_of_week=wanted["day_of_week"],
        consultation_mode=wanted["consultation_mode"],
        is_active=True,
    ).exclude(pk=window_id)
    for other in others:
        start, end = minutes_of(other.start_time, other.end_time)
        if start < closes and opens < end:
            return other
    return None


def _record(action: str, window: DoctorAvailability, by_user: User) -> None:
    record(
        action,
        resource=window,
        user=by_user,
        details={
            "day": window.day_of_week,
            "from": f"{window.start_time:%H:%M}",
            "until": f"{window.end_time:%H:%M}",
            "mode": window.consultation_mode,
            "active": window.is_active,
        },
    )
