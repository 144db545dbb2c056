"""Articles as readers may see them. Every page, feed and list of the public side begins at `published`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Greatest

from accounts.models import Doctor
from content import search
from content.filters import LAST_PAGE, Filters
from content.models import Article, ArticleStatus, Author
from precta import clock

PAGE_SIZE = 12
COUNTED = LAST_PAGE * PAGE_SIZE
RELATED = 3
# Of how many newest articles that share a tag, or the category, the related ones are chosen.
COMPARED = 40
# What a card shows, and no text.
CARD = (
    "id",
    "title",
    "slug",
    "language",
    "excerpt",
    "category",
    "tags",
    "featured_image_url",
    "featured_image_alt",
    "published_at",
    "reading_minutes",
)


@dataclass(slots=True)
class Listed:
    """One page of a list. `total` stops at one over `most`, beyond which no page is shown; `filters` has the page."""

    articles: list[Article]
    total: int
    filters: Filters
    most: int = COUNTED
    corrected: str = ""
    any_word: bool = False

    @property
    def pages(self) -> int:
        return _pages(self.total, self.most)

    @property
    def is_capped(self) -> bool:
        return self.total > self.most


def published(*, language: str = "", now: datetime | None = None) -> QuerySet[Article]:
    """Published and not scheduled for later, of one language or of all; the newest first."""
    articles = Article.objects.filter(status=ArticleStatus.PUBLISHED, published_at__lte=now or clock.now())
    if language:
        articles = articles.filter(language=language)
    return articles.order_by("-published_at", "pk")


def listed(filters: Filters, *, author: Author | None = None, now: datetime | None = None) -> Listed:
    """The page of articles that `filters` ask for, by their `author` when given; the last one if it is beyond that."""
    now = now or clock.now()
    if search.wanted(filters.q):
        return _found(filters, author, now)
    matching = published(language=filters.language, now=now)
    if filters.category:
        matching = matching.filter(category=filters.category)
    if filters.tag:
        matching = matching.filter(tags__contains=[filters.tag])
    if author is not None:
        matching = matching.filter(author_id=author.pk)
    start = (filters.page - 1) * PAGE_SIZE
    # One more than a page holds, so that a list of a single page need not be counted.
    rows = list(matching.only(*CARD)[start : start + PAGE_SIZE + 1])
    total = len(rows) if not start and len(rows) <= PAGE_SIZE else matching.order_by()[: COUNTED + 1].count()
    if start and not rows:
        filters = replace(filters, page=_pages(total, COUNTED))
        start = (filters.page - 1) * PAGE_SIZE
        rows = list(matching.only(*CARD)[start : start + PAGE_SIZE])
    return Listed(rows[:PAGE_SIZE], total, filters)


def _pages(total: int, most: int) -> int:
    return max(1, -(-min(total, most) // PAGE_SIZE))


def _found(filters: Filters, author: Author | None, now: datetime) -> Listed:
    within = search.Within(
        language=filters.language,
        category=filters.category,
        tag=filters.tag,
        author_id=author.pk if author is not None else "",
    )
    found = search.find(filters.q, within, now=now, page=filters.page, page_size=PAGE_SIZE)
    if filters.page > 1 and not found.articles:
        filters = replace(filters, page=_pages(found.total, search.MOST))
        found = search.find(filters.q, within, now=now, page=filters.page, page_size=PAGE_SIZE)
    return Listed(found.articles, found.total, filters, search.MOST, found.corrected, found.any_word)


def by_slug(slug: str) -> Article | None:
    """The article of that address, whatever its status, with the doctor who reviewed it (`reviewer_is_public` tells
    whether the directory shows them)."""
    reviewer = Doctor.objects.public().filter(pk=OuterRef("reviewed_by")).values("pk")
    return (
        Article.objects.select_related("reviewed_by")
        .defer("reviewed_by__search_document", "reviewed_by__verification_notes", "reviewed_by__next_slots")
        .annotate(public_reviewer=reviewer)
        .filter(slug=slug)
        .first()
    )


def is_visible(article: Article, *, now: datetime | None = None) -> bool:
    return (
        article.status == ArticleStatus.PUBLISHED
        and article.published_at is not None
        and article.published_at <= (now or clock.now())
    )


def author_of(article: Article) -> Author | None:
    return Author.objects.filter(pk=article.author_id).first() if article.author_id else None


def author_slugs() -> QuerySet[Author, str]:
    """Of those who have a published article: nobody else's name is told to search engines."""
    written = published().filter(author_id=OuterRef("pk")).order_by()
    return Author.objects.filter(Exists(written)).order_by("slug").values_list("slug", flat=True)


def translations_of(article: Article) -> list[Article]:
    """The same topic in other languages."""
    if not article.topic:
        return []
    same = published().filter(topic=article.topic).exclude(pk=article.pk)
    return list(same.only("pk", "slug", "title", "language").order_by("language"))


def related_to(article: Article) -> list[Article]:
    """Those that share most tags, then the newest of its category; one statement over at most twice COMPARED rows."""
    others = published(language=article.language).exclude(pk=article.pk).only(*CARD)
    of_category = others.filter(category=article.category)[:RELATED]
    if article.tags:
        ids = (
            others.filter(tags__overlap=article.tags).values("pk")[:COMPARED].union(of_category.values("pk"), all=True)
        )
        candidates: Iterable[Article] = others.filter(pk__in=ids)
    else:
        candidates = of_category
    tags = set(article.tags)
    return sorted(candidates, key=lambda other: -len(tags & set(other.tags)))[:RELATED]


def latest(*, language: str, number: int) -> list[Article]:
    return list(published(language=language).only(*CARD)[:number])


def changed(start: int, number: int) -> Iterator[tuple[str, datetime]]:
    """For the site map: (slug, when readers last saw a change) of the published ones, by age."""
    seen = Greatest(F("updated_at"), F("published_at"))
    rows = published().order_by("published_at", "pk").annotate(changed_at=seen).values_list("slug", "changed_at")
    return rows[start : start + number].iterator()
