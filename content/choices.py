"""What the list says of itself: headings, filters in use, categories, pages, the other language."""

from typing import NamedTuple

from django.core.paginator import Paginator
from django.utils.translation import gettext, ngettext

from content import cards
from content.filters import Filters
from content.models import ArticleCategory, ArticleLanguage, Author
from content.selectors import PAGE_SIZE, Listed
from precta import hosts


class Choice(NamedTuple):
    label: str
    query: str
    icon: str = ""
    is_current: bool = False


def heading(filters: Filters, author: Author | None) -> str:
    if filters.q:
        return gettext("Articles about “%(words)s”") % {"words": filters.q}
    if filters.tag:
        return gettext("Articles about “%(words)s”") % {"words": filters.tag}
    if author is not None:
        return gettext("Articles by %(name)s") % {"name": author.name}
    if filters.category:
        return cards.category_name(filters.category)
    return gettext("Health articles")


def summary(found: Listed) -> str:
    if not found.total:
        return gettext("No article fits")
    if found.is_capped:
        return gettext("Over %(count)d articles") % {"count": found.most}
    text = ngettext("%(count)d article", "%(count)d articles", found.total) % {"count": found.total}
    if found.pages > 1:
        text += gettext(", page %(page)d of %(pages)d") % {"page": found.filters.page, "pages": found.pages}
    return text


def in_use(filters: Filters, author: Author | None) -> list[Choice]:
    """The filters that are set, each with the address without it."""
    named = [
        ("q", f"“{filters.q}”" if filters.q else ""),
        ("category", cards.category_name(filters.category) if filters.category else ""),
        ("tag", filters.tag),
        ("author", author.name if author is not None else ""),
    ]
    return [Choice(label, filters.without(name).query_string) for name, label in named if label]


def categories(filters: Filters) -> list[Choice]:
    """All of them, and none; what else is asked stays."""
    every = Choice(gettext("All topics"), filters.without("category").query_string, "", not filters.category)
    return [
        every,
        *(
            Choice(
                cards.category_name(category),
                filters.having(category=category).query_string,
                cards.ICONS[category],
                filters.category == category,
            )
            for category in ArticleCategory
        ),
    ]


def other_language(filters: Filters) -> Choice:
    """The same list in the other language, in that language's words. Tags are words of one language and stay behind."""
    other = ArticleLanguage.ENGLISH if filters.language == ArticleLanguage.SWAHILI else ArticleLanguage.SWAHILI
    return Choice(cards.language_name(other), filters.without("tag").within(other).query_string, other)


def alternates(filters: Filters) -> list[tuple[str, str]]:
    """(language, absolute address) of the same list in every language; none for what only one language has."""
    if filters.q or filters.tag or filters.page > 1:
        return []
    base = hosts.platform_url("content:public:articles")
    return [
        (language, base + filters.within(language).canonical_query_string)
        for language in map(str, ArticleLanguage.values)
    ]


def pages(found: Listed) -> list[tuple[int, str]]:
    """(page, query) of the pages to offer around this one; (0, "") for a gap."""
    numbers = Paginator(range(found.pages * PAGE_SIZE), PAGE_SIZE).get_elided_page_range(
        found.filters.page, on_each_side=1, on_ends=1
    )
    return [
        (number, found.filters.having(page=number).query_string) if isinstance(number, int) else (0, "")
        for number in numbers
    ]
