"""The typed reader of `Clinic.operating_hours`: the week of a clinic on its own wall clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

DAYS = 7
DAY_NAMES = (
    _("Sunday"),
    _("Monday"),
    _("Tuesday"),
    _("Wednesday"),
    _("Thursday"),
    _("Friday"),
    _("Saturday"),
)
MIDNIGHT = time(0)


class Hours(NamedTuple):
    """Open from `start` until `end`; an end of 00:00 is the end of the day."""

    start: time
    end: time

    def __str__(self) -> str:
        end = "24:00" if self.end == MIDNIGHT else f"{self.end:%H:%M}"
        return f"{self.start:%H:%M}–{end}"

    def contains(self, clock: time) -> bool:
        return self.start <= clock and (clock < self.end or self.end == MIDNIGHT)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """`week[0]` is Sunday; a day without hours is closed. `given` is False when the clinic stated nothing usable."""

    week: tuple[tuple[Hours, ...], ...]

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> "OpeningHours":
        """From the stored form `{"1": [["08:00", "17:00"]]}`; what cannot be understood is left out."""
        stored = stored if isinstance(stored, Mapping) else {}
        return cls(tuple(tuple(sorted(_hours_of(stored.get(str(day))))) for day in range(DAYS)))

    @property
    def given(self) -> bool:
        return any(self.week)

    def on(self, day: date) -> tuple[Hours, ...]:
        return self.week[day.isoweekday() % DAYS]

    def is_open(self, local: datetime) -> bool:
        """Whether the doors are open at `local` (in the clinic's zone)."""
        return self.closes(local) is not None

    def closes(self, local: datetime) -> time | None:
        """When the doors that are open at `local` close; None when they are closed."""
        return next((hours.end for hours in self.on(local.date()) if hours.contains(local.time())), None)

    def opens(self, local: datetime) -> tuple[date, time] | None:
        """The next opening after `local` within a week."""
        for ahead in range(DAYS + 1):
            day = local.date() + timedelta(days=ahead)
            for hours in self.on(day):
                if ahead or hours.start > local.time():
                    return day, hours.start
        return None


def _hours_of(stored: Any) -> list[Hours]:
    found = []
    for pair in stored if isinstance(stored, list) else ():
        try:
            start, end = (time.fromisoformat(text) for text in pair)
        except (TypeError, ValueError):
            continue
        if start < end or end == MIDNIGHT:
            found.append(Hours(start, end))
    return found
