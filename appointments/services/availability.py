"""A doctor's hours window by window and day by day, for plain forms; `services.hours` replaces them as a whole.

Times are the wall clock of the clinic's zone; an end of 00:00 is midnight.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any

from accounts.models import Doctor, User
from appointments.exceptions import HoursClash, ModeNotOffered, WindowOverlaps
from appointments.hours import Hours
from appointments.models import Appointment, AvailabilityException, DoctorAvailability
from appointments.services.hours import Change, changing, hours_of, read_hours, visits_left_outside
from precta import clock
from precta.audit.services import record


def visits_in_window(*, doctor: Doctor, window: DoctorAvailability, now: datetime | None = None) -> list[Appointment]:
    """The visits to come that only this window covers: taking it away leaves them outside the doctor's hours."""
    now = now or clock.now()
    before = read_hours(doctor, now=now)
    gone = hours_of([window]).weekly
    after = Hours(tuple(row for row in before.weekly if row not in gone), before.days)
    return visits_left_outside(doctor=doctor, before=before, after=after, now=now)


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
    effective_from: date | None = None,
    effective_until: date | None = None,
    confirmed: bool = False,
    now: datetime | None = None,
) -> DoctorAvailability:
    """Add a window, or change the one with `window_id`; both dates of the clinic's calendar count, none is open.

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
        "effective_from": effective_from,
        "effective_until": effective_until,
    }
    with _changing(doctor, by_user, confirmed=confirmed, now=now, wanted=wanted, window_id=window_id):
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
        effective_from=window.effective_from,
        effective_until=window.effective_until,
        confirmed=confirmed,
        now=now,
    )


def remove_window(
    *, doctor: Doctor, by_user: User, window_id: str, confirmed: bool = False, now: datetime | None = None
) -> None:
    """Take a window out of the week. Raises VisitsOutside unless `confirmed`, DoctorAvailability.DoesNotExist."""
    with _changing(doctor, by_user, confirmed=confirmed, now=now):
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
    with _changing(doctor, by_user, confirmed=confirmed, now=now):
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
                effective_from=window.effective_from,
                effective_until=window.effective_until,
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


def set_day(
    *,
    doctor: Doctor,
    by_user: User,
    day: date,
    mode: str = "",
    start_time: time | None = None,
    end_time: time | None = None,
    confirmed: bool = False,
    now: datetime | None = None,
) -> AvailabilityException:
    """Let other hours hold on `day` instead of the weekly ones of `mode` ("" = of every kind); without times none do.

    A day may have several such hours. Raises VisitsOutside unless `confirmed`, HoursClash when the day is closed
    already or has hours over part of this time, ModeNotOffered.
    """
    if mode and mode not in doctor.consultation_modes:
        raise ModeNotOffered(mode)
    with changing(doctor=doctor, by_user=by_user, accepted=None if confirmed else (), now=now):
        entry = AvailabilityException.objects.create(
            doctor=doctor, date=day, consultation_mode=mode, start_time=start_time, end_time=end_time
        )
        _record_day("availability.day_set", entry, by_user)
    return entry


def remove_day(
    *, doctor: Doctor, by_user: User, exception_id: str, confirmed: bool = False, now: datetime | None = None
) -> None:
    """Let the weekly hours hold again. Raises VisitsOutside unless `confirmed`, AvailabilityException.DoesNotExist."""
    with changing(doctor=doctor, by_user=by_user, accepted=None if confirmed else (), now=now):
        entry = AvailabilityException.objects.select_for_update().get(pk=exception_id, doctor=doctor)
        _record_day("availability.day_removed", entry, by_user)
        entry.delete()


@contextmanager
def _changing(
    doctor: Doctor,
    by_user: User,
    *,
    confirmed: bool,
    now: datetime | None,
    wanted: dict[str, Any] | None = None,
    window_id: str | None = None,
) -> Iterator[Change]:
    try:
        with changing(doctor=doctor, by_user=by_user, accepted=None if confirmed else (), now=now) as change:
            yield change
    except HoursClash as error:
        raise WindowOverlaps(_clashing(doctor, wanted, window_id) if wanted else None) from error


def _clashing(doctor: Doctor, wanted: dict[str, Any], window_id: str | None) -> DoctorAvailability | None:
    others = DoctorAvailability.objects.filter(
        doctor=doctor,
        day_of_week=wanted["day_of_week"],
        consultation_mode=wanted["consultation_mode"],
        is_active=True,
    ).exclude(pk=window_id)
    sought = hours_of([DoctorAvailability(**wanted)]).weekly[0]
    for other in others:
        if Hours(weekly=(sought, *hours_of([other]).weekly)).clash():
            return other
    return None


def _record(action: str, window: DoctorAvailability, by_user: User) -> None:
    details = {
        "day": window.day_of_week,
        "from": f"{window.start_time:%H:%M}",
        "until": f"{window.end_time:%H:%M}",
        "mode": window.consultation_mode,
        "active": window.is_active,
    }
    for name in ("effective_from", "effective_until"):
        day = getattr(window, name)
        if day is not None:
            details[name] = day.isoformat()
    record(action, resource=window, user=by_user, details=details)


def _record_day(action: str, entry: AvailabilityException, by_user: User) -> None:
    record(
        action,
        resource=entry,
        user=by_user,
        details={
            "date": entry.date.isoformat(),
            "mode": entry.consultation_mode,
            "from": f"{entry.start_time:%H:%M}" if entry.start_time is not None else "",
            "until": f"{entry.end_time:%H:%M}" if entry.end_time is not None else "",
        },
    )
