"""All hours of a doctor as one set: read, replaced as a whole, and taken back. Every change of hours passes here."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import Doctor, User
from appointments.exceptions import HoursChanged, HoursClash, ModeNotOffered, VisitsOutside
from appointments.hours import DayHours, Hours, WeeklyHours, Window, hours_from_json
from appointments.locks import lock_doctor
from appointments.models import (
    Appointment,
    AppointmentStatus,
    AvailabilityException,
    AvailabilityRevision,
    DoctorAvailability,
)
from precta import clock
from precta.audit.services import record
from precta.constraints import violated
from precta.outbox.services import emit

# Of each doctor; older ones are only in the trail.
REVISIONS_KEPT = 20
UNDO_WITHIN = timedelta(hours=24)
OVERLAPS = ("availability_no_overlap", "availability_exception_no_overlap")
# Enough to see in the trail what happened; the numbers are always whole.
NAMED_IN_THE_TRAIL = 40


@dataclass
class Change:
    """One change of hours under way; `action` and `details` are what the trail will say."""

    before: Hours
    action: str = "availability.saved"
    details: dict = field(default_factory=dict)
    after: Hours | None = None


def hours_of(windows: Iterable[DoctorAvailability], days: Iterable[AvailabilityException] = ()) -> Hours:
    weekly: dict[WeeklyHours, str] = {}
    for row in windows:
        window = Window(row.day_of_week, row.start_time, row.end_time, row.effective_from, row.effective_until)
        weekly[WeeklyHours(row.consultation_mode, window, row.is_active)] = row.pk
    by_day: dict[DayHours, str] = {}
    for entry in days:
        by_day[DayHours(entry.date, entry.consultation_mode, entry.start_time, entry.end_time)] = entry.pk
    keys: dict[WeeklyHours | DayHours, str] = dict(weekly)  # type: ignore[arg-type]
    keys.update(by_day)  # type: ignore[arg-type]
    return Hours(tuple(weekly), tuple(by_day), keys)


def read_hours(doctor: Doctor, *, now: datetime | None = None) -> Hours:
    """What holds from today (of the clinic's calendar) on; what has ended already is left out. Two statements."""
    today = today_of(doctor, now)
    return hours_of(_windows(doctor, today), AvailabilityException.objects.filter(doctor=doctor, date__gte=today))


def today_of(doctor: Doctor, now: datetime | None = None) -> date:
    return (now or clock.now()).astimezone(doctor.clinic.policy.tz).date()


def visits_left_outside(*, doctor: Doctor, before: Hours, after: Hours, now: datetime) -> list[Appointment]:
    """The visits to come that `before` covers and `after` does not, in order."""
    tz = doctor.clinic.policy.tz

    def covered(visit: Appointment, hours: Hours) -> bool:
        return hours.cover(visit.scheduled_at, visit.duration_minutes, visit.consultation_type, tz)

    return [visit for visit in upcoming(doctor, now) if covered(visit, before) and not covered(visit, after)]


def upcoming(doctor: Doctor, now: datetime) -> list[Appointment]:
    return list(
        Appointment.objects.filter(
            doctor=doctor,
            scheduled_at__gte=now,
            status__in=(AppointmentStatus.CONFIRMED, AppointmentStatus.PENDING_PAYMENT),
        )
        .select_related("patient")
        .order_by("scheduled_at")
    )


def save_hours(
    *,
    doctor: Doctor,
    by_user: User,
    hours: Hours,
    version: str,
    accepted: Collection[str] = (),
    now: datetime | None = None,
) -> AvailabilityRevision | None:
    """Replace all hours that still hold by `hours`, or nothing at all; None when they are the same.

    `version` is the token of the hours that the person saw. Visits that are booked stay valid wherever they are;
    `accepted` are the ids of those that the person has seen would lie outside. Raises HoursChanged when the hours are
    others by now, VisitsOutside when a visit would lie outside that is not accepted, HoursClash, ModeNotOffered.
    """
    clash = hours.clash()
    if clash is not None:
        raise HoursClash(*clash)
    now = now or clock.now()
    with changing(doctor=doctor, by_user=by_user, accepted=accepted, now=now) as change:
        before = change.before
        if before.token != version:
            raise HoursChanged(latest_revision(doctor, before))
        _refuse_new_modes(doctor, before, hours)
        if before.token == hours.token:
            return None
        today = today_of(doctor, now)
        _replace_windows(doctor, before, hours, today)
        _replace_days(doctor, hours, today)
        change.details = _what_changed(before, hours)
    return latest_revision(doctor, hours)


def undo_change(
    *,
    doctor: Doctor,
    by_user: User,
    revision_id: str,
    accepted: Collection[str] = (),
    now: datetime | None = None,
) -> AvailabilityRevision | None:
    """Bring back the hours that stood before the change `revision_id`, unless others came since.

    Raises AvailabilityRevision.DoesNotExist and what `save_hours` raises.
    """
    revision = AvailabilityRevision.objects.get(pk=revision_id, doctor=doctor)
    return save_hours(
        doctor=doctor,
        by_user=by_user,
        hours=hours_before(revision, today_of(doctor, now)),
        version=revision.after,
        accepted=accepted,
        now=now,
    )


def hours_before(revision: AvailabilityRevision, today: date) -> Hours:
    """The hours that stood before that change, as far as they still hold."""
    hours = hours_from_json(revision.before)
    return Hours(
        tuple(row for row in hours.weekly if (row.window.effective_until or date.max) >= today),
        tuple(row for row in hours.days if row.day >= today),
    )


def latest_revision(doctor: Doctor, hours: Hours | None = None) -> AvailabilityRevision | None:
    """The last change of the doctor's hours; with `hours` only when it led to exactly these."""
    found = AvailabilityRevision.objects.filter(doctor=doctor).select_related("saved_by").order_by("-saved_at").first()
    return found if found is not None and (hours is None or found.after == hours.token) else None


@contextmanager
def changing(
    *,
    doctor: Doctor,
    by_user: User,
    accepted: Collection[str] | None = (),
    now: datetime | None = None,
) -> Iterator[Change]:
    """One transaction around a change of hours, one at a time for each doctor; nothing is kept when it fails.

    `accepted` None accepts every visit that is left outside. Raises VisitsOutside and HoursClash (without the two,
    when the database refused). A change that leaves all as it was announces nothing.
    """
    now = now or clock.now()
    try:
        with transaction.atomic():
            # The booking's own lock: no visit slips in between what was looked at and what is saved.
            lock_doctor(doctor.pk)
            # Ended hours hold no more but would still be in the way of new ones without dates.
            DoctorAvailability.objects.filter(doctor=doctor, effective_until__lt=today_of(doctor, now)).delete()
            change = Change(read_hours(doctor, now=now))
            yield change
            after = change.after = read_hours(doctor, now=now)
            left = visits_left_outside(doctor=doctor, before=change.before, after=after, now=now)
            if accepted is not None and {visit.pk for visit in left} - set(accepted):
                raise VisitsOutside(left)
            if after.token != change.before.token:
                _keep(doctor, by_user, change, after)
    except IntegrityError as error:
        if not any(violated(error, name) for name in OVERLAPS):
            raise
        raise HoursClash from error


def _keep(doctor: Doctor, by_user: User, change: Change, after: Hours) -> None:
    AvailabilityRevision.objects.create(
        doctor=doctor, before=change.before.as_json(), after=after.token, saved_by=by_user
    )
    kept = AvailabilityRevision.objects.filter(doctor=doctor).order_by("-saved_at").values("pk")[:REVISIONS_KEPT]
    AvailabilityRevision.objects.filter(doctor=doctor).exclude(pk__in=kept).delete()
    if change.details:
        record(change.action, resource=("doctoravailability", doctor.pk), user=by_user, details=change.details)
    emit("availability.changed", doctor_id=doctor.pk)


def _windows(doctor: Doctor, today: date) -> list[DoctorAvailability]:
    still = Q(effective_until__isnull=True) | Q(effective_until__gte=today)
    return list(DoctorAvailability.objects.filter(still, doctor=doctor))


def _refuse_new_modes(doctor: Doctor, before: Hours, hours: Hours) -> None:
    """Hours of a kind that the doctor has stopped offering may stay; new ones may not come."""
    known = {row.mode for row in before.weekly} | {row.mode for row in before.days} | {"", *doctor.consultation_modes}
    for mode in [row.mode for row in hours.weekly] + [row.mode for row in hours.days]:
        if mode not in known:
            raise ModeNotOffered(mode)


def _replace_windows(doctor: Doctor, before: Hours, hours: Hours, today: date) -> None:
    """Rows that stay the same keep their ids; all that goes, goes before what comes, which may want its place."""
    wanted = Counter(hours.weekly)
    gone = []
    for row in _windows(doctor, today):
        (value,) = hours_of([row]).weekly
        if wanted[value]:
            wanted[value] -= 1
        else:
            gone.append(row.pk)
    DoctorAvailability.objects.filter(pk__in=gone).delete()
    DoctorAvailability.objects.bulk_create(
        DoctorAvailability(
            doctor=doctor,
            day_of_week=window.day_of_week,
            start_time=window.start,
            end_time=window.end,
            effective_from=window.effective_from,
            effective_until=window.effective_until,
            consultation_mode=mode,
            is_active=is_active,
        )
        for mode, window, is_active in wanted.elements()
    )


def _replace_days(doctor: Doctor, hours: Hours, today: date) -> None:
    wanted = Counter(hours.days)
    gone = []
    for row in AvailabilityException.objects.filter(doctor=doctor, date__gte=today):
        (value,) = hours_of((), [row]).days
        if wanted[value]:
            wanted[value] -= 1
        else:
            gone.append(row.pk)
    AvailabilityException.objects.filter(pk__in=gone).delete()
    AvailabilityException.objects.bulk_create(
        AvailabilityException(doctor=doctor, date=day, consultation_mode=mode, start_time=start, end_time=end)
        for day, mode, start, end in wanted.elements()
    )


def _what_changed(before: Hours, after: Hours) -> dict:
    old: Counter[WeeklyHours | DayHours] = Counter(before.sorted.weekly)
    old.update(before.sorted.days)
    new: Counter[WeeklyHours | DayHours] = Counter(after.sorted.weekly)
    new.update(after.sorted.days)
    added, removed = list((new - old).elements()), list((old - new).elements())
    return {
        "added": [_plainly(row) for row in added[:NAMED_IN_THE_TRAIL]],
        "removed": [_plainly(row) for row in removed[:NAMED_IN_THE_TRAIL]],
        "added_count": len(added),
        "removed_count": len(removed),
    }


def _plainly(row: WeeklyHours | DayHours) -> dict:
    if isinstance(row, WeeklyHours):
        return Hours(weekly=(row,)).as_json()["weekly"][0]
    return Hours(days=(row,)).as_json()["days"][0]
