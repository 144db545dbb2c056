"""Reports of reviews in the platform's admin: what people object to, and what the platform decided."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Case, F, QuerySet, When
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from clinics.admin_base import ReadOnlyAdmin
from clinics.admin_sites import platform_admin
from content.exceptions import DecidedMeanwhile
from content.forms.reviews import RefusalForm
from content.models import ReviewReport
from content.moderation_admin import IN_A_LIST
from content.review_admin import names_of, with_names
from content.review_marks import marked
from content.review_reasons import REVIEW_REASONS, text_for
from content.reviewers import stars_of
from content.services import moderation
from precta import clock


class Open(admin.SimpleListFilter):
    title = _("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        return [("open", _("Waits for a decision")), ("upheld", _("Upheld")), ("dismissed", _("Dismissed"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted: dict[str | None, Any] = {
            "open": queryset.filter(decided_at__isnull=True),
            "upheld": queryset.filter(was_upheld=True),
            "dismissed": queryset.filter(was_upheld=False),
        }
        return wanted.get(self.value(), queryset)


@admin.register(ReviewReport, site=platform_admin)
class ReviewReportAdmin(ReadOnlyAdmin):
    """What people object to, the longest waiting first."""

    list_display = ("reason", "doctor", "marked_text", "details", "waiting_for", "outcome")
    list_select_related = ("review__doctor", "review__patient", "review__written_by__patient", "reported_by")
    list_filter = (Open, "reason")
    search_fields = ("review__doctor__first_name", "review__doctor__last_name")
    search_help_text = _("Doctor’s name")
    ordering = (
        Case(When(decided_at__isnull=True, then=F("created_at"))).asc(nulls_last=True),
        F("decided_at").desc(nulls_last=True),
        "pk",
    )
    fields = ("review", "reason", "details")
    export_fields = ("doctor", "reason", "created_at", "decided_at", "was_upheld")

    @property
    def media(self) -> Media:
        return super().media + Media(css={"all": ["css/reviews.css"]})

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewReport]:
        rows = super().get_queryset(request).select_related(*self.list_select_related, "review__clinic", "decided_by")
        return with_names(rows, "review__clinic")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.decide_one))
        return [path("<str:report_id>/decision/", view, name="content_reviewreport_decision"), *super().get_urls()]

    @admin.display(description=_("doctor"), ordering="review__doctor__last_name")
    def doctor(self, row: ReviewReport) -> str:
        return str(row.review.doctor)

    @admin.display(description=_("review"))
    def marked_text(self, row: ReviewReport) -> SafeString:
        text = row.review.comment
        cut = text if len(text) <= IN_A_LIST else text[:IN_A_LIST] + "…"
        return format_html(
            '<div class="marked" dir="auto"><span class="review-stars">{}</span> {}</div>',
            stars_of(row.review.rating),
            marked(cut, names_of(row, row.review)),
        )

    @admin.display(description=_("waits for"), ordering="created_at")
    def waiting_for(self, row: ReviewReport) -> str:
        return timesince(row.created_at, clock.now(), depth=1) if row.decided_at is None else ""

    @admin.display(description=_("state"), ordering="was_upheld")
    def outcome(self, row: ReviewReport) -> str:
        if row.decided_at is None:
            return gettext("Waits for a decision")
        return gettext("Upheld") if row.was_upheld else gettext("Dismissed")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = get_object_or_404(self.get_queryset(request), pk=object_id)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return self._page(request, row)

    def decide_one(self, request: HttpRequest, report_id: str) -> HttpResponse:
        row = get_object_or_404(self.get_queryset(request), pk=report_id)
        action = request.POST.get("action")
        here = reverse("admin:content_reviewreport_change", args=[row.pk])
        try:
            if action == "dismiss":
                moderation.dismiss_report(report=row, by=request.user)
                messages.success(request, gettext("The report is dismissed; the review stands."))
            elif action == "uphold":
                form = RefusalForm(request.POST, reasons=REVIEW_REASONS)
                if not form.is_valid():
                    return self._page(request, row, form=form, status=400)
                said = form.cleaned_data
                why = text_for(row.review.written_by, REVIEW_REASONS[said["code"]], said["note"])
                moderation.uphold_report(report=row, by=request.user, reason=why)
                messages.success(request, gettext("The review is taken off; its author is told why."))
            else:
                return HttpResponseRedirect(here)
        except DecidedMeanwhile:
            messages.warning(request, gettext("Somebody else has decided meanwhile. Look at it again."))
            return HttpResponseRedirect(here)
        return HttpResponseRedirect(reverse("admin:content_reviewreport_changelist") + "?queue=open")

    def _page(
        self, request: HttpRequest, row: ReviewReport, *, form: RefusalForm | None = None, status: int = 200
    ) -> HttpResponse:
        review = row.review
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Report of a review of %(doctor)s") % {"doctor": review.doctor},
            "opts": self.opts,
            "original": row,
            "row": row,
            "review": review,
            "stars": stars_of(review.rating),
            "text": format_html(
                '<div class="marked" dir="auto">{}</div>', marked(review.comment, names_of(row, review))
            ),
            "form": form or RefusalForm(reasons=REVIEW_REASONS),
            "has_errors": form is not None,
            "others": review.reports.exclude(pk=row.pk).count(),
        }
        return render(request, "admin/platform/review_report.html", context, status=status)
