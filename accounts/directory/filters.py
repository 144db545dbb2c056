"""What may be asked of the directory. Whatever makes no sense is as if it had not been asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from accounts import languages, specialties
from accounts.directory.words import typed, wanted
from accounts.models import ConsultationMode

SORTS = ("soonest", "rating", "fee")
RELATIVE_DAYS = ("today", "tomorrow", "week")
# In the clinics' currency, 0 for visits free of charge; a free figure in the address is respected too.
FEES = (0, 500, 1000, 1500, 2000, 3000, 5000)
HIGHEST_FEE = 10_000_000
LAST_PAGE = 50
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_HAS_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a list of doctors. An empty string, None or 1 (page) means: not asked."""

    specialty: str = ""
    q: str = ""
    city: str = ""
    language: str = ""
    mode: str = ""
    max_fee: int | None = None
    available: str = ""
    sort: str = ""
    page: int = 1

    @classmethod
    def read(cls, asked: Mapping[str, str], *, today: date) -> "Filters":
        """From a query string. `today` bounds the days that can be asked for (a date long past is ignored)."""
        return cls(
            specialty=_one_of(asked.get("specialty"), specialties.BY_SLUG),
            q=typed(asked.get("q") or ""),
            city=_city(asked.get("city") or ""),
            language=_one_of(asked.get("language"), languages.NAMES),
            mode=_one_of(asked.get("mode"), ConsultationMode.values),
            max_fee=_number(asked.get("max_fee"), HIGHEST_FEE),
            available=_available(asked.get("available") or "", today),
            sort=_one_of(asked.get("sort"), SORTS),
            page=_number(asked.get("page"), LAST_PAGE) or 1,
        )

    @property
    def words(self) -> tuple[str, ...]:
        """The words of `q` that are looked for."""
        return wanted(self.q)

    @property
    def narrows(self) -> bool:
        """Whether anything but the order and the page is asked for."""
        return self.without("sort") != Filters()

    def without(self, *names: str) -> "Filters":
        """The same question with some filters dropped, from the first page on."""
        bare = Filters()
        return replace(self, page=1, **{name: getattr(bare, name) for name in names})

    def having(self, **changed: Any) -> "Filters":
        """The same question with some filters set, from the first page on unless the page is what is set."""
        return replace(self, **{"page": 1, **changed})

    @property
    def query_string(self) -> str:
        """`?city=Nairobi&page=2`, or nothing; filters always in the same order, so that addresses can be compared."""
        return _query_string(self.asked)

    @property
    def canonical_query_string(self) -> str:
        """The part by which search engines should know the page."""
        kept = ("specialty", "city", "language", "mode", "page")
        return _query_string({name: value for name, value in self.asked.items() if name in kept})

    @property
    def asked(self) -> dict[str, str]:
        """The filters that are set, as they stand in an address."""
        values = {
            "specialty": self.specialty,
            "q": self.q,
            "city": self.city,
            "language": self.language,
            "mode": self.mode,
            "max_fee": "" if self.max_fee is None else str(self.max_fee),
            "available": self.available,
            "sort": self.sort,
            "page": str(self.page) if self.page > 1 else "",
        }
        return {name: value for name, value in values.items() if value}

    def days(self, now: datetime, zone: ZoneInfo) -> list[date]:
        """The days asked for, in a clinic's zone; empty when any day will do."""
        if not self.available:
            return []
        today = now.astimezone(zone).date()
        if self.available == "today":
            return [today]
        if self.available == "tomorrow":
            return [today + timedelta(days=1)]
        if self.available == "week":
            return [today + timedelta(days=n) for n in range(7)]
        return [date.fromisoformat(self.available)]


def _query_string(asked: Mapping[str, str]) -> str:
    return "?" + urlencode(asked) if asked else ""


def _one_of(value: str | None, known: Any) -> str:
    return value if value and value in known else ""


def _number(value: str | None, highest: int) -> int | None:
    """A whole number from 0 to `highest`."""
    if not value or not value.isascii() or not value.isdigit() or len(value) > 12:
        return None
    return min(int(value), highest)


def _city(value: str) -> str:
    name = typed(value)[:60]
    return name if _HAS_LETTER.search(name) else ""


def _available(value: str, today: date) -> str:
    if value in RELATIVE_DAYS:
        return value
    if not _DAY.fullmatch(value):
        return ""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return ""
    # A day either side: "today" is not the same day in all the clinics' zones.
    return value if today - timedelta(days=1) <= day <= today + timedelta(days=400) else ""
