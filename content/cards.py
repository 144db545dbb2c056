"""How an article reads in a list."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from django.urls import reverse
from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext

from accounts.directory.pages import home_zone
from content import highlights, search
from content.models import Article, ArticleCategory, ArticleLanguage
from content.pictures import Hero, hero_of
from precta import hosts

CARDS = "(min-width: 62rem) 22rem, (min-width: 40rem) 50vw, 100vw"
ICONS = {
    ArticleCategory.WELLNESS: "leaf",
    ArticleCategory.PREVENTION: "shield",
    ArticleCategory.DISEASE: "activity",
    ArticleCategory.NUTRITION: "apple",
    ArticleCategory.MENTAL_HEALTH: "brain",
    ArticleCategory.FITNESS: "footprints",
    ArticleCategory.NEWS: "newspaper",
}
# A stand-in for the slug, so that one reverse() serves every card.
_ANY_SLUG = "0-slug-0"


@dataclass(frozen=True, slots=True)
class Card:
    """Title and summary are escaped; in a search their hits are marked."""

    url: str
    title: str | SafeString
    summary: str | SafeString
    category: str
    icon: str
    minutes: str
    day: str
    iso_day: str
    language: str
    hero: Hero | None


def cards(articles: Iterable[Article]) -> list[Card]:
    """For articles of a list; with `lexemes` from a search, the hits are shown."""
    shown = []
    pattern: re.Pattern[str] | None = None
    for article in articles:
        lexemes = getattr(article, "lexemes", "")
        if lexemes and pattern is None:
            pattern = search.pattern_of(lexemes, article.language)
        shown.append(_card(article, pattern))
    return shown


def _card(article: Article, pattern: re.Pattern[str] | None) -> Card:
    assert article.published_at is not None
    title: str | SafeString = article.title
    summary: str | SafeString = article.excerpt
    if pattern is not None:
        title = highlights.marked(article.title, pattern)
        summary = highlights.marked(article.excerpt, pattern)
        if not highlights.has(article.excerpt, pattern):
            summary = highlights.passage(article.body, pattern) or summary
    day = day_of(article.published_at)
    return Card(
        url=address(article.slug),
        title=title,
        summary=summary,
        category=category_name(article.category),
        icon=ICONS[ArticleCategory(article.category)],
        minutes=minutes_text(article.reading_minutes),
        day=day_text(day),
        iso_day=day.isoformat(),
        language=article.language,
        hero=hero_of(article),
    )


def address(slug: str) -> str:
    """Within the platform's host."""
    return _pattern().replace(_ANY_SLUG, slug)


@lru_cache(maxsize=1)
def _pattern() -> str:
    return reverse("content:public:article", hosts.URLCONFS["platform"], [_ANY_SLUG])


def day_of(moment: datetime) -> date:
    """The day on Kenya's calendar."""
    return moment.astimezone(home_zone()).date()


def day_text(day: date) -> str:
    return _day_text(get_language(), day)


@lru_cache(maxsize=512)
def _day_text(language: str, day: date) -> str:
    return formats.date_format(day, "j M Y")


def minutes_text(minutes: int) -> str:
    return _minutes_text(get_language(), minutes)


@lru_cache(maxsize=128)
def _minutes_text(language: str, minutes: int) -> str:
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def category_name(category: str) -> str:
    return str(ArticleCategory(category).label)


def language_name(language: str) -> str:
    """By its own name: who reads it knows that one."""
    return str(ArticleLanguage(language).label)
