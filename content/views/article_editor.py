"""Writing an article: one form that keeps, previews, publishes and takes back, with and without scripts.

Every button sends the whole form, so that nothing typed is lost by pressing the wrong one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext

from clinics.admin_base import CarefulModelAdmin
from content import reading
from content.diffs import Line, differences
from content.exceptions import ArticleRefused, StaleArticle
from content.forms.articles import ArticleForm, ScheduleForm, Sources, with_one_more
from content.markdown import MOST_CHARACTERS, to_html
from content.models import Article, ArticleLanguage, ArticleRevision, Author
from content.pictures import Hero, hero_of
from content.services import articles as services
from precta import hosts
from precta.files.forms import status_of

# What a translation begins with: what it is about stays, its words are new.
SHARED = ("topic", "category", "featured_image_url", "author_id", "sources")
MOVES = {"unpublish": services.unpublish, "archive": services.archive, "restore": services.restore}
DIFFERING = ("title", "excerpt", "body", "tags", "sources", "slug", "language", "topic", "category")
# In one order: the database gives the keys of an object back in an order of its own.
OF_A_SOURCE = ("publisher", "title", "url")
ACTS = frozenset({"save", "preview", "more", "publish", "schedule", *MOVES})


@dataclass(frozen=True, slots=True)
class Preview:
    """An article as it would be read. `html` is None when there is too much text to draw."""

    title: str
    excerpt: str
    html: str | None
    words: int
    minutes: int
    hero: Hero | None = None
    sources: Sequence[dict[str, str]] = ()


def preview_of(title: str, excerpt: str, body: str, hero: Hero | None = None, sources: Any = ()) -> Preview:
    if len(body) > MOST_CHARACTERS:
        return Preview(title, excerpt, None, 0, 0)
    return Preview(title, excerpt, to_html(body), reading.words(body), reading.minutes(body), hero, sources)


def readable(value: Any) -> str:
    """A column of an article as lines of text, to be compared."""
    if isinstance(value, list):
        return "\n".join(
            " · ".join(str(row.get(name, "")) for name in OF_A_SOURCE) if isinstance(row, dict) else str(row)
            for row in value
        )
    return str(value or "")


def compared(before: Any, after: Any, names: tuple[str, ...]) -> list[tuple[str, list[Line]]]:
    """What differs between two articles or revisions: (the column's name, its lines)."""
    found = []
    for name in names:
        lines = differences(readable(getattr(before, name)), readable(getattr(after, name)))
        if lines:
            found.append((capfirst(str(Article._meta.get_field(name).verbose_name)), lines))
    return found


class Editor(CarefulModelAdmin):
    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._edit(request, self._begun(request))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self._edit(request, self._found(object_id))

    def live_preview(self, request: HttpRequest) -> HttpResponse:
        """What is in the form at this moment; nothing is kept."""
        typed = {name: request.POST.get(name, "") for name in ("title", "excerpt", "body")}
        return render(request, "admin/platform/_article_preview.html", {"preview": preview_of(**typed)})

    def _found(self, article_id: str) -> Article:
        return get_object_or_404(Article.objects.select_related("reviewed_by"), pk=article_id)

    def _begun(self, request: HttpRequest) -> Article:
        """A new article; with ?translate=<id> one that says in the other language what that one says."""
        article = Article(language=ArticleLanguage.ENGLISH)
        if Author.objects.filter(pk=request.user.pk).exists():
            article.author_id = request.user.pk
        original = Article.objects.filter(pk=request.GET.get("translate", "")[:36]).first()
        if original is not None:
            for name in SHARED:
                setattr(article, name, getattr(original, name))
            article.language = _other(original.language)
        return article

    def _edit(self, request: HttpRequest, article: Article) -> HttpResponse:
        if request.method not in {"GET", "HEAD", "POST"}:
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        if request.method != "POST":
            return self._page(
                request,
                article,
                form=ArticleForm(instance=article),
                rows=Sources(prefix="s", initial=_rows(article.sources)),
                schedule=ScheduleForm(initial={"at": localtime(article.published_at)} if article.published_at else {}),
                seen=services.token_of(article),
            )
        act = request.POST.get("act", "save")
        data = with_one_more(request.POST, "s") if act == "more" else request.POST
        is_new, now_shown = article._state.adding, _as_it_is(article)
        form, rows, schedule = (
            ArticleForm(data, request.FILES, instance=article),
            Sources(data, prefix="s"),
            ScheduleForm(data),
        )
        page: dict[str, Any] = {"form": form, "rows": rows, "schedule": schedule, "shown": now_shown}
        seen = data.get("seen", "")[:64] or "-"
        if act in {"preview", "more"} or act not in ACTS or (is_new and act in MOVES):
            return self._unjudged(request, article, act, page, seen)
        is_good = all([form.is_valid(), rows.is_valid(), schedule.is_valid() or act != "schedule"])
        at = schedule.cleaned_data.get("at") if is_good else None
        if is_good and act == "schedule" and at is None:
            schedule.add_error("at", gettext("Choose a day and a time."))
            is_good = False
        if not is_good:
            # What the form has written into the row so far is no article: show what is kept.
            return self._page(request, article, **page, seen=seen, status=status_of(form))
        article.sources = rows.values()
        try:
            self._keep(request, article, act, form.cleaned_data.get("note", ""), "" if is_new else seen)
        except StaleArticle as stale:
            # It was read after the move, which is undone.
            stale.current.refresh_from_db(fields=["status", "published_at"])
            changed = compared(stale.current, article, DIFFERING)
            page["shown"] = stale.current
            return self._page(
                request,
                article,
                **page,
                seen=services.token_of(stale.current),
                status=409,
                stale=stale,
                changed=changed,
            )
        except ArticleRefused as refused:
            if is_new:
                article._state.adding = True
            return self._page(request, article, **page, seen=seen, status=400, reasons=refused.reasons)
        self._then(request, article, act, at)
        return HttpResponseRedirect(_url(article))

    def _keep(self, request: HttpRequest, article: Article, act: str, note: str, seen: str) -> None:
        with transaction.atomic():
            if act in MOVES:
                # First, or what is being taken back would have to be fit for readers.
                MOVES[act](article=article, by_user=request.user)
            services.save_article(article=article, by_user=request.user, note=note, seen=seen)

    def _then(self, request: HttpRequest, article: Article, act: str, at: Any) -> None:
        """What follows the saving, and what the person is told."""
        if act not in {"publish", "schedule"}:
            messages.success(request, _told(act))
            return
        try:
            services.publish(article=article, by_user=request.user, at=at if act == "schedule" else None)
        except ArticleRefused as refused:
            for reason in refused.reasons:
                messages.warning(request, str(reason))
            messages.warning(request, gettext("It is saved, and not published."))
            return
        if services.is_scheduled(article):
            when = localtime(article.published_at)
            messages.success(
                request, gettext("Readers will see it from %(when)s on.") % {"when": f"{when:%d.%m.%Y, %H:%M}"}
            )
        else:
            messages.success(request, gettext("Readers see it now."))

    def _unjudged(
        self, request: HttpRequest, article: Article, act: str, page: dict[str, Any], seen: str
    ) -> HttpResponse:
        """The form as it was sent, with the article as it would be read above it, or with one more row."""
        data = request.POST
        preview = None
        if act == "preview":
            written = (data.get(name, "") for name in ("title", "excerpt", "body"))
            whole = [row.cleaned_data for row in page["rows"].forms if row.is_valid() and row.cleaned_data]
            preview = preview_of(*written, hero=hero_of(page["shown"]), sources=whole)
        elif act != "more":
            messages.warning(request, gettext("Nothing was done: choose one of the buttons."))
        for bound in (page["form"], page["schedule"], *page["rows"].forms):
            # Nothing is judged yet: whoever is in the middle of writing needs no red.
            bound._errors = {}
        page["rows"]._errors, page["rows"]._non_form_errors = [], page["rows"].error_class()
        return self._page(request, article, **page, seen=seen, preview=preview, sent_files=bool(request.FILES))

    def _page(
        self,
        request: HttpRequest,
        article: Article,
        *,
        form: ArticleForm,
        rows: Any,
        schedule: ScheduleForm,
        seen: str,
        shown: Article | None = None,
        status: int = 200,
        preview: Preview | None = None,
        **more: Any,
    ) -> HttpResponse:
        shown = shown or article
        is_new = shown._state.adding
        other = _other(shown.language)
        translation = None
        if not is_new and shown.topic:
            translation = Article.objects.filter(topic=shown.topic, language=other).defer("body").first()
        is_waiting = services.is_scheduled(shown)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("New article") if is_new else shown.title,
            "opts": self.opts,
            "article": shown,
            "is_new": is_new,
            "form": form,
            "rows": rows,
            "schedule": schedule,
            "seen": seen,
            "preview": preview,
            "first_preview": preview_of(shown.title, shown.excerpt, shown.body, hero_of(shown), _rows(shown.sources)),
            "hero": hero_of(shown),
            "is_scheduled": is_waiting,
            "is_seen": not is_new and shown.status == services.PUBLISHED and not is_waiting,
            "was_seen": not is_new and services.was_public(shown),
            "missing": [] if is_new or shown.status != services.DRAFT else services.lacks(shown),
            "translation": translation,
            "other_language": ArticleLanguage(other).label,
            "public_url": "" if is_new else hosts.platform_url("content:public:article", shown.slug),
            "versions": 0 if is_new else ArticleRevision.objects.filter(article=shown).count(),
            **more,
        }
        return render(request, "admin/platform/article.html", context, status=status)


def _as_it_is(article: Article) -> Article:
    """A copy that the form does not write into: what is kept, for what the page says of it."""
    copy = Article(**{field.attname: getattr(article, field.attname) for field in Article._meta.concrete_fields})
    copy._state.adding, copy._state.db = article._state.adding, article._state.db
    return copy


def _rows(sources: Any) -> list[dict[str, str]]:
    return [row for row in sources if isinstance(row, dict)] if isinstance(sources, list) else []


def _other(language: str) -> str:
    return ArticleLanguage.SWAHILI if language == ArticleLanguage.ENGLISH else ArticleLanguage.ENGLISH


def _url(article: Article) -> str:
    return reverse("admin:content_article_change", args=[article.pk])


def _told(act: str) -> str:
    return {
        "unpublish": gettext("It is a draft again; readers no longer see it."),
        "archive": gettext("It is archived; readers no longer see it."),
        "restore": gettext("It is back as a draft."),
    }.get(act, gettext("Saved."))
