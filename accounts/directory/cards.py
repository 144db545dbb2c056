"""How a doctor reads in a list.

A list shows twenty doctors with six times each, on the busiest page of the portal. Rendering each card by the template
took longer than everything else of the page, so the template is rendered once for each shape that a card can have, with
the names of its fields in the places of their values; a card then is one `str.format_map`.
"""

import html
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import formats
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext

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
CARD_TEMPLATE = "accounts/directory/_card.html"


@dataclass(slots=True)
class Card:
    """One doctor as words. What is empty is not shown."""

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
    in_person: str
    video: str
    fee: str
    minutes: str
    times: SafeString
    week_url: str


FIELDS = tuple(Card.__slots__)
WORDS = tuple(name for name in FIELDS if name != "times")
# Those that some doctors have and others have not.
OPTIONAL = ("photo", "years", "rating", "place", "in_person", "video")
# More days than these make a card too long; the week is one link away.
MOST_DAYS = 2


class House(NamedTuple):
    """What the cards of one clinic share."""

    origin: str
    zone: ZoneInfo
    zone_name: str
    currency: str
    today: date
    days: frozenset[date]
    earliest: str


class Presenter:
    """Makes the cards of one page. `clinic` is set on a clinic's own host, where links stay relative."""

    def __init__(self, filters: Filters, *, now: datetime, clinic: Clinic | None = None) -> None:
        self.filters = filters
        self.now = now.astimezone(UTC)
        self.clinic = clinic
        self.language = get_language()
        self.profile = _path("accounts:clinic:doctor" if clinic else "accounts:directory:doctor", clinic is not None)
        self.booking = _path("appointments:patient:book", True)
        self.modes = (filters.mode,) if filters.mode else tuple(ConsultationMode.values)
        self.houses: dict[str, House] = {}
        self.by_rules: dict[ClinicSettings, House] = {}
        self.labels: dict[tuple[date, date], str] = {}
        self.next_times = escape(gettext("Next free times, {day}"))

    def cards(self, rows: Iterable[Row]) -> list[SafeString]:
        """The cards' HTML."""
        return [self.drawn(row) for row in rows]

    def drawn(self, row: Row) -> SafeString:
        card = self.card(row)
        values = {name: html.escape(getattr(card, name)) for name in WORDS}
        shape = tuple(bool(values[name]) for name in OPTIONAL)
        values["times"] = card.times
        return mark_safe(_frame(self.language, shape).format_map(values))  # noqa: S308 - every value is escaped

    def card(self, row: Row) -> Card:
        house = self.house(row)
        name = f"Dr {row.first_name} {row.last_name}".strip()
        booking = house.origin + self.booking.replace(_ANY_ID, row.id)
        language = self.language
        return Card(
            name=name,
            url=self.profile.replace(_ANY_ID, row.id),
            photo=row.photo,
            initials=initials(name),
            tone=avatar_tone(name),
            title=described(language, tuple(row.specialties)),
            years="" if row.years is None else years_of_practice(language, row.years),
            rating=f"{row.rating:.1f}" if row.reviews else "",
            reviews=reviews_text(language, row.reviews) if row.reviews else "",
            place=self._place(row),
            languages=spoken(language, tuple(row.languages)),
            in_person="1" if "in_person" in row.modes else "",
            video="1" if "video" in row.modes else "",
            fee=fee_text(language, row.fee, house.currency),
            minutes=minutes_text(language, row.minutes),
            times=self._times(row, house, booking),
            week_url=f"{booking}?mode={self.filters.mode}" if self.filters.mode else booking,
        )

    def by_mode(self, row: Row) -> list[tuple[str, SafeString, str]]:
        """(mode, block of its next times, address of its week) for each kind of visit that the doctor offers."""
        house = self.house(row)
        booking = house.origin + self.booking.replace(_ANY_ID, row.id)
        return [
            (mode, self._block(house, booking, mode, self._bookable(row, house, mode)), f"{booking}?mode={mode}")
            for mode in ConsultationMode.values
            if mode in row.modes
        ]

    def house(self, row: Row) -> House:
        house = self.houses.get(row.clinic_slug)
        if house is None:
            origin = "" if self.clinic else hosts.origin(f"{row.clinic_slug}.{settings.PLATFORM_HOST}")
            house = self.houses[row.clinic_slug] = self._rules(row.clinic_policy)._replace(origin=origin)
        return house

    def _rules(self, policy: ClinicSettings) -> House:
        """What the clinics that keep these rules have in common, most of them all."""
        house = self.by_rules.get(policy)
        if house is None:
            zone = policy.tz
            house = self.by_rules[policy] = House(
                origin="",
                zone=zone,
                zone_name=escape(zone_text(zone)),
                currency=policy.currency,
                today=self.now.astimezone(zone).date(),
                days=frozenset(self.filters.days(self.now, zone)),
                earliest=(self.now + policy.lead_time).replace(microsecond=0).isoformat(),
            )
        return house

    def _times(self, row: Row, house: House, booking: str) -> SafeString:
        """The next free times of the mode asked for, or else of the one that is free first."""
        best: tuple[str, list[str]] = ("", [])
        for mode in self.modes:
            starts = self._bookable(row, house, mode)
            if starts and (not best[1] or starts[0] < best[1][0]):
                best = (mode, starts)
        return self._block(house, booking, *best)

    def _bookable(self, row: Row, house: House, mode: str) -> list[str]:
        """The stored times that can still be booked: ISO 8601 in UTC, which compares as text."""
        starts = [start for start in row.next_slots.get(mode, ()) if start >= house.earliest]
        if house.days:
            starts = [s for s in starts if datetime.fromisoformat(s).astimezone(house.zone).date() in house.days]
        return starts

    def _block(self, house: House, booking: str, mode: str, starts: list[str]) -> SafeString:
        if not starts:
            return self._nothing_here(house, booking)
        by_day: dict[date, list[str]] = {}
        for start in starts:
            local = datetime.fromisoformat(start).astimezone(house.zone)
            query = f"?at={start[:16]}Z&amp;mode={mode}"
            link = f'<a class="slot" href="{booking}{query}">{local.hour:02}:{local.minute:02}</a>'
            by_day.setdefault(local.date(), []).append(link)
        parts: list[str] = []
        for day, links in list(by_day.items())[:MOST_DAYS]:
            label = self._label(day, house)
            head = label if parts else self.next_times.replace("{day}", label)
            parts.append(f'<p class="small muted">{head}</p><div class="slotrow">{"".join(links)}</div>')
        return mark_safe("".join(parts))  # noqa: S308 - addresses are of ids and slugs, the rest is digits and our words

    def _nothing_here(self, house: House, booking: str) -> SafeString:
        if not house.days:
            text = gettext("No free time in the coming weeks.")
            return mark_safe(f'<p class="small muted">{escape(text)}</p>')  # noqa: S308 - escaped
        # Found by its free days: the day asked for has times, only not among the first six.
        day = min(house.days)
        text = gettext("Free times, %(day)s") % {"day": day_text(day, house.today)}
        link = f'<a class="btn quiet sm" href="{booking}?day={day.isoformat()}">{escape(text)}</a>'
        return mark_safe(f"<p>{link}</p>")  # noqa: S308 - escaped

    def _label(self, day: date, house: House) -> str:
        label = self.labels.get((day, house.today))
        if label is None:
            label = f"<strong>{escape(day_text(day, house.today))}</strong>"
            self.labels[day, house.today] = label
        return f"{label} ({house.zone_name})" if house.zone_name else label

    def _place(self, row: Row) -> str:
        """Where it is; nothing on the clinic's own host, where it goes without saying."""
        if self.clinic:
            return ""
        if not row.clinic_city or row.clinic_city in row.clinic_name:
            return row.clinic_name
        return f"{row.clinic_name}, {row.clinic_city}"


