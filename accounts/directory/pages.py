"""What the home page, a profile and the clinics' pages read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.core.paginator import Page, Paginator
from django.db.models import CharField, Count, F, Func, Min, Q, QuerySet
from django.utils import formats
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext

from accounts import specialties
from accounts.directory import lookup, sitemap
from accounts.directory.words import typed, wanted
from accounts.models import Doctor
from accounts.specialties import Specialty
from clinics.models import Clinic
from clinics.opening_hours import Hours, OpeningHours
from clinics.policy_settings import DEFAULT_TIME_ZONE, ClinicSettings
from precta import hosts

CLINICS_PAGE = 20
HOME_TILES = 10
CLINIC_HOME_DOCTORS = 6


class Tile(NamedTuple):
    """A field of medicine on the home page; `next_at` (UTC) is the first free time of all its doctors."""

    specialty: Specialty
    doctors: int
    next_at: datetime | None


class Totals(NamedTuple):
    doctors: int
    clinics: int


def tiles(*, now: datetime) -> list[Tile]:
    """The fields that somebody practises, the popular ones first; one statement."""
    rows = (
        Doctor.objects.public()
        .annotate(field=Func(F("specialties"), function="unnest", output_field=CharField()))
        .values("field")
        .annotate(
            doctors=Count("pk"),
            next_at=Min("next_available_at", filter=Q(next_available_at__gte=now)),
        )
        .order_by()
        .values_list("field", "doctors", "next_at")
    )
    found = {slug: Tile(specialties.BY_SLUG[slug], *rest) for slug, *rest in rows if slug in specialties.BY_SLUG}
    popular = [slug for slug in specialties.POPULAR if slug in found]
    others = sorted(set(found) - set(popular), key=lambda slug: (-found[slug].doctors, slug))
    return [found[slug] for slug in popular + others]


def totals() -> Totals:
    """How many doctors and clinics anybody can find; one statement."""
    return Totals(**Doctor.objects.public().aggregate(doctors=Count("pk"), clinics=Count("clinic_id", distinct=True)))


def profile(doctor_id: str, *, clinic: Clinic | None = None) -> Doctor | None:
    """A public doctor with the clinic; None for anybody else, and on a clinic's host for other clinics' doctors."""
    doctors = Doctor.objects.public().select_related("clinic").defer("search_document", "verification_notes")
    if clinic is not None:
        doctors = doctors.filter(clinic=clinic)
    return doctors.filter(pk=doctor_id).first()


def doctor_row(doctor: Doctor) -> lookup.Row:
    """The columns of a card, from an instance whose clinic is loaded."""
    clinic = doctor.clinic
    assert clinic is not None
    return lookup.Row(
        id=doctor.pk,
        first_name=doctor.first_name,
        last_name=doctor.last_name,
        photo=doctor.profile_image_url,
        specialties=doctor.specialties,
        languages=doctor.languages,
        years=doctor.years_of_experience,
        fee=doctor.consultation_fee,
        minutes=doctor.consultation_duration_minutes,
        modes=doctor.consultation_modes,
        rating=doctor.average_rating,
        reviews=doctor.total_reviews,
        next_slots=doctor.next_slots,
        clinic_slug=clinic.slug,
        clinic_name=clinic.name,
        clinic_city=clinic.city,
        clinic_policy=clinic.policy,
    )


def find_clinics(*, q: str, city: str) -> QuerySet[Clinic]:
    """Active clinics whose name or place has all the words, with the number of their public doctors."""
    clinics = Clinic.objects.active()
    for word in wanted(q):
        clinics = clinics.filter(
            Q(name__unaccent__icontains=word)
            | Q(city__unaccent__icontains=word)
            | Q(region__unaccent__icontains=word)
            | Q(address__unaccent__icontains=word)
        )
    if city:
        clinics = clinics.filter(city__iexact=city)
    public = Q(doctors__verification_status="verified", doctors__user__status="active")
    return clinics.annotate(public_doctors=Count("doctors", filter=public)).order_by("name", "pk")


def clinics_page(*, q: str, city: str, page: str) -> Page:
    """Two statements; a page that does not exist is the nearest one."""
    return Paginator(find_clinics(q=typed(q), city=city), CLINICS_PAGE).get_page(page)


@dataclass(frozen=True, slots=True)
class Day:
    name: str
    hours: tuple[Hours, ...]
    is_today: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """A clinic's hours as people read them at this moment, in the clinic's zone."""

    given: bool
    is_open: bool
    now_text: str
    week: list[Day]


def opening(clinic: Clinic, *, now: datetime) -> Opening:
    """Monday first; "open now" by the clinic's own clock."""
    hours = OpeningHours.read(clinic.operating_hours)
    local = now.astimezone(ClinicSettings.read(clinic.settings).tz)
    names = _weekday_names()
    today = local.isoweekday() % 7
    week = [Day(names[day], hours.week[day], day == today) for day in (1, 2, 3, 4, 5, 6, 0)]
    return Opening(hours.given, hours.is_open(local), _opening_text(hours, local), week)


