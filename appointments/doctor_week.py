"""A doctor's week laid out on the clinic's wall clock, ready to draw: no query, no HTML.

The grid counts in rows of five minutes; `static/css/week.css` has a class for each row (`t0`…`t287`) and each length
(`n1`…`n288`), because the content security policy allows no inline style.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

from appointments.hours import DAY, minutes_of
from appointments.models import Appointment, AvailabilityException, DoctorAvailability, TimeOff
from appointments.services.hours import hours_of
from appointments.wall_clock import day_bounds

ROW_MINUTES = 5
ROWS_OF_DAY = DAY // ROW_MINUTES
# Shown even where nothing is booked or offered.
USUAL_FIRST_HOUR, USUAL_LAST_HOUR = 8, 17


@dataclass(slots=True)
class Block:
    """A stretch of one day: minutes of the wall clock, and what it stands for."""

    start: int
    end: int
    subject: Appointment | DoctorAvailability | AvailabilityException | TimeOff
    label: str = ""
    lane: str = ""
    row: int = 0
    rows: int = 1


@dataclass(slots=True)
class Day:
    day: date
    is_today: bool
    windows: list[Block] = field(default_factory=list)
    absences: list[Block] = field(default_factory=list)
    visits: list[Block] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.windows or self.absences or self.visits)


@dataclass(frozen=True, slots=True)
class Hour:
    label: str
    row: int


@dataclass(frozen=True, slots=True)
class Week:
    days: list[Day]
    hours: list[Hour]


def lay_out(
    monday: date,
    *,
    today: date,
    tz: tzinfo,
    visits: Iterable[Appointment],
    windows: Sequence[DoctorAvailability],
    absences: Sequence[TimeOff],
    exceptions: Sequence[AvailabilityException] = (),
) -> Week:
    """Everything at the place where the clock on the wall shows it.

    In the hour that a change of clocks repeats, the second of two visits at the same wall time stands in a lane of its
    own; its label then names the zone's abbreviation, so that the two are told apart.
    """
    days = [_day(monday + timedelta(days=n), today, tz, windows, absences, exceptions) for n in range(7)]
    by_date = {day.day: day for day in days}
    for visit in visits:
        local = visit.scheduled_at.astimezone(tz)
        if local.date() in by_date:
            _place(by_date[local.date()].visits, visit, local)
    blocks = [block for day in days for block in (*day.windows, *day.visits)]
    first_hour = min([USUAL_FIRST_HOUR, *(block.start // 60 for block in blocks)])
    last_hour = max([USUAL_LAST_HOUR, *(-(-block.end // 60) for block in blocks)])
    for day in days:
        day.absences = [block for block in day.absences if _clip(block, first_hour * 60, last_hour * 60)]
        for block in (*day.windows, *day.absences, *day.visits):
            _set_rows(block, first_hour * 60)
    hours = [Hour(f"{hour:02d}:00", (hour - first_hour) * 60 // ROW_MINUTES) for hour in range(first_hour, last_hour)]
    return Week(days=days, hours=hours)


def _day(
    day: date,
    today: date,
    tz: tzinfo,
    windows: Sequence[DoctorAvailability],
    absences: Sequence[TimeOff],
    exceptions: Sequence[AvailabilityException],
) -> Day:
    result = Day(day=day, is_today=day == today)
    differing = [entry for entry in exceptions if entry.date == day]
    modes = {entry.consultation_mode for entry in differing}
    for window in windows:
        (hours,) = hours_of([window]).weekly
        if window.is_active and hours.window.holds_on(day) and not modes & {"", hours.mode}:
            result.windows.append(Block(*minutes_of(window.start_time, window.end_time), subject=window))
    for entry in differing:
        if entry.start_time is not None and entry.end_time is not None:
            result.windows.append(Block(*minutes_of(entry.start_time, entry.end_time), subject=entry))
    starts_at, ends_at = day_bounds(day, 1, tz)
    for absence in absences:
        if absence.starts_at < ends_at and absence.ends_at > starts_at:
            start = _minute(absence.starts_at, tz) if absence.starts_at > starts_at else 0
            end = _minute(absence.ends_at, tz) if absence.ends_at < ends_at else DAY
            label = "" if (start, end) == (0, DAY) else f"{_clock(start)}–{_clock(end)}"
            result.absences.append(Block(start, max(end, start + 1), subject=absence, label=label))
    return result


def _place(blocks: list[Block], visit: Appointment, local: datetime) -> None:
    start = local.hour * 60 + local.minute
    end = min(start + visit.duration_minutes, DAY)
    happens_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    label = f"{local:%H:%M %Z}" if happens_twice else f"{local:%H:%M}"
    crowding = [block for block in blocks if block.start < end and start < block.end]
    for block in crowding:
        block.lane = "first"
    blocks.append(Block(start, end, subject=visit, label=label, lane="second" if crowding else ""))


def _minute(moment: datetime, tz: tzinfo) -> int:
    local = moment.astimezone(tz)
    return local.hour * 60 + local.minute


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _clip(block: Block, first: int, last: int) -> bool:
    block.start, block.end = max(block.start, first), min(block.end, last)
    return block.start < block.end


def _set_rows(block: Block, first_minute: int) -> None:
    block.row = (block.start - first_minute) // ROW_MINUTES
    block.rows = max(1, -(-(block.end - first_minute) // ROW_MINUTES) - block.row)