@lru_cache(maxsize=128)
def _frame(language: str, shape: tuple[bool, ...]) -> str:
    """The card's template in `language`, `{name}` in the place of each value; `shape` says which OPTIONAL it has."""
    present = dict(zip(OPTIONAL, shape, strict=True))
    blanks = {name: mark_safe(f"{{{name}}}") if present.get(name, True) else "" for name in FIELDS}  # noqa: S308
    return render_to_string(CARD_TEMPLATE, {"card": blanks})


@cache
def _path(name: str, on_clinic_host: bool) -> str:
    return reverse(name, hosts.URLCONFS["clinic" if on_clinic_host else "platform"], [_ANY_ID])


# The texts below repeat from card to card; each takes the active language only to be kept under it.
@lru_cache(maxsize=1024)
def described(language: str, slugs: tuple[str, ...]) -> str:
    return specialties.described(slugs)


@lru_cache(maxsize=1024)
def spoken(language: str, codes: tuple[str, ...]) -> str:
    return languages.named(codes)


@lru_cache(maxsize=256)
def years_of_practice(language: str, years: int) -> str:
    return ngettext("%(count)s year", "%(count)s years", years) % {"count": years}


@lru_cache(maxsize=1024)
def reviews_text(language: str, reviews: int) -> str:
    return ngettext("%(count)s review", "%(count)s reviews", reviews) % {"count": f"{reviews:,}"}


@lru_cache(maxsize=256)
def minutes_text(language: str, minutes: int) -> str:
    return gettext("%(count)s min") % {"count": minutes}


@lru_cache(maxsize=1024)
def fee_text(language: str, fee: Decimal, currency: str) -> str:
    return money(fee, currency) if fee else gettext("Free of charge")


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