def _opening_text(hours: OpeningHours, local: datetime) -> str:
    if not hours.given:
        return ""
    closes = hours.closes(local)
    if closes is not None:
        return gettext("Open now, until %(time)s") % {"time": f"{closes:%H:%M}" if closes != closes.min else "24:00"}
    opens = hours.opens(local)
    if opens is None:
        return gettext("Closed")
    day, start = opens
    if day == local.date():
        return gettext("Closed now, opens at %(time)s") % {"time": f"{start:%H:%M}"}
    return gettext("Closed now, opens %(day)s at %(time)s") % {
        "day": formats.date_format(day, "l"),
        "time": f"{start:%H:%M}",
    }


def _weekday_names() -> list[str]:
    """Sunday first, in the active language."""
    return [str(WEEKDAYS[(day - 1) % 7]) for day in range(7)]


def home_zone() -> ZoneInfo:
    """The zone in which the platform's own pages speak of today."""
    return ZoneInfo(DEFAULT_TIME_ZONE)


def tile_text(tile: Tile, *, now: datetime) -> str:
    """When the first doctor of a field is free, in Kenya's time."""
    if tile.next_at is None:
        return gettext("No free time in the coming weeks")
    local = tile.next_at.astimezone(home_zone())
    ahead = (local.date() - now.astimezone(home_zone()).date()).days
    clock_time = f"{local:%H:%M}"
    if ahead == 0:
        return gettext("Next: today %(time)s") % {"time": clock_time}
    if ahead == 1:
        return gettext("Next: tomorrow %(time)s") % {"time": clock_time}
    return gettext("Next: %(day)s %(time)s") % {"day": formats.date_format(local, "D j M"), "time": clock_time}


def fields_of(rows: Iterable[lookup.Row]) -> list[tuple[str, str]]:
    """(slug, name) of the fields that some doctors practise."""
    slugs = {slug for row in rows for slug in row.specialties if slug in specialties.BY_SLUG}
    return sorted(((slug, specialties.name_of(slug)) for slug in slugs), key=lambda field: field[1].casefold())


def _standing() -> list[sitemap.Address]:
    named = [hosts.platform_url(f"accounts:directory:{name}") for name in ("home", "doctors", "clinics")]
    fields = [
        hosts.platform_url("accounts:directory:doctors") + f"?specialty={known.slug}" for known in specialties.ALL
    ]
    clinics = [
        hosts.clinic_url(clinic, "accounts:clinic:home")
        for clinic in Clinic.objects.active().order_by("pk").only("slug")
    ]
    return [sitemap.Address(url) for url in named + fields + clinics]


def _profiles(start: int, number: int) -> Iterable[sitemap.Address]:
    one = hosts.platform_url("accounts:directory:doctor", "0").removesuffix("0/")
    doctors = Doctor.objects.public().order_by("pk").values_list("pk", flat=True)
    return (sitemap.Address(f"{one}{pk}/") for pk in doctors[start : start + number])


sitemap.register(
    sitemap.Section("directory", lambda: len(_standing()), lambda start, number: _standing()[start : start + number])
)
sitemap.register(sitemap.Section("doctors", lambda: Doctor.objects.public().count(), _profiles))
