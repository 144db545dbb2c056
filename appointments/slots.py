"""Free times: the only computation of them, used by the page, by the booking's re-check and by the projections.

The grid of a window is its start plus n times (length of a visit + buffer), in the wall clock of the clinic's zone. The
buffer widens the step so that any two neighbours can both be booked; a narrower grid would offer times that the
previous visit's buffer then swallows, and waste almost a whole visit after each one. A visit lies wholly within its
window; its buffer may reach beyond the window and into time off, but never into another visit, which is the rule that
the database's exclusion constraint keeps.

A window holds on the dates from its first to its last; on a date that has exceptions for a kind of visit, those hours
alone hold for it, or none when it is closed. Both are dates of the clinic's calendar, looked at day by day.

Daylight saving: a wall time that does not exist is skipped, one that happens twice is offered once (the first), and
what an hour's jump would make overlap in absolute time is dropped. A hold past its end counts as free.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from accounts.models import Doctor
from appointments.hours import DayHours, Hours, WeeklyHours, Window
from clinics.models import Clinic
from clinics.policy_settings import ClinicSettings
from precta import clock

# No visit with its buffer is longer: it bounds how far back a running one is looked for.
LONGEST_VISIT = timedelta(days=1)


class Slot(NamedTuple):
    """One time of the grid: `starts_at` in UTC, `local` the same moment in the clinic's zone, both aware."""

    starts_at: datetime
    local: datetime
    mode: str
    is_free: bool = True


Interval = tuple[datetime, datetime]
SlotsByDay = dict[date, list[Slot]]


class WrongSchemaError(RuntimeError):
    """Slots of one clinic were asked for while another schema was active."""


def compute_slots(
    windows: Iterable[Window],
    busy: Iterable[Interval],
    time_off: Iterable[Interval],
    *,
    mode: str,
    tz: ZoneInfo,
    duration_minutes: int,
    buffer_minutes: int,
    first_day: date,
    days: int,
    not_before: datetime,
    last_day: date,
    include_taken: bool = False,
    exceptions: Mapping[date, Iterable[Window]] | None = None,
) -> SlotsByDay:
    """The slots of `days` days from `first_day` (dates in `tz`), each day's in order; pure, asks no database.

    A day that is a key of `exceptions` has the windows that stand there instead of the weekly ones.

    `busy` are visits with their buffers, `time_off` absences (aware, half-open). `not_before` is the earliest start,
    `last_day` the last day of the horizon. Every day asked for is a key. `include_taken` keeps, with `is_free` False,
    the times of the grid that a visit or an absence covers; those before `not_before` never appear.
    """
    visit = timedelta(minutes=duration_minutes)
    step = visit + timedelta(minutes=buffer_minutes)
    by_weekday: dict[int, list[Window]] = defaultdict(list)
    for window in sorted(windows, key=lambda w: (w.day_of_week, w.start)):
        by_weekday[window.day_of_week].append(window)
    visits, absences = _Intervals(busy), _Intervals(time_off)
    exceptions = exceptions or {}
    result: SlotsByDay = {}
    for number in range(days):
        day = first_day + timedelta(days=number)
        slots = result[day] = []
        if day > last_day or day > date.max - timedelta(days=2):
            continue
        differs = exceptions.get(day)
        windows_of_day = by_weekday.get(day.isoweekday() % 7, ()) if differs is None else sorted(differs)
        for window in windows_of_day:
            if differs is None and not window.holds_on(day):
                continue
            for starts_at, local in _grid(window, day, tz, visit, step):
                if starts_at < not_before:
                    continue
                is_free = not (visits.meet(starts_at, starts_at + step) or absences.meet(starts_at, starts_at + visit))
                if is_free or include_taken:
                    slots.append(Slot(starts_at, local, mode, is_free))
    return result


def free_slots(
    *,
    doctor: Doctor,
    clinic: Clinic,
    mode: str,
    first_day: date,
    days: int,
    now: datetime | None = None,
    include_taken: bool = False,
    moving: str | None = None,
    within_lead: bool = False,
) -> SlotsByDay:
    """The times that `doctor` offers for `mode` from `first_day` (a date in the clinic's zone) over `days` days.

    Runs in the clinic's schema (`WrongSchemaError` otherwise), one statement. `now` is aware. `moving` is the id of
    a visit that is to give its own time back, so it is in nobody's way. `within_lead` offers times that are nearer than
    the clinic's lead time as well, as its own desk may; never past ones.
    """
    by_mode = free_slots_over(
        doctor=doctor,
        clinic=clinic,
        modes=[mode],
        first_day=first_day,
        days=days,
        now=now,
        include_taken=include_taken,
        moving=moving,
        within_lead=within_lead,
    )
    return by_mode[mode]


