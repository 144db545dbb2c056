"""How those who write articles are named: the platform's list of authors and the form of each."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinics.admin_base import CarefulModelAdmin
from clinics.admin_sites import platform_admin
from content.exceptions import ArticleRefused
from content.forms.articles import AuthorForm
from content.models import Article, Author
from content.services.authors import save_author
from precta import hosts
from precta.files.forms import status_of


class Writing(admin.SimpleListFilter):
    title = _("articles")
    parameter_name = "writes"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        return [("yes", _("With articles")), ("no", _("Without articles"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted = {"yes": {"written__gt": 0}, "no": {"written": 0}}.get(self.value() or "")
        return queryset.filter(**wanted) if wanted else queryset


@admin.register(Author, site=platform_admin)
class AuthorAdmin(CarefulModelAdmin):
    list_display = ("name", "role", "slug", "account", "written")
    list_filter = (Writing,)
    list_select_related = ("user",)
    search_fields = ("name", "slug", "role", "user__email")
    search_help_text = _("Name, address or e-mail")
    ordering = ("name", "pk")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Author]:
        theirs = Article.objects.filter(author=OuterRef("pk")).order_by().values("author")
        count = Subquery(theirs.annotate(count=Count("pk")).values("count"))
        return super().get_queryset(request).annotate(written=Coalesce(count, 0))

    @admin.display(description=_("account"), ordering="user__email")
    def account(self, author: Author) -> str:
        return str(author.user)

    @admin.display(description=_("articles"), ordering="written")
    def written(self, author: Author) -> int:
        return author.written  # type: ignore[attr-defined]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._edit(request, Author())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        author = self.get_object(request, object_id)
        if author is None:
            raise Http404
        return self._edit(request, author)

    def _edit(self, request: HttpRequest, author: Author) -> HttpResponse:
        if request.method not in {"GET", "HEAD", "POST"}:
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        is_new, name, slug = author._state.adding, author.name, author.slug
        is_sent, status = request.method == "POST", 200
        form = AuthorForm(request.POST if is_sent else None, request.FILES if is_sent else None, instance=author)
        if is_sent:
            status = 400 if form.is_valid() else status_of(form)
            if form.is_valid():
                try:
                    save_author(author=author, by_user=request.user)
                except ArticleRefused as refused:
                    form.add_error(None, str(refused))
                else:
                    messages.success(request, gettext("Saved."))
                    return HttpResponseRedirect(reverse("admin:content_author_change", args=[author.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("New author") if is_new else name,
            "opts": self.opts,
            "author": author,
            "slug": slug,
            "is_new": is_new,
            "form": form,
            "public_url": "" if is_new else hosts.platform_url("content:public:author", slug),
        }
        return render(request, "admin/platform/author.html", context, status=status)
