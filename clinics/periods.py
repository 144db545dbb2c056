"""The stretch of days that figures are about, and how they are put together: by day, week or month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.utils import formats
from django.utils.translation import gettext_lazy as _

PRESETS = {
    "7d": (7, _("7 days")),
    "30d": (30, _("30 days")),
    "90d": (90, _("90 days")),
    "12m": (365, _("12 months")),
}
DEFAULT = "30d"
UNITS = {"day": _("By day"), "week": _("By week"), "month": _("By month")}
LONGEST = 731
# A bar for each day of more than this many is a hedge, not a chart.
MOST_DAYS = 92


@dataclass(frozen=True, slots=True)
class Period:
    """Both days are included; dates of the zone that the figures are told in. `unit` is day, week or month."""

    first: date
    last: date
    unit: str
    preset: str = ""

    @classmethod
    def read(cls, asked: Mapping[str, str], *, today: date) -> "Period":
        """From a query string: `range` (a key of PRESETS), or `from` and `to`, and `by`. What makes no sense is as if
        it had not been asked; a stretch of over two years begins later."""
        first, last, preset = _day(asked.get("from")), _day(asked.get("to")), ""
        if first is None or last is None or first > last or last > today + timedelta(days=LONGEST):
            preset = asked.get("range", "")
            preset = preset if preset in PRESETS else DEFAULT
            first, last = today - timedelta(days=PRESETS[preset][0] - 1), today
        first = max(first, last - timedelta(days=LONGEST - 1))
        return cls(first, last, unit_for(first, last, asked.get("by", "")), preset)

    def start_of(self, day: date) -> date:
        """The first day of the day's, week's (Monday) or month's bucket."""
        if self.unit == "week":
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self.unit == "month" else day

    @property
    def buckets(self) -> list[date]:
        """The starts of all buckets in order, those that nothing fell into included."""
        starts: list[date] = []
        day = self.first
        while day <= self.last:
            start = self.start_of(day)
            if not starts or starts[-1] != start:
                starts.append(start)
            day += timedelta(days=1)
        return starts

    def label(self, start: date) -> str:
        return formats.date_format(start, "M Y" if self.unit == "month" else "j M")

    @property
    def query(self) -> str:
        """The address's part that asks for the same again."""
        asked = {"range": self.preset} if self.preset else {"from": f"{self.first}", "to": f"{self.last}"}
        return urlencode({**asked, "by": self.unit})


def unit_for(first: date, last: date, asked: str = "") -> str:
    """How the days from `first` to `last` are put together: as `asked`, where that is a unit and no hedge."""
    days = (last - first).days + 1
    if asked in UNITS and not (asked == "day" and days > MOST_DAYS):
        return asked
    return "day" if days <= 31 else "week" if days <= 190 else "month"


def _day(value: str | None) -> date | None:
    try:
        day = date.fromisoformat(value or "")
    except ValueError:
        return None
    return day if date(2020, 1, 1) <= day <= date(2100, 1, 1) else None
