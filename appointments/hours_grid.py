"""A week of hours laid out for the page, at one moment of the future: no query, no HTML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import ConsultationMode, Doctor
from appointments.doctor_week import ROW_MINUTES
from appointments.hours import Hours, WeeklyHours, minutes_of
from appointments.models.availability import Weekday

WEEK_FROM_MONDAY = [*Weekday.choices[1:], Weekday.choices[0]]
# Shown even where nothing is offered.
FIRST_HOUR, LAST_HOUR = 7, 19


@dataclass(frozen=True, slots=True)
class Block:
    hours: WeeklyHours
    row: int
    rows: int
    lane: int
    pk: str = ""

    @property
    def label(self) -> str:
        return str(dict(ConsultationMode.choices)[self.hours.mode])


@dataclass(slots=True)
class GridDay:
    number: int
    name: str
    short: str
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch in which the week stays the same, from `first` on."""

    first: date
    label: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Grid:
    days: list[GridDay]
    hours: list[tuple[str, int]]
    rows: int
    first_hour: int
    last_hour: int
    periods: list[Period]
    shown: date


def lay_out(hours: Hours, *, doctor: Doctor, today: date, on: date | None, ids: Mapping) -> Grid:
    """The week as it is in the period that `on` lies in (today's otherwise); `ids` names the rows that are saved."""
    starts = [today, *(point for point in hours.turning_points() if point > today)]
    shown = max((start for start in starts if on is not None and start <= on), default=today)
    modes = lanes_of(doctor, hours)
    visible = [row for row in hours.weekly if _holds_then(row, shown)]
    spans = [minutes_of(row.window.start, row.window.end) for row in visible]
    first_hour = min([FIRST_HOUR, *(start // 60 for start, _end in spans)])
    last_hour = max([LAST_HOUR, *(-(-end // 60) for _start, end in spans)])
    # Any week has a Monday; this one names the days.
    days = {
        number: GridDay(number, str(name), date_format(date(2024, 1, 1) + timedelta(days=(number - 1) % 7), "D"))
        for number, name in WEEK_FROM_MONDAY
    }
    for row in sorted(visible, key=lambda row: (row.window.start, row.mode)):
        start, end = minutes_of(row.window.start, row.window.end)
        top = (start - first_hour * 60) // ROW_MINUTES
        bottom = -(-(end - first_hour * 60) // ROW_MINUTES)
        block = Block(row, top, max(1, bottom - top), modes.index(row.mode) + 1, ids.get(row, ""))
        days[row.window.day_of_week].blocks.append(block)
    return Grid(
        days=list(days.values()),
        hours=[(f"{hour:02d}:00", (hour - first_hour) * 60 // ROW_MINUTES) for hour in range(first_hour, last_hour)],
        rows=(last_hour - first_hour) * 60 // ROW_MINUTES,
        first_hour=first_hour,
        last_hour=last_hour,
        periods=[Period(start, _period(start, today), start == shown) for start in starts],
        shown=shown,
    )


def lanes_of(doctor: Doctor, hours: Hours) -> list[str]:
    """The kinds of visit that need a lane: those offered, and those that still have hours."""
    used = {row.mode for row in hours.weekly} | set(doctor.consultation_modes)
    return [mode for mode in ConsultationMode.values if mode in used]


def _holds_then(row: WeeklyHours, day: date) -> bool:
    window = row.window
    return (window.effective_from or date.min) <= day <= (window.effective_until or date.max)


def _period(start: date, today: date) -> str:
    if start == today:
        return _("Now")
    return _("From %(date)s") % {"date": date_format(start, "j M" if start.year == today.year else "j M Y")}
