"""A doctor's hours as plain values: the weekly windows with their dates, and the days that differ.

What the slots, the warnings and the editor reckon with; no query. Days and times are the clinic's wall clock; both
ends of a range of dates count.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cached_property
from typing import Any, NamedTuple

DAY = 24 * 60


def minutes_of(start: time, end: time) -> tuple[int, int]:
    """A window as minutes of the day; an end of 00:00 is minute 1440."""
    ends = end.hour * 60 + end.minute
    return start.hour * 60 + start.minute, ends or DAY


def weekday_of(day: date) -> int:
    """0 is Sunday, as the data model counts."""
    return day.isoweekday() % 7


class Window(NamedTuple):
    """Hours of one weekday (0 is Sunday), `end` 00:00 the end of the day; a missing date is open."""

    day_of_week: int
    start: time
    end: time
    effective_from: date | None = None
    effective_until: date | None = None

    def holds_on(self, day: date) -> bool:
        return (
            self.day_of_week == weekday_of(day)
            and (self.effective_from is None or self.effective_from <= day)
            and (self.effective_until is None or day <= self.effective_until)
        )


class WeeklyHours(NamedTuple):
    """A window with what it is for; a resting one (`is_active` False) is kept but offers nothing."""

    mode: str
    window: Window
    is_active: bool = True


class DayHours(NamedTuple):
    """What holds on `day` instead of the weekly hours of `mode` ("" = of every kind); without times it is closed."""

    day: date
    mode: str = ""
    start: time | None = None
    end: time | None = None


@dataclass(frozen=True)
class Hours:
    """All hours of one doctor. `keys` are those of the rows that they were read from, no part of what they say."""

    weekly: tuple[WeeklyHours, ...] = ()
    days: tuple[DayHours, ...] = ()
    keys: Mapping[WeeklyHours | DayHours, str] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def sorted(self) -> "Hours":
        return Hours(tuple(sorted(self.weekly, key=repr)), tuple(sorted(self.days, key=repr)))

    @cached_property
    def token(self) -> str:
        """Names exactly this content: two sets of hours with the same token are the same hours."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()[:32]

    def windows(self, mode: str) -> list[Window]:
        """The windows of `mode` that patients can book, exceptions left aside."""
        return [hours.window for hours in self.weekly if hours.is_active and hours.mode == mode]

    def exceptions(self, mode: str) -> dict[date, list[Window]]:
        """Day → the hours that hold on it instead of the weekly ones; an empty list is a closed day."""
        found: dict[date, list[Window]] = defaultdict(list)
        for entry in self.days:
            if entry.mode in ("", mode):
                windows = found[entry.day]
                if entry.start is not None and entry.end is not None:
                    windows.append(Window(weekday_of(entry.day), entry.start, entry.end))
        return dict(found)

    def on(self, day: date, mode: str) -> list[Window]:
        """The hours of `mode` on one day, in order."""
        exceptions = self.exceptions(mode)
        windows = exceptions[day] if day in exceptions else [w for w in self.windows(mode) if w.holds_on(day)]
        return sorted(windows)

    def cover(self, moment: datetime, minutes: int, mode: str, tz: tzinfo) -> bool:
        """Whether a visit at `moment` (aware) lies wholly within one window, by the clock on the clinic's wall."""
        local = moment.astimezone(tz)
        start = local.hour * 60 + local.minute
        for window in self.on(local.date(), mode):
            opens, closes = minutes_of(window.start, window.end)
            if opens <= start and start + minutes <= closes:
                return True
        return False

    def clash(self) -> tuple[WeeklyHours, WeeklyHours] | tuple[DayHours, DayHours] | None:
        """Two entries that cannot both stand, as the database will have it; None when all can."""
        groups: dict[tuple[int, str], list[WeeklyHours]] = defaultdict(list)
        for hours in self.weekly:
            if hours.is_active:
                groups[hours.window.day_of_week, hours.mode].append(hours)
        for group in groups.values():
            for number, one in enumerate(group):
                for other in group[number + 1 :]:
                    if _windows_meet(one.window, other.window):
                        return one, other
        by_day: dict[date, list[DayHours]] = defaultdict(list)
        for entry in self.days:
            by_day[entry.day].append(entry)
        for entries in by_day.values():
            for number, entry in enumerate(entries):
                for another in entries[number + 1 :]:
                    if _days_meet(entry, another):
                        return entry, another
        return None

    def turning_points(self) -> list[date]:
        """The days on which the weekly hours begin to be others, in order."""
        points = set()
        for hours in self.weekly:
            if hours.window.effective_from is not None:
                points.add(hours.window.effective_from)
            if hours.window.effective_until is not None and hours.window.effective_until < date.max:
                points.add(hours.window.effective_until + timedelta(days=1))
        return sorted(points)

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """In the order of the week, so that equal hours are written alike."""
        return {
            "weekly": [
                {
                    "day": window.day_of_week,
                    "start": f"{window.start:%H:%M}",
                    "end": f"{window.end:%H:%M}",
                    "mode": mode,
                    "from": window.effective_from.isoformat() if window.effective_from else "",
                    "until": window.effective_until.isoformat() if window.effective_until else "",
                    "active": is_active,
                }
                for mode, window, is_active in self.sorted.weekly
            ],
            "days": [
                {
                    "date": day.isoformat(),
                    "mode": mode,
                    "start": f"{start:%H:%M}" if start is not None else "",
                    "end": f"{end:%H:%M}" if end is not None else "",
                }
                for day, mode, start, end in self.sorted.days
            ],
        }


def hours_from_json(data: dict[str, list[dict[str, Any]]]) -> Hours:
    """The inverse of `as_json`, for what we have written ourselves."""
    return Hours(
        tuple(
            WeeklyHours(
                row["mode"],
                Window(
                    row["day"],
                    time.fromisoformat(row["start"]),
                    time.fromisoformat(row["end"]),
                    date.fromisoformat(row["from"]) if row["from"] else None,
                    date.fromisoformat(row["until"]) if row["until"] else None,
                ),
                row["active"],
            )
            for row in data["weekly"]
        ),
        tuple(
            DayHours(
                date.fromisoformat(row["date"]),
                row["mode"],
                time.fromisoformat(row["start"]) if row["start"] else None,
                time.fromisoformat(row["end"]) if row["end"] else None,
            )
            for row in data["days"]
        ),
    )


def _windows_meet(one: Window, other: Window) -> bool:
    return _meet(minutes_of(one.start, one.end), minutes_of(other.start, other.end)) and (
        (one.effective_from or date.min) <= (other.effective_until or date.max)
        and (other.effective_from or date.min) <= (one.effective_until or date.max)
    )


def _days_meet(one: DayHours, other: DayHours) -> bool:
    if one.mode and other.mode and one.mode != other.mode:
        return False
    return _meet(_minutes_of_entry(one), _minutes_of_entry(other))


def _minutes_of_entry(entry: DayHours) -> tuple[int, int]:
    """A closed day leaves no room for anything else."""
    return minutes_of(entry.start, entry.end) if entry.start is not None and entry.end is not None else (0, DAY)


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
