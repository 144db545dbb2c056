"""Looking doctors up. Three statements at most for a page that finds somebody: places, doctors, their number."""

import json
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, reduce
from operator import or_
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import BooleanField, Count, F, Func, Q, QuerySet, Value, Window
from django.db.models.fields.json import KeyTextTransform

from accounts.directory import words
from accounts.directory.filters import LAST_PAGE, Filters
from accounts.models import Doctor
from clinics.models import Clinic
from clinics.policy_settings import DEFAULT_TIME_ZONE, ClinicSettings

PAGE_SIZE = 20
COUNTED = LAST_PAGE * PAGE_SIZE
NAMES_COMPARED = 60
PLACES_KEPT = 20.0
# Of D, C, B, A: a name and a field outweigh any number of lay words.
WEIGHTS = [0.05, 0.1, 0.15, 1.0]


class Row(NamedTuple):
    """What a card needs, and no more: no model instance is built for a list."""

    id: str
    first_name: str
    last_name: str
    photo: str
    specialties: list[str]
    languages: list[str]
    years: int | None
    fee: Any
    minutes: int
    modes: list[str]
    rating: Any
    reviews: int
    next_slots: dict[str, list[str]]
    clinic_slug: str
    clinic_name: str
    clinic_city: str
    clinic_policy: ClinicSettings


# The columns in the order of Row. Whoever fits is counted and sorted by narrow rows; only those shown are read whole.
CARDS = """
SELECT doctor.id, doctor.first_name, doctor.last_name, doctor.profile_image_url, doctor.specialties, doctor.languages,
       doctor.years_of_experience, doctor.consultation_fee, doctor.consultation_duration_minutes,
       doctor.consultation_modes, doctor.average_rating, doctor.total_reviews, doctor.next_slots,
       clinic.slug, clinic.name, clinic.city, clinic.settings, found.total
  FROM (SELECT chosen.*, row_number() OVER () AS place FROM ({chosen}) chosen) found
  JOIN accounts_doctor doctor ON doctor.id = found.pk
  JOIN clinics_clinic clinic ON clinic.id = doctor.clinic_id
 ORDER BY found.place
"""


