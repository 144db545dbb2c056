"""How a doctor reads in a list.

A list shows twenty doctors with six times each, on the busiest page of the portal: whatever repeats is worked out once
per request, and the block of times is put together here instead of by some hundred turns of a template loop.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import formats
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from accounts import languages, specialties
from accounts.directory.filters import Filters
from accounts.directory.lookup import Row
from accounts.models import ConsultationMode
from clinics.models import Clinic
from clinics.policy_settings import DEFAULT_TIME_ZONE, ClinicSettings
from precta import hosts
from precta.templatetags.look import avatar_tone, initials
from precta.templatetags.precta_tags import money

# A stand-in for the id, so that one reverse() serves every doctor.
_ANY_ID = "00doctorid00"


@dataclass(slots=True)
class Card:
    """One doctor of a list, ready to be printed."""

    id: str
    name: str
    url: str
    photo: str
    initials: str
    tone: str
    title: str
    years: str
    rating: str
    reviews: str
    place: str
    languages: str
    in_person: bool
    video: bool
    fee: str
    minutes: str
    times: SafeString
    week_url: str


class House(NamedTuple):
    """What the cards of one clinic share."""

    origin: str
    policy: ClinicSettings
    zone: ZoneInfo
    zone_name: str
    today: date
    days: frozenset[date]
    earliest: str


class Presenter:
    """Makes the cards of one page. `clinic` is set on a clinic's own host, where links stay relative."""

    def __init__(self, filters: Filters, *, now: datetime, clinic: Clinic | None = None) -> None:
        self.filters = filters
        self.now = now.astimezone(UTC)
        self.clinic = clinic
        self.profile = _path("accounts:clinic:doctor" if clinic else "accounts:directory:doctor", clinic is not None)
        self.booking = _path("appointments:patient:book", True)
        self.houses: dict[str, House] = {}
        self.days: dict[tuple[date, date], str] = {}
        self.texts: dict[Any, str] = {}

    def cards(self, rows: Iterable[Row]) -> list[Card]:
        return [self.card(row) for row in rows]

    def card(self, row: Row) -> Card:
        house = self.house(row)
        name = f"Dr {row.first_name} {row.last_name}".strip()
        return Card(
            id=row.id,
            name=name,
            url=self.profile.replace(_ANY_ID, row.id),
            photo=row.photo,
            initials=initials(name),
            tone=avatar_tone(name),
            title=self._once(("title", *row.specialties), specialties.described, row.specialties),
            years="" if row.years is None else self._once(("years", row.years), years_of_practice, row.years),
            rating=f"{row.rating:.1f}" if row.reviews else "",
            reviews=self._once(("reviews", row.reviews), reviews_text, row.reviews) if row.reviews else "",
            place=self._place(row),
            languages=self._once(("languages", *row.languages), languages.named, row.languages),
            in_person="in_person" in row.modes,
            video="video" in row.modes,
            fee=fee_text(row.fee, house.policy.currency),
            minutes=self._once(("minutes", row.minutes), minutes_text, row.minutes),
            times=self.times(row, house),
            week_url=house.origin + self.booking.replace(_ANY_ID, row.id) + self._mode_query(row),
        )

    def house(self, row: Row) -> House:
        house = self.houses.get(row.clinic_slug)
        if house is None:
            policy = ClinicSettings.read(row.clinic_settings)
            zone = policy.tz
            origin = "" if self.clinic else hosts.origin(f"{row.clinic_slug}.{hosts.settings.PLATFORM_HOST}")
            house = House(
                origin=origin,
                policy=policy,
                zone=zone,
                zone_name=escape(zone_text(zone)),
                days=frozenset(self.filters.days(self.now, zone)),
                today=self.now.astimezone(zone).date(),
                earliest=(self.now + policy.lead_time).replace(microsecond=0).isoformat(),
            )
            self.houses[row.clinic_slug] = house
        return house

    def times(self, row: Row, house: House) -> SafeString:
        """The block of next free times, of the mode asked for or else the one that is free first, by day."""
        mode, starts = self.upcoming(row, house)
        return self._block(row, house, mode, starts)

    def _block(self, row: Row, house: House, mode: str, starts: list[str]) -> SafeString:
        if not starts:
            return mark_safe(f'<p class="small muted">{self._nothing_free(row)}</p>')  # noqa: S308 - our own words
        base = escape(house.origin + self.booking.replace(_ANY_ID, row.id))
        by_day: dict[date, list[str]] = {}
        for start in starts:
            local = datetime.fromisoformat(start).astimezone(house.zone)
            # Z instead of +00:00, whose plus would have to be escaped.
            link = f'<a class="slot" href="{base}?at={start[:19]}Z&amp;mode={mode}">{local:%H:%M}</a>'
            by_day.setdefault(local.date(), []).append(link)
        parts = []
        for day, links in by_day.items():
            head = self._heading(day, house, first=not parts)
            parts.append(f'<p class="small muted">{head}</p><div class="slotrow">{"".join(links)}</div>')
        return mark_safe("".join(parts))  # noqa: S308 - addresses are escaped above, the rest is digits and our words

    def by_mode(self, row: Row) -> list[tuple[str, SafeString, str]]:
        """(mode, block of its next times, address of its week) for each kind of visit that the doctor offers."""
        house = self.house(row)
        week = house.origin + self.booking.replace(_ANY_ID, row.id)
        return [
            (mode, self._block(row, house, mode, self._bookable(row, house, mode)), f"{week}?mode={mode}")
            for mode in ConsultationMode.values
            if mode in row.modes
        ]

    def upcoming(self, row: Row, house: House) -> tuple[str, list[str]]:
        """(mode, its stored times that can still be booked): ISO 8601 in UTC, which compares as text."""
        best: tuple[str, list[str]] = (self.filters.mode or row.modes[0], [])
        for mode in (self.filters.mode,) if self.filters.mode else ConsultationMode.values:
            starts = self._bookable(row, house, mode)
            if starts and (not best[1] or starts[0] < best[1][0]):
                best = (mode, starts)
        return best

    def _bookable(self, row: Row, house: House, mode: str) -> list[str]:
        starts = [start for start in row.next_slots.get(mode, ()) if start >= house.earliest]
        if house.days:
            starts = [s for s in starts if datetime.fromisoformat(s).astimezone(house.zone).date() in house.days]
        return starts

    def _heading(self, day: date, house: House, *, first: bool) -> str:
        key = (day, house.today)
        label = self.days.get(key)
        if label is None:
            label = self.days[key] = f"<strong>{escape(day_text(day, house.today))}</strong>"
        if house.zone_name:
            label = f"{label} ({house.zone_name})"
        if not first:
            return label
        return self._once("next", lambda: gettext("Next free times, {day}")).replace("{day}", label)

    def _nothing_free(self, row: Row) -> str:
        if self.filters.available and row.next_slots:
            # One of the days asked for has a time, but not among the first six.
            return self._once("later", lambda: escape(gettext("The free times of that day are in the calendar.")))
        return self._once("none", lambda: escape(gettext("No free time in the coming weeks.")))

    def _mode_query(self, row: Row) -> str:
        return f"?mode={self.filters.mode}" if self.filters.mode else ""

    def _place(self, row: Row) -> str:
        if self.clinic or not row.clinic_city or row.clinic_city in row.clinic_name:
            return row.clinic_name
        return f"{row.clinic_name}, {row.clinic_city}"

    def _once(self, key: Any, make: Any, *arguments: Any) -> str:
        text = self.texts.get(key)
        if text is None:
            text = self.texts[key] = str(make(*arguments))
        return text