def free_slots_over(
    *,
    doctor: Doctor,
    clinic: Clinic,
    modes: Collection[str],
    first_day: date,
    days: int,
    now: datetime | None = None,
    include_taken: bool = False,
    moving: str | None = None,
    hours: Hours | None = None,
    last_day: date | None = None,
    within_lead: bool = False,
) -> dict[str, SlotsByDay]:
    """`free_slots` for several kinds of visit in the same one statement: mode → day → slots.

    `hours` and `last_day` are for looking ahead: hours that are not saved yet, and days beyond the clinic's horizon.
    """
    by_doctor = free_slots_of_doctors(
        doctors=[doctor],
        clinic=clinic,
        modes=modes,
        first_day=first_day,
        days=days,
        now=now,
        include_taken=include_taken,
        moving=moving,
        hours={doctor.pk: hours} if hours is not None else None,
        last_day=last_day,
        within_lead=within_lead,
    )
    return by_doctor[doctor.pk]


def free_slots_of_doctors(
    *,
    doctors: Collection[Doctor],
    clinic: Clinic,
    modes: Collection[str],
    first_day: date,
    days: int,
    now: datetime | None = None,
    include_taken: bool = False,
    moving: str | None = None,
    hours: Mapping[str, Hours] | None = None,
    last_day: date | None = None,
    within_lead: bool = False,
) -> dict[str, dict[str, SlotsByDay]]:
    """`free_slots_over` for several doctors of one clinic, still one statement: doctor's id → mode → day → slots.

    A kind of visit that a doctor does not offer has no slots. `hours` (doctor's id → hours) stand for those that are
    saved; `last_day` stands for the last of the clinic's horizon.
    """
    if connection.schema_name != clinic.schema_name:
        raise WrongSchemaError(f"slots of {clinic.schema_name} asked for in {connection.schema_name}")
    now = now or clock.now()
    policy = clinic.policy
    tz = policy.tz
    not_before = now if within_lead else earliest_start(policy, now)
    last_day = last_day or last_bookable_day(policy, now)
    found, time_off, busy = _read(
        ids=[doctor.pk for doctor in doctors],
        modes=list(modes),
        first_day=first_day,
        end_day=first_day + timedelta(days=days),
        start=_day_start(first_day, tz),
        end=_day_start(first_day + timedelta(days=days), tz),
        now=now,
        moving=moving or "",
    )
    if hours is not None:
        found |= hours
    return {
        doctor.pk: {
            mode: compute_slots(
                found[doctor.pk].windows(mode) if mode in doctor.consultation_modes else (),
                busy[doctor.pk],
                time_off[doctor.pk],
                mode=mode,
                tz=tz,
                duration_minutes=doctor.consultation_duration_minutes,
                buffer_minutes=policy.buffer_minutes,
                first_day=first_day,
                days=days,
                not_before=not_before,
                last_day=last_day,
                include_taken=include_taken,
                exceptions=found[doctor.pk].exceptions(mode) if mode in doctor.consultation_modes else None,
            )
            for mode in modes
        }
        for doctor in doctors
    }


def earliest_start(policy: ClinicSettings, now: datetime) -> datetime:
    """The first moment (UTC) that the clinic's lead time lets a patient book."""
    return now + policy.lead_time


def last_bookable_day(policy: ClinicSettings, now: datetime) -> date:
    """The last day of the horizon, a date in the clinic's zone; with a horizon of 0 it is today."""
    return now.astimezone(policy.tz).date() + timedelta(days=policy.horizon_days)