@dataclass(frozen=True, slots=True)
class Places:
    """Where there are active clinics, and in which zones they keep time."""

    cities: tuple[str, ...]
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of the answer. `total` stops at COUNTED; `words` differ from the ones asked when those led nowhere."""

    rows: list[Row]
    total: int
    filters: Filters
    words: tuple[str, ...]

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))

    @property
    def is_capped(self) -> bool:
        return self.total >= COUNTED

    @property
    def is_corrected(self) -> bool:
        return self.words != self.filters.words


def places() -> Places:
    """The cities for the form and the zones for "today"; one statement, whose answer each process keeps for PLACES_KEPT
    seconds: it changes when a clinic joins or moves, and is wanted by every page of the list."""
    known = _kept.places
    if known is None or time.monotonic() > _kept.until:
        known = _kept.places = _read_places()
        _kept.until = time.monotonic() + PLACES_KEPT
    return known


def forget_places() -> None:
    """After a clinic changed, in this process."""
    _kept.places = None


def _read_places() -> Places:
    rows = Clinic.objects.active().order_by().values_list("city", KeyTextTransform("time_zone", "settings")).distinct()
    cities, zones = set(), set()
    for city, zone in rows:
        cities.add(city)
        zones.add(zone or DEFAULT_TIME_ZONE)
    return Places(tuple(sorted(cities - {""})), tuple(sorted(zones)))


@dataclass(slots=True)
class _Kept:
    """Two threads may both read anew; either answer will do."""

    places: Places | None = None
    until: float = 0.0


_kept = _Kept()


def find(filters: Filters, *, now: datetime, zones: Collection[str], clinic: Clinic | None = None) -> Found:
    """The page of doctors that `filters` ask for, only public ones, only of `clinic` when given.

    When the words lead to nobody, the closest known words are tried once. A page beyond the last one is the last one.
    """
    found = _page(filters, filters.words, now, zones, clinic)
    if not found.total and filters.words:
        better = corrected(filters.words)
        if better != filters.words:
            second = _page(filters, better, now, zones, clinic)
            if second.total:
                return second
    return found


def counts(
    questions: list[Filters], *, now: datetime, zones: Collection[str], clinic: Clinic | None = None
) -> list[int]:
    """How many doctors each of some questions would find, in one statement."""
    if not questions:
        return []
    counted = {
        f"n{number}": Count("pk", filter=condition(asked, asked.words, now, zones) & Q(pk__isnull=False))
        for number, asked in enumerate(questions)
    }
    return list(_public(clinic).aggregate(**counted).values())


def _page(
    filters: Filters, looked_for: tuple[str, ...], now: datetime, zones: Collection[str], clinic: Clinic | None
) -> Found:
    # Of a city only active clinics are asked for: joined once more, the clinics would cost as much as the doctors.
    doctors = Doctor.objects.verified() if filters.city and clinic is None else _public(clinic)
    matching = doctors.filter(condition(filters, looked_for, now, zones))
    ordered = _ordered(matching, filters, looked_for)
    start = (filters.page - 1) * PAGE_SIZE
    if filters.narrows:
        # Whoever fits has to be looked at anyway; without a filter the order's own index finds the page quicker.
        rows, total = _rows(ordered.annotate(total=Window(Count("pk"))), start, PAGE_SIZE)
    else:
        # One more than a page holds, so that a list of a single page need not be counted.
        rows, _total = _rows(ordered.annotate(total=Value(0)), start, PAGE_SIZE + 1)
        total = len(rows) if not start and len(rows) <= PAGE_SIZE else matching[:COUNTED].count()
    if start and not rows:
        total = matching[:COUNTED].count()
        filters = replace(filters, page=max(1, -(-total // PAGE_SIZE)))
        rows, _total = _rows(ordered.annotate(total=Value(0)), (filters.page - 1) * PAGE_SIZE, PAGE_SIZE)
    return Found(rows[:PAGE_SIZE], min(total, COUNTED), filters, looked_for)


def _rows(ordered: QuerySet[Doctor], start: int, number: int) -> tuple[list[Row], int]:
    """Some rows in their order, and the `total` that `ordered` is annotated with (0 where there is no row)."""
    found_rows: QuerySet[Any, Any] = ordered
    chosen, values = found_rows.values("pk", "total")[start : start + number].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(CARDS.format(chosen=chosen), values)
        found = cursor.fetchall()
    rows = [
        # Django reads jsonb as text where no field of a model says otherwise.
        Row._make((*doctor, json.loads(slots), slug, name, city, _policy(rules)))
        for *doctor, slots, slug, name, city, rules, _total in found
    ]
    return rows, found[0][-1] if found else 0


@lru_cache(maxsize=1024)
def _policy(stored: str) -> ClinicSettings:
    """From the text of a clinic's `settings`, which hundreds of lists show before it changes."""
    return ClinicSettings.read(json.loads(stored))


def _public(clinic: Clinic | None) -> QuerySet[Doctor]:
    doctors = Doctor.objects.public()
    return doctors.filter(clinic=clinic) if clinic is not None else doctors


def condition(filters: Filters, looked_for: tuple[str, ...], now: datetime, zones: Collection[str]) -> Q:
    """The filters as one condition on doctors; `zones` are those in which the clinics keep time."""
    found = Q()
    if filters.specialty:
        found &= Q(specialties__contains=[filters.specialty])
    if filters.city:
        found &= Q(_at_clinics_in(filters.city))
    if filters.language:
        found &= Q(languages__contains=[filters.language])
    if filters.mode:
        found &= Q(consultation_modes__contains=[filters.mode])
    if filters.max_fee is not None:
        found &= Q(consultation_fee__lte=filters.max_fee)
    if filters.available:
        found &= _available(filters, now, zones)
    if looked_for:
        found &= Q(search_document=_query(looked_for))
    return found


