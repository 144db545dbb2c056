"""The list of the articles, what can be done to several at once, and the addresses of their pages."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Exists, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.admin_sites import platform_admin
from clinics.admin_tools import ActionRefused, ConfirmedAction
from content.exceptions import ArticleRefused
from content.models import Article, ArticleStatus, Author
from content.services.articles import archive, is_scheduled, publish
from content.views.article_editor import Editor
from content.views.article_versions import Versions
from precta import clock, hosts


class State(admin.SimpleListFilter):
    """The status as editors mean it: who is scheduled is not yet published."""

    title = _("status")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        return [
            ("draft", ArticleStatus.DRAFT.label),
            ("scheduled", _("Scheduled")),
            ("published", ArticleStatus.PUBLISHED.label),
            ("archived", ArticleStatus.ARCHIVED.label),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now, status = clock.now(), self.value()
        if status == "scheduled":
            return queryset.filter(status=ArticleStatus.PUBLISHED, published_at__gt=now)
        if status == "published":
            return queryset.filter(status=ArticleStatus.PUBLISHED, published_at__lte=now)
        return queryset.filter(status=status) if status in {"draft", "archived"} else queryset


class WrittenBy(admin.SimpleListFilter):
    title = _("author")
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        return [*Author.objects.order_by("name").values_list("slug", "name"), ("-", _("Nobody is named"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "-":
            return queryset.filter(author__isnull=True)
        authors = Author.objects.filter(slug=self.value()).values("pk")
        return queryset.filter(author__in=authors) if self.value() else queryset


class Lacking(admin.SimpleListFilter):
    title = _("still to do")
    parameter_name = "lacks"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        return [
            ("review", _("Not medically reviewed")),
            ("translation", _("Without a translation")),
            ("picture", _("Without a picture")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "review":
            return queryset.filter(reviewed_by__isnull=True)
        if self.value() == "translation":
            others = Article.objects.filter(topic=OuterRef("topic")).exclude(language=OuterRef("language"))
            return queryset.filter(models.Q(topic="") | ~Exists(others))
        return queryset.filter(featured_image_url="") if self.value() == "picture" else queryset


def _publish(request: HttpRequest, article: Article, reason: str) -> bool:
    try:
        publish(article=article, by_user=request.user)
    except ArticleRefused as refused:
        raise ActionRefused(str(refused)) from refused
    return True


def _archive(request: HttpRequest, article: Article, reason: str) -> bool:
    try:
        archive(article=article, by_user=request.user)
    except ArticleRefused as refused:
        raise ActionRefused(str(refused)) from refused
    return True


PUBLISH = ConfirmedAction(
    name="publish",
    label=_("Publish the chosen articles now"),
    explanation=_(
        "Drafts and scheduled articles are seen by readers at once. Those that lack a summary, sources or the "
        "words for their picture are left alone, and you are told why."
    ),
    button=_("Publish"),
    run=_publish,
)
ARCHIVE = ConfirmedAction(
    name="archive",
    label=_("Archive the chosen articles"),
    explanation=_(
        "Published articles leave every list, and who follows a link to one is told that it is no longer there. They "
        "can be brought back as drafts."
    ),
    button=_("Archive"),
    run=_archive,
    danger=True,
)


@admin.register(Article, site=platform_admin)
class ArticleAdmin(Versions, Editor):
    list_display = (
        *("title", "state", "language", "category", "written_by", "reviewed", "published_at", "view_count"),
        "public_page",
    )
    list_filter = (State, "language", "category", WrittenBy, Lacking)
    list_select_related = ("reviewed_by",)
    search_fields = ("title", "slug", "topic", "excerpt")
    search_help_text = _("Title, address, topic or summary")
    date_hierarchy = "published_at"
    # Drafts, which have no date, are what is being worked on.
    ordering = (models.F("published_at").desc(nulls_first=True), "-updated_at", "pk")
    confirmed_actions = (PUBLISH, ARCHIVE)
    export_fields = (
        *("title", "slug", "language", "topic", "category", "state", "written_by", "reviewed_by", "reviewed_at"),
        *("published_at", "reading_minutes", "view_count", "updated_at"),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Article]:
        named = Author.objects.filter(pk=OuterRef("author_id")).values("name")
        return super().get_queryset(request).annotate(author_name=Subquery(named)).defer("body", "sources")

    @admin.display(description=_("status"), ordering="status")
    def state(self, article: Article) -> SafeString:
        if is_scheduled(article):
            return format_html('<span class="badge brand">{}</span>', gettext("Scheduled"))
        tone = {"draft": "warn", "published": "ok"}.get(article.status, "")
        return format_html('<span class="badge {}">{}</span>', tone, article.get_status_display())

    @admin.display(description=_("author"), ordering="author_name")
    def written_by(self, article: Article) -> str | None:
        return article.author_name  # type: ignore[attr-defined]

    @admin.display(description=_("reviewed"), ordering="reviewed_at")
    def reviewed(self, article: Article) -> SafeString:
        tone, word = ("ok", gettext("Yes")) if article.reviewed_by_id else ("", gettext("No"))
        return format_html('<span class="badge {}">{}</span>', tone, word)

    @admin.display(description=_("page"))
    def public_page(self, article: Article) -> SafeString | None:
        if article.status != ArticleStatus.PUBLISHED or is_scheduled(article):
            return None
        url = hosts.platform_url("content:public:article", article.slug)
        words = gettext("Read “%(title)s” as readers do") % {"title": article.title}
        return format_html('<a href="{}" aria-label="{}">{}</a>', url, words, gettext("Open"))

    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[str, Callable[..., HttpResponse]]] = {
            "preview": ("preview/", require_POST(self.live_preview)),
            "versions": ("<str:article_id>/versions/", require_safe(self.versions)),
            "version": (
                "<str:article_id>/versions/<int:number>/",
                require_http_methods(["GET", "HEAD", "POST"])(self.version),
            ),
        }
        own = [
            path(route, self.admin_site.admin_view(view), name=f"content_article_{name}")
            for name, (route, view) in pages.items()
        ]
        return [*own, *super().get_urls()]
