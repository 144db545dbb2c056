"""Finding and reading health articles. Anybody may open these pages; they neither read nor start a session."""

from functools import lru_cache
from urllib.parse import quote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from accounts import specialties
from accounts.models import Doctor
from content import cards, choices, counting, markdown, pictures, selectors
from content.filters import Filters
from content.models import Article, ArticleStatus, Author
from precta import hosts


@require_safe
def articles(request: HttpRequest) -> HttpResponse:
    """The list of one language, by category, tag, author and words."""
    asked = Filters.read(request.GET)
    author = Author.objects.filter(slug=asked.author).first() if asked.author else None
    if author is None:
        asked = asked.having(author="", page=asked.page)
    found = selectors.listed(asked, author=author)
    shown = found.filters
    return render(
        request,
        "content/public/articles.html",
        {
            "filters": shown,
            "found": found,
            "cards": cards.cards(found.articles),
            "heading": choices.heading(shown, author),
            "summary": choices.summary(found),
            "in_use": choices.in_use(shown, author),
            "categories": choices.categories(shown),
            "other": choices.other_language(shown),
            "pages": choices.pages(found) if found.pages > 1 else (),
            "leads": not shown.narrows and shown.page == 1 and len(found.articles) > 2,
            "canonical": hosts.platform_url("content:public:articles") + shown.canonical_query_string,
            "alternates": choices.alternates(shown),
            "feed": feed_url(shown.language),
        },
    )


@require_safe
def article(request: HttpRequest, article_slug: str) -> HttpResponse:
    """A published article; 404 for drafts and those of a time to come, 410 for one that was put away."""
    found = selectors.by_slug(article_slug)
    if found is None:
        return _other_spelling(article_slug)
    if found.status == ArticleStatus.ARCHIVED and found.published_at is not None:
        return render(
            request, "content/public/gone.html", {"category": cards.category_name(found.category)}, status=410
        )
    if not selectors.is_visible(found):
        raise Http404
    assert found.published_at is not None
    published_on, changed_on = cards.day_of(found.published_at), cards.day_of(found.updated_at)
    translations = selectors.translations_of(found)
    canonical = hosts.platform_url("content:public:article", found.slug)
    response = render(
        request,
        "content/public/article.html",
        {
            "article": found,
            "card": cards.cards([found])[0],
            "body": body_html(found.body),
            "hero": (hero := pictures.hero_of(found)),
            "picture": hosts.origin(settings.PLATFORM_HOST) + hero.card if hero else "",
            "author": selectors.author_of(found),
            "reviewer": found.reviewed_by,
            "reviewer_title": _title_of(found.reviewed_by) if found.reviewed_by else "",
            "reviewed_on": cards.day_text(found.reviewed_at) if found.reviewed_at else "",
            "changed_on": cards.day_text(changed_on) if changed_on > published_on else "",
            "changed_iso": max(changed_on, published_on).isoformat(),
            "translations": [
                (other, cards.address(other.slug), cards.language_name(other.language)) for other in translations
            ],
            "alternates": [
                (other.language, hosts.platform_url("content:public:article", other.slug))
                for other in (found, *translations)
            ]
            if translations
            else (),
            "related": cards.cards(selectors.related_to(found)),
            "canonical": canonical,
            "mail": _mail(found, canonical),
            "message": f"sms:?&body={quote(f'{found.title} {canonical}')}",
            "feed": feed_url(found.language),
        },
    )
    counting.count_view(request, article_id=found.pk)
    return response


@require_safe
def author(request: HttpRequest, author_slug: str) -> HttpResponse:
    """Who writes here, and what they have written in the reader's language."""
    found = get_object_or_404(Author, slug=author_slug)
    asked = Filters.read({name: request.GET.get(name, "") for name in ("page", "language")})
    written = selectors.listed(asked, author=found)
    shown = written.filters
    here = reverse("content:public:author", args=[found.slug])
    return render(
        request,
        "content/public/author.html",
        {
            "author": found,
            "bio": (found.bio_sw or found.bio_en) if shown.language == "sw" else (found.bio_en or found.bio_sw),
            "cards": cards.cards(written.articles),
            "summary": choices.summary(written),
            "filters": shown,
            "found": written,
            "pages": choices.pages(written) if written.pages > 1 else (),
            "other": choices.other_language(shown),
            "here": here,
            "canonical": hosts.platform_url("content:public:author", found.slug) + shown.canonical_query_string,
        },
    )


def feed_url(language: str) -> str:
    return hosts.platform_url("content:public:feed") + f"?language={language}"


# The text is the key: an edit shows at once, on every worker.
@lru_cache(maxsize=64)
def body_html(text: str) -> SafeString:
    return markdown.to_html(text)


def _other_spelling(slug: str) -> HttpResponse:
    """An address typed with capitals leads to the article's own; anything else leads nowhere."""
    lower = slug.lower()
    if lower != slug and selectors.published().filter(slug=lower).exists():
        return HttpResponsePermanentRedirect(reverse("content:public:article", args=[lower]))
    raise Http404


def _title_of(doctor: Doctor) -> str:
    known = (specialties.BY_SLUG.get(slug) for slug in doctor.specialties)
    return next((str(specialty.practitioner) for specialty in known if specialty), gettext("Doctor"))


def _mail(article: Article, address: str) -> str:
    body = f"{article.excerpt}\n\n{address}"
    return f"mailto:?subject={quote(article.title)}&body={quote(body)}"
