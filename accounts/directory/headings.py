"""What a list of doctors says about itself: its heading, its number, what was asked and what else could be."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.utils import formats
from django.utils.translation import gettext, ngettext

from accounts import languages, specialties
from accounts.directory import lookup
from accounts.directory.filters import Filters
from accounts.directory.lookup import Found, Places
from accounts.models import ConsultationMode
from clinics.models import Clinic
from precta.templatetags.precta_tags import money


class Choice(NamedTuple):
    """A link that asks something else: its words and its query string."""

    label: str
    query: str


def heading(filters: Filters, clinic: Clinic | None = None) -> str:
    """ "Paediatricians in Nairobi", "Doctors for “meno”"."""
    known = specialties.BY_SLUG.get(filters.specialty)
    named = {
        "who": str(known.practitioners if known else specialties.DOCTORS),
        "city": filters.city,
        "words": filters.q,
        "clinic": clinic.name if clinic else "",
    }
    if clinic:
        text = gettext("%(who)s at %(clinic)s for “%(words)s”") if filters.words else gettext("%(who)s at %(clinic)s")
    elif filters.words and filters.city:
        text = gettext("%(who)s in %(city)s for “%(words)s”")
    elif filters.words:
        text = gettext("%(who)s for “%(words)s”")
    elif filters.city:
        text = gettext("%(who)s in %(city)s")
    else:
        text = gettext("%(who)s")
    return text % named


def summary(found: Found) -> str:
    """How many there are, and for when."""
    filters, count = found.filters, found.total
    if not count:
        return gettext("No doctor found")
    if found.is_capped:
        return gettext("More than %(count)s doctors; a filter helps to choose.") % {"count": f"{count - 1:,}"}
    named = {"count": f"{count:,}", "day": ""}
    if filters.available == "today":
        text = ngettext("%(count)s doctor with a free time today", "%(count)s doctors with a free time today", count)
    elif filters.available == "tomorrow":
        text = ngettext(
            "%(count)s doctor with a free time tomorrow", "%(count)s doctors with a free time tomorrow", count
        )
    elif filters.available == "week":
        text = ngettext(
            "%(count)s doctor with a free time in the next 7 days",
            "%(count)s doctors with a free time in the next 7 days",
            count,
        )
    elif filters.available:
        named["day"] = _day(filters.available)
        text = ngettext(
            "%(count)s doctor with a free time on %(day)s", "%(count)s doctors with a free time on %(day)s", count
        )
    else:
        text = ngettext("%(count)s doctor, the licence checked", "%(count)s doctors, every licence checked", count)
    return text % named


def asked(filters: Filters) -> list[Choice]:
    """Each filter that is set, with the address that drops it."""
    labels = []
    if filters.q:
        labels.append(("q", f"“{filters.q}”"))
    if filters.specialty:
        labels.append(("specialty", specialties.name_of(filters.specialty)))
    if filters.city:
        labels.append(("city", filters.city))
    if filters.available:
        labels.append(("available", available_text(filters.available)))
    if filters.mode:
        labels.append(("mode", mode_text(filters.mode)))
    if filters.language:
        labels.append(("language", languages.name_of(filters.language)))
    if filters.max_fee is not None:
        amount = money(filters.max_fee)
        text = gettext("Up to %(amount)s") % {"amount": amount} if filters.max_fee else gettext("Free of charge")
        labels.append(("max_fee", text))
    return [Choice(label, filters.without(name).query_string) for name, label in labels]


def suggestions(
    filters: Filters, *, now: datetime, places: Places, clinic: Clinic | None = None
) -> list[tuple[Choice, int]]:
    """What would find somebody when `filters` find nobody, with how many; one statement."""
    options: list[tuple[str, Filters]] = []
    if filters.available:
        options.append((gettext("On any day"), filters.without("available")))
    if filters.mode != "video" and clinic is None:
        options.append((gettext("By video call"), filters.having(mode="video", city="")))
    if filters.city:
        options.append((gettext("In any city"), filters.without("city")))
    if filters.max_fee is not None:
        options.append((gettext("For any fee"), filters.without("max_fee")))
    if filters.language:
        options.append((gettext("In any language"), filters.without("language")))
    if filters.mode:
        options.append((gettext("For any kind of visit"), filters.without("mode")))
    if filters.q:
        options.append((gettext("Without “%(words)s”") % {"words": filters.q}, filters.without("q")))
    if filters.specialty:
        options.append((gettext("In all specialties"), filters.without("specialty")))
        options.append((heading(Filters(specialty=filters.specialty), clinic), Filters(specialty=filters.specialty)))
    if filters.city:
        options.append((heading(Filters(city=filters.city), clinic), Filters(city=filters.city)))
    different = {question: label for label, question in reversed(options)}
    counted = lookup.counts(list(different), now=now, zones=places.zones, clinic=clinic)
    return [
        (Choice(label, question.query_string), number)
        for (question, label), number in reversed(list(zip(different.items(), counted, strict=True)))
        if number
    ]


def day_choices(today: date) -> list[tuple[str, str]]:
    """For the home page's finder: the coming week by name."""
    near = [("", gettext("Next available")), ("today", gettext("Today")), ("tomorrow", gettext("Tomorrow"))]
    week = [("week", gettext("In the next 7 days"))]
    days = [today + timedelta(days=n) for n in range(2, 8)]
    return near + week + [(day.isoformat(), formats.date_format(day, "l j M")) for day in days]


def available_text(available: str) -> str:
    """The filter in words; empty when it is not set."""
    if not available:
        return ""
    near = {"today": gettext("Today"), "tomorrow": gettext("Tomorrow"), "week": gettext("This week")}
    return near.get(available) or _day(available)


def mode_text(mode: str) -> str:
    return str(ConsultationMode(mode).label) if mode else ""


def page_choices(found: Found) -> Collection[tuple[int, str]]:
    """(page, query string) of the pages to offer; page 0 stands for a gap."""
    last, here = min(found.pages, lookup.LAST_PAGE), found.filters.page
    offered = sorted({1, last, *range(max(1, here - 1), min(last, here + 1) + 1)})
    choices: list[tuple[int, str]] = []
    for number in offered:
        if choices and number - choices[-1][0] > 1:
            choices.append((0, ""))
        choices.append((number, found.filters.having(page=number).query_string or "?"))
    return choices


def _day(iso: str) -> str:
    return formats.date_format(date.fromisoformat(iso), "D j M")
