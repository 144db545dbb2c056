"""The choices of the filter form, drawn once for each language and choice rather than on every request."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from django.utils import formats
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from accounts import languages, specialties
from accounts.directory.filters import FEES, Filters
from precta.templatetags.precta_tags import money


def options(choices: Iterable[tuple[str, str]], chosen: str) -> SafeString:
    """`<option>` elements; `chosen` is selected."""
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, mark_safe(" selected") if value == chosen else "", label) for value, label in choices),
    )


def of_specialties(chosen: str) -> SafeString:
    return _specialties(get_language(), chosen)


def of_languages(chosen: str) -> SafeString:
    return _languages(get_language(), chosen)


def of_fees(chosen: int | None) -> SafeString:
    return _fees(get_language(), chosen) if chosen in (None, *FEES) else _fees.__wrapped__(None, chosen)


def of_cities(cities: tuple[str, ...], chosen: str) -> SafeString:
    return _cities(get_language(), cities, chosen if chosen in cities else _known(cities, chosen))


def _known(cities: Iterable[str], chosen: str) -> str:
    """The city as the clinics spell it, when only the case differs."""
    return next((city for city in cities if city.casefold() == chosen.casefold()), chosen)


@lru_cache(maxsize=256)
def _specialties(language: str, chosen: str) -> SafeString:
    named = sorted(((slug, str(name)) for slug, name in specialties.CHOICES), key=lambda choice: choice[1].casefold())
    return options([("", gettext("All specialties")), *named], chosen)


@lru_cache(maxsize=256)
def _languages(language: str, chosen: str) -> SafeString:
    named = [(code, str(name)) for code, name in languages.CHOICES]
    return options([("", gettext("Any language")), *named], chosen)


@lru_cache(maxsize=256)
def _fees(language: str | None, chosen: int | None) -> SafeString:
    figures = sorted({*FEES, *([chosen] if chosen is not None else [])})
    return options(
        [("", gettext("Any fee")), *((str(f), money(f) if f else gettext("Free of charge")) for f in figures)],
        "" if chosen is None else str(chosen),
    )


@lru_cache(maxsize=256)
def _cities(language: str, cities: tuple[str, ...], chosen: str) -> SafeString:
    listed = cities if not chosen or chosen in cities else (*cities, chosen)
    return options([("", gettext("All of Kenya")), *((city, city) for city in listed)], chosen)


@lru_cache(maxsize=8)
def _suggested_words(language: str) -> SafeString:
    names = {str(word) for known in specialties.ALL for word in (known.name, known.practitioner)}
    return format_html_join("", '<option value="{}"></option>', ((name,) for name in sorted(names, key=str.casefold)))


def suggested_words() -> SafeString:
    """The fields and practitioners, for the search box's list of suggestions."""
    return _suggested_words(get_language())


def of_sorts(chosen: str, has_words: bool) -> SafeString:
    return _sorts(get_language(), chosen, has_words)


@lru_cache(maxsize=32)
def _sorts(language: str, chosen: str, has_words: bool) -> SafeString:
    choices = [
        ("" if not has_words else "soonest", gettext("Soonest free time")),
        ("rating", gettext("Best rated")),
        ("fee", gettext("Lowest fee")),
    ]
    if has_words:
        choices.insert(0, ("", gettext("Best match")))
    elif chosen == "soonest":
        chosen = ""
    return options(choices, chosen)


def of_days(filters: Filters) -> SafeString:
    """The chips of the days; a date that was asked for by the address is one more."""
    return _days(get_language(), filters.available)


@lru_cache(maxsize=64)
def _days(language: str, chosen: str) -> SafeString:
    choices = [
        ("", gettext("Any day")),
        ("today", gettext("Today")),
        ("tomorrow", gettext("Tomorrow")),
        ("week", gettext("This week")),
    ]
    if chosen not in dict(choices):
        choices.append((chosen, formats.date_format(date.fromisoformat(chosen), "D j M")))
    return chips("available", choices, chosen)


def of_modes(filters: Filters) -> SafeString:
    return _modes(get_language(), filters.mode)


@lru_cache(maxsize=16)
def _modes(language: str, chosen: str) -> SafeString:
    choices = [("", gettext("Either")), ("in_person", gettext("At the clinic")), ("video", gettext("Video"))]
    return chips("mode", choices, chosen)


def chips(name: str, choices: Iterable[tuple[str, str]], chosen: str) -> SafeString:
    """Radio buttons that look like chips."""
    return format_html_join(
        "",
        '<label class="chip"><input type="radio" name="{}" value="{}"{}>{}</label>',
        ((name, value, mark_safe(" checked") if value == chosen else "", label) for value, label in choices),
    )