def _at_clinics_in(city: str) -> Func:
    """The clinics are found once, as an array; joined, each of them would scan the specialties' index again."""
    clinics = ArraySubquery(Clinic.objects.active().filter(city__iexact=city).order_by().values("pk"))
    return Func(F("clinic_id"), clinics, template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField())


def _query(looked_for: Iterable[str]) -> SearchQuery:
    return SearchQuery(words.tsquery(looked_for), config="simple", search_type="raw")


def _available(filters: Filters, now: datetime, zones: Collection[str]) -> Q:
    """Free on one of the days asked for, each clinic by its own calendar."""
    by_days: dict[tuple[Any, ...], list[str]] = {}
    for zone in zones or (DEFAULT_TIME_ZONE,):
        by_days.setdefault(tuple(filters.days(now, ZoneInfo(zone))), []).append(zone)
    if len(by_days) == 1:
        return _free_on(next(iter(by_days)), filters.mode)
    return reduce(or_, (_free_on(days, filters.mode) & _keeps_time_in(group) for days, group in by_days.items()))


def _free_on(days: tuple[Any, ...], mode: str) -> Q:
    by_mode = {
        "in_person": Q(free_days_in_person__overlap=list(days)),
        "video": Q(free_days_video__overlap=list(days)),
    }
    return by_mode[mode] if mode else by_mode["in_person"] | by_mode["video"]


def _keeps_time_in(zones: list[str]) -> Q:
    named = Q(clinic__settings__time_zone__in=zones)
    if DEFAULT_TIME_ZONE in zones:
        named |= Q(clinic__settings__time_zone__isnull=True)
    return named


def _ordered(matching: QuerySet[Doctor], filters: Filters, looked_for: tuple[str, ...]) -> QuerySet[Doctor]:
    """By what was asked for; the id settles ties, so that pages never overlap."""
    if filters.sort == "fee":
        return matching.order_by("consultation_fee", "pk")
    if filters.sort == "rating":
        return matching.order_by("-average_rating", "-total_reviews", "pk")
    soonest: Any = F("next_available_at").asc(nulls_last=True)
    if filters.mode:
        # ISO 8601 in UTC sorts as text.
        soonest = KeyTextTransform(0, KeyTextTransform(filters.mode, "next_slots")).asc(nulls_last=True)
    if looked_for and not filters.sort:
        rank = SearchRank(F("search_document"), _query(looked_for), weights=WEIGHTS)
        return matching.annotate(rank=rank).order_by("-rank", soonest, "pk")
    return matching.order_by(soonest, "pk")


def corrected(looked_for: tuple[str, ...]) -> tuple[str, ...]:
    """Each word that nobody knows replaced by the closest word of a specialty, a name or a place; one statement."""
    unknown = [word for word in looked_for if len(word) > 2 and not words.is_known(word)]
    if not unknown:
        return looked_for
    people = reduce(or_, (Q(first_name__trigram_similar=word) | Q(last_name__trigram_similar=word) for word in unknown))
    clinics = reduce(or_, (Q(name__trigram_word_similar=word) | Q(city__trigram_word_similar=word) for word in unknown))
    names = (
        Doctor.objects.public()
        .filter(people)
        .order_by()
        .values_list("first_name", "last_name")[:NAMES_COMPARED]
        .union(Clinic.objects.active().filter(clinics).order_by().values_list("name", "city")[:NAMES_COMPARED])
    )
    candidates = {part for name in names for text in name for part in words.words(text)}
    candidates.update(words.vocabulary())
    replacements = {word: words.closest(word, candidates) or word for word in unknown}
    return tuple(dict.fromkeys(replacements.get(word, word) for word in looked_for))
