"""What articles add to pages of the directory: the newest on the home page, their addresses in the site map."""

from collections.abc import Iterable

from django.conf import settings

from accounts.directory import sitemap
from accounts.directory.home_parts import HomePart, home_part
from content import cards, selectors
from content.filters import Filters, reader_language
from content.models import ArticleLanguage
from precta import hosts

ON_HOME = 3


@home_part
def latest_articles() -> HomePart | None:
    found = selectors.latest(language=reader_language(), number=ON_HOME)
    return HomePart("content/public/_home.html", {"cards": cards.cards(found)}) if found else None


def _lists() -> list[sitemap.Address]:
    listed = hosts.platform_url("content:public:articles")
    return [
        *(sitemap.Address(listed + Filters().within(str(each)).canonical_query_string) for each in ArticleLanguage),
        *(sitemap.Address(hosts.platform_url("content:public:author", slug)) for slug in selectors.author_slugs()),
    ]


def _articles(start: int, number: int) -> Iterable[sitemap.Address]:
    base = hosts.origin(settings.PLATFORM_HOST)
    changed = selectors.changed(start, number)
    return (sitemap.Address(base + cards.address(slug), changed_at) for slug, changed_at in changed)


sitemap.register(
    sitemap.Section("articles: lists", lambda: len(_lists()), lambda start, number: _lists()[start : start + number])
)
sitemap.register(sitemap.Section("articles", lambda: selectors.published().count(), _articles))
