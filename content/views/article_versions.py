"""What an article said before: every saved version, what changed in it, and taking it back."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext

from clinics.admin_base import CarefulModelAdmin
from content.exceptions import ArticleRefused, StaleArticle
from content.models import Article, ArticleRevision, Author
from content.services import articles as services
from content.views.article_editor import compared, preview_of

PAGE = 30
LARGEST = 2**31 - 1


class Versions(CarefulModelAdmin):
    def versions(self, request: HttpRequest, article_id: str) -> HttpResponse:
        article = get_object_or_404(Article, pk=article_id)
        rows = article.revisions.select_related("saved_by").defer("body", "sources")
        page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
        names = _names([row.saved_by_id for row in page])
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Versions of %(title)s") % {"title": article.title},
            "opts": self.opts,
            "article": article,
            "page": page,
            "rows": [(row, names.get(row.saved_by_id) or row.saved_by) for row in page],
            "latest": article.revisions.values_list("number", flat=True).first(),
        }
        return render(request, "admin/platform/article_versions.html", context)

    def version(self, request: HttpRequest, article_id: str, number: int) -> HttpResponse:
        """One version: what it changed, what has changed since, and how it read."""
        if number > LARGEST:
            raise Http404
        article = get_object_or_404(Article, pk=article_id)
        revision = get_object_or_404(article.revisions.select_related("saved_by"), number=number)
        if request.method == "POST":
            return self._restore(request, article, revision)
        return self._show(request, article, revision)

    def _restore(self, request: HttpRequest, article: Article, revision: ArticleRevision) -> HttpResponse:
        seen = request.POST.get("seen", "")[:64] or "-"
        try:
            services.restore_revision(revision=revision, by_user=request.user, seen=seen)
        except StaleArticle as stale:
            messages.warning(request, str(stale))
            return self._show(request, stale.current, revision, status=409)
        except ArticleRefused as refused:
            for reason in refused.reasons:
                messages.warning(request, str(reason))
            return self._show(request, article, revision, status=400)
        words = {"number": revision.number}
        messages.success(request, gettext("The article says again what version %(number)s said.") % words)
        return HttpResponseRedirect(reverse("admin:content_article_change", args=[article.pk]))

    def _show(
        self, request: HttpRequest, article: Article, revision: ArticleRevision, status: int = 200
    ) -> HttpResponse:
        around = article.revisions.defer("body", "sources")
        before = article.revisions.filter(number__lt=revision.number).first()
        later = around.filter(number__gt=revision.number).order_by("number").first()
        since = compared(revision, article, services.WORDS)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Version %(number)s") % {"number": revision.number},
            "opts": self.opts,
            "article": article,
            "revision": revision,
            "who": _names([revision.saved_by_id]).get(revision.saved_by_id) or revision.saved_by,
            "before": before,
            "later": later,
            "changed": compared(before, revision, services.WORDS) if before is not None else [],
            "since": since,
            "preview": preview_of(revision.title, revision.excerpt, revision.body, sources=revision.sources),
            "seen": services.token_of(article),
        }
        return render(request, "admin/platform/article_version.html", context, status=status)


def _names(ids: list[str | None]) -> dict[str | None, str]:
    """Authors by the name that readers know."""
    return dict(Author.objects.filter(pk__in=[each for each in ids if each]).values_list("pk", "name"))