@cache
def _path(name: str, on_clinic_host: bool) -> str:
    if name == "appointments:patient:book":
        return f"/book/{_ANY_ID}/"
    return reverse(name, hosts.URLCONFS["clinic" if on_clinic_host else "platform"], [_ANY_ID])


def day_text(day: date, today: date) -> str:
    """ "today 24 Nov", "tomorrow 25 Nov", "Thu 26 Nov"."""
    if day == today:
        return gettext("today %(date)s") % {"date": formats.date_format(day, "j M")}
    if day == today + timedelta(days=1):
        return gettext("tomorrow %(date)s") % {"date": formats.date_format(day, "j M")}
    return formats.date_format(day, "D j M")


def zone_text(zone: ZoneInfo) -> str:
    """Whose clock it is, when it is not Kenya's: "London time"."""
    if zone.key == DEFAULT_TIME_ZONE:
        return ""
    return gettext("%(place)s time") % {"place": zone.key.rpartition("/")[2].replace("_", " ")}


def years_of_practice(years: int) -> str:
    return ngettext("%(count)s year", "%(count)s years", years) % {"count": years}


def reviews_text(reviews: int) -> str:
    return ngettext("%(count)s review", "%(count)s reviews", reviews) % {"count": f"{reviews:,}"}


def minutes_text(minutes: int) -> str:
    return gettext("%(count)s min") % {"count": minutes}


def fee_text(fee: Decimal, currency: str) -> str:
    return money(fee, currency) if fee else gettext("Free of charge")