def _grid(
    window: Window, day: date, tz: ZoneInfo, visit: timedelta, step: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """(UTC, local) of each start that `window` has on `day`."""
    wall = datetime.combine(day, window.start)
    end = datetime.combine(day if window.end != time.min else day + timedelta(days=1), window.end)
    midnight = datetime.combine(day, time.min)
    offset = tz.utcoffset(midnight)
    if offset == tz.utcoffset(midnight + timedelta(days=1)):
        # No jump today: plain arithmetic, some ten times quicker than asking the zone for each slot.
        while wall + visit <= end:
            yield (wall - offset).replace(tzinfo=UTC), wall.replace(tzinfo=tz)  # type: ignore[operator]
            wall += step
        return
    absolute_end = _absolute_end(end, tz)
    free_from = datetime.min.replace(tzinfo=UTC)
    while wall + visit <= end:
        local = wall.replace(tzinfo=tz)
        starts_at = local.astimezone(UTC)
        exists = starts_at.astimezone(tz).replace(tzinfo=None) == wall
        if exists and starts_at >= free_from and starts_at + visit <= absolute_end:
            yield starts_at, local
            free_from = starts_at + step
        wall += step


def _absolute_end(wall: datetime, tz: ZoneInfo) -> datetime:
    """The moment (UTC) at which the clock passes `wall`: for a time that is skipped, the moment of the jump."""
    moment = wall.replace(tzinfo=tz).astimezone(UTC)
    shown = moment.astimezone(tz).replace(tzinfo=None)
    if shown == wall:
        return moment
    before, after = moment - timedelta(hours=3), moment
    while after - before > timedelta(seconds=1):  # halves three hours to the second in 14 steps
        middle = before + (after - before) / 2
        if middle.astimezone(tz).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _day_start(day: date, tz: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=tz).astimezone(UTC)


# One statement for all four: this is read by every page of slots, by every booking and by every projection, and
# three more round trips through the ORM cost several times the computation itself.
READ = """
SELECT doctor_id, 'window', consultation_mode, day_of_week, start_time, end_time, effective_from, effective_until,
       NULL::timestamptz, NULL::timestamptz
  FROM appointments_doctoravailability
 WHERE doctor_id = ANY(%(ids)s) AND consultation_mode = ANY(%(modes)s) AND is_active
   AND (effective_from IS NULL OR effective_from < %(end_day)s)
   AND (effective_until IS NULL OR effective_until >= %(first_day)s)
UNION ALL
SELECT doctor_id, 'day', consultation_mode, NULL, start_time, end_time, date, NULL, NULL, NULL
  FROM appointments_availabilityexception
 WHERE doctor_id = ANY(%(ids)s) AND date >= %(first_day)s AND date < %(end_day)s
UNION ALL
SELECT doctor_id, 'off', NULL, NULL, NULL, NULL, NULL, NULL, starts_at, ends_at
  FROM appointments_timeoff
 WHERE doctor_id = ANY(%(ids)s) AND ends_at > %(start)s AND starts_at < %(end)s
UNION ALL
SELECT doctor_id, 'busy', NULL, NULL, NULL, NULL, NULL, NULL, scheduled_at, busy_until
  FROM appointments_appointment
 WHERE doctor_id = ANY(%(ids)s) AND scheduled_at > %(earliest)s AND scheduled_at < %(end)s
   AND status <> 'cancelled' AND NOT (status = 'pending_payment' AND hold_expires_at <= %(now)s)
   AND id <> %(moving)s
"""


def _read(
    *,
    ids: list[str],
    modes: list[str],
    first_day: date,
    end_day: date,
    start: datetime,
    end: datetime,
    now: datetime,
    moving: str,
) -> tuple[dict[str, Hours], dict[str, list[Interval]], dict[str, list[Interval]]]:
    """Hours by doctor, as far as these days and kinds of visit need them, times off, live visits with their buffers."""
    weekly: dict[str, list[WeeklyHours]] = defaultdict(list)
    differing: dict[str, list[DayHours]] = defaultdict(list)
    time_off: dict[str, list[Interval]] = defaultdict(list)
    busy: dict[str, list[Interval]] = defaultdict(list)
    # The last slot of the last day and its buffer may reach beyond midnight.
    bounds = {"start": start, "end": end + LONGEST_VISIT, "earliest": start - LONGEST_VISIT, "now": now}
    days = {"first_day": first_day, "end_day": end_day}
    with connection.cursor() as cursor:
        cursor.execute(READ, {"ids": ids, "modes": modes, "moving": moving, **bounds, **days})
        for doctor_id, what, mode, weekday, opens, closes, first, last, begins, ends in cursor.fetchall():
            if what == "window":
                weekly[doctor_id].append(WeeklyHours(mode, Window(weekday, opens, closes, first, last)))
            elif what == "day":
                differing[doctor_id].append(DayHours(first, mode, opens, closes))
            else:
                (time_off if what == "off" else busy)[doctor_id].append((begins, ends))
    return {pk: Hours(tuple(weekly[pk]), tuple(differing[pk])) for pk in ids}, time_off, busy


class _Intervals:
    """Half-open intervals merged into disjoint ones, so that one bisection answers whether any is met."""

    def __init__(self, intervals: Iterable[Interval]) -> None:
        self.starts: list[datetime] = []
        self.ends: list[datetime] = []
        for start, end in sorted(intervals):
            if self.ends and start <= self.ends[-1]:
                self.ends[-1] = max(self.ends[-1], end)
            else:
                self.starts.append(start)
                self.ends.append(end)

    def meet(self, start: datetime, end: datetime) -> bool:
        last = bisect_left(self.starts, end) - 1
        return last >= 0 and self.ends[last] > start
