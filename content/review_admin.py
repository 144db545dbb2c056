"""Moderating reviews, answers and reports in the platform's admin: the queues, and a page for each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Case, CharField, F, OuterRef, QuerySet, Value, When
from django.db.models.functions import Concat
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.models import Doctor
from accounts.rejection_reasons import Reason
from clinics.admin_base import ReadOnlyAdmin
from clinics.admin_sites import platform_admin
from clinics.admin_tools import MOST_AT_ONCE, ActionRefused, ConfirmedAction
from clinics.models import Membership
from content.exceptions import ChangedMeanwhile, DecidedMeanwhile
from content.forms.reviews import RefusalForm
from content.models import MODERATION, ModerationStatus, Review, ReviewAnswer, ReviewReport
from content.review_marks import kinds_in, marked
from content.review_reasons import ANSWER_REASONS, REVIEW_REASONS, text_for
from content.reviewers import shown_name, stars_of
from content.services import moderation
from precta import clock

APPROVED, REJECTED, PENDING = ModerationStatus.APPROVED, ModerationStatus.REJECTED, ModerationStatus.PENDING
IN_A_LIST = 400


def with_names(rows: QuerySet[Any], clinic: str) -> QuerySet[Any]:
    """Each row with the names of the clinic’s doctors and staff, whom no text should name."""
    doctors = (
        Doctor.objects.filter(clinic=OuterRef(clinic))
        .order_by()
        .values(n=Concat("first_name", Value(" "), "last_name", output_field=CharField()))
    )
    staff = Membership.objects.filter(clinic=OuterRef(clinic), is_active=True, user__patient__isnull=False).order_by()
    staff_names = staff.values(
        n=Concat("user__patient__first_name", Value(" "), "user__patient__last_name", output_field=CharField())
    )
    return rows.annotate(doctor_names=ArraySubquery(doctors), staff_names=ArraySubquery(staff_names))


def names_of(row: Any, review: Review) -> list[str]:
    """Everybody whom a text about this review may name: doctor, patient, who wrote it, the clinic's people."""
    writer = getattr(review.written_by, "patient", None)
    own = [review.doctor.full_name, review.patient.full_name, writer.full_name if writer is not None else ""]
    return [*own, *row.doctor_names, *row.staff_names]


@dataclass(frozen=True)
class BulkDecision(ConfirmedAction):
    """Decides on several rows as on one: each by itself, each only if its text is still the one that was shown.

    `decide(row, by, seen, reason)`; with `reasons` the page asks for one of them.
    """

    decide: Callable[[Any, Any, str, Callable[[Any], str]], Any] = lambda row, by, seen, reason: None
    reasons: dict[str, Reason] | None = None
    author: Callable[[Any], Any] = lambda row: None

    def __call__(self, model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        rows = list(queryset[: MOST_AT_ONCE + 1])
        if len(rows) > MOST_AT_ONCE:
            messages.error(request, gettext("Choose at most %(most)d at once.") % {"most": MOST_AT_ONCE})
            return None
        is_confirmed = request.POST.get("confirmed") == "yes"
        form = RefusalForm(request.POST if is_confirmed else None, reasons=self.reasons) if self.reasons else None
        if is_confirmed and (form is None or form.is_valid()):
            self._decide_all(model_admin, request, rows, form.cleaned_data if form is not None else {})
            return None
        context = {
            **model_admin.admin_site.each_context(request),
            "title": self.label,
            "action": self,
            "rows": [
                (row, model_admin.title_of(row), model_admin.marked_text(row, whole=True), moderation.version_of(row))
                for row in rows
            ],
            "form": form,
            "opts": model_admin.opts,
            "checkbox": ACTION_CHECKBOX_NAME,
            "back": request.get_full_path(),
        }
        status = 400 if is_confirmed else 200
        return TemplateResponse(request, "admin/platform/review_bulk.html", context, status=status)

    def _decide_all(self, model_admin: Any, request: HttpRequest, rows: list[Any], why: dict[str, str]) -> None:
        def reason(row: Any) -> str:
            assert self.reasons is not None
            return text_for(self.author(row), self.reasons[why["code"]], why["note"])

        done = 0
        for row in rows:
            # Who sends no version has not been shown the text.
            seen = request.POST.get(f"seen-{row.pk}") or "not shown"
            try:
                self.decide(row, request.user, seen, reason)
                done += 1
            except DecidedMeanwhile:
                messages.warning(request, gettext("%(row)s: decided on already.") % {"row": model_admin.title_of(row)})
            except ChangedMeanwhile:
                sentence = gettext("%(row)s: changed since it was shown. Read it again.")
                messages.warning(request, sentence % {"row": model_admin.title_of(row)})
            except ActionRefused as refusal:
                messages.warning(request, f"{model_admin.title_of(row)}: {refusal}")
        told = ngettext("Done for %(done)d of %(count)d.", "Done for %(done)d of %(count)d.", len(rows))
        messages.success(request, told % {"done": done, "count": len(rows)})


class Queue(admin.SimpleListFilter):
    title = _("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        return [
            ("waiting", _("Waits for a decision")),
            ("again", _("Written anew after a rejection")),
            ("approved", _("Published")),
            ("rejected", _("Rejected")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        waiting = queryset.filter(moderation_status=PENDING)
        wanted: dict[str | None, Any] = {
            "waiting": waiting,
            "again": waiting.filter(attempt__gt=1),
            "approved": queryset.filter(moderation_status=APPROVED),
            "rejected": queryset.filter(moderation_status=REJECTED),
        }
        return wanted.get(self.value(), queryset)


class ModerationAdmin(ReadOnlyAdmin):
    """What waits comes first, the longest waiting at the top."""

    reasons: dict[str, Reason] = {}
    template = ""
    parameter = ""  # what the address calls the row
    ordering = (
        Case(When(moderation_status=PENDING, then=F("created_at"))).asc(nulls_last=True),
        F("moderated_at").desc(nulls_last=True),
        "pk",
    )

    @property
    def media(self) -> Media:
        return super().media + Media(css={"all": ["css/reviews.css"]})

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_decision"
        view = self.admin_site.admin_view(require_POST(self.decide_one))
        return [path(f"<str:{self.parameter}>/decision/", view, name=name), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = get_object_or_404(self.get_queryset(request), pk=object_id)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return self._page(request, row)

    def decide_one(self, request: HttpRequest, **named: str) -> HttpResponse:
        """What somebody else has decided meanwhile, or its author has changed, is told and not overwritten."""
        row = get_object_or_404(self.get_queryset(request), pk=named[self.parameter])
        action, seen = request.POST.get("action"), request.POST.get("seen") or "not shown"
        if action == "approve":
            act, told = (lambda: self.approve(row, request.user, seen)), gettext("It is published now.")
        elif action == "reject":
            form = RefusalForm(request.POST, reasons=self.reasons)
            if not form.is_valid():
                return self._page(request, row, form=form, status=400)
            why = text_for(self.author_of(row), self.reasons[form.cleaned_data["code"]], form.cleaned_data["note"])
            act, told = (
                (lambda: self.reject(row, request.user, seen, why)),
                gettext("It is rejected; its author is told why."),
            )
        else:
            return HttpResponseRedirect(self.url_of(row))
        try:
            act()
        except DecidedMeanwhile:
            messages.warning(request, gettext("Somebody else has decided meanwhile. Look at it again."))
        except ChangedMeanwhile:
            messages.warning(request, gettext("The author has changed the text meanwhile. Read it again."))
        else:
            messages.success(request, told)
            return HttpResponseRedirect(self._next(request))
        return HttpResponseRedirect(self.url_of(row))

    def _next(self, request: HttpRequest) -> str:
        """The one that waits the longest now, else the list."""
        waiting = self.model._default_manager.filter(moderation_status=PENDING).order_by("created_at", "pk").first()
        return self.url_of(waiting) if waiting is not None else self._list_url()

    def _list_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def url_of(self, row: models.Model) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def _page(
        self, request: HttpRequest, row: Any, *, form: RefusalForm | None = None, status: int = 200
    ) -> HttpResponse:
        may = MODERATION[ModerationStatus(row.moderation_status)]
        context = {
            **self.admin_site.each_context(request),
            "title": self.title_of(row),
            "opts": self.opts,
            "original": row,
            "row": row,
            "seen": moderation.version_of(row),
            "text": self.marked_text(row, whole=True),
            "kinds": kinds_in(self.text_of(row), self.names(row)),
            "may_approve": APPROVED in may,
            "may_reject": REJECTED in may,
            "was_published": row.moderation_status == APPROVED,
            "form": form or RefusalForm(reasons=self.reasons),
            "has_errors": form is not None,
            "decision_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_decision", args=[row.pk]),
            "trail_url": reverse("admin:audit_auditlog_changelist") + f"?q={row.pk}",
            **self.more_context(row),
        }
        return render(request, self.template, context, status=status)

    @admin.display(description=_("text"))
    def marked_text(self, row: Any, whole: bool = False) -> SafeString | str:
        text = self.text_of(row)
        cut = text if whole or len(text) <= IN_A_LIST else text[:IN_A_LIST] + "…"
        return format_html('<div class="marked" dir="auto">{}</div>', marked(cut, self.names(row))) if text else "–"

    @admin.display(description=_("waits for"), ordering="created_at")
    def waiting_for(self, row: Any) -> str:
        return timesince(row.created_at, clock.now(), depth=1) if row.moderation_status == PENDING else ""

    @admin.display(description=_("state"), ordering="moderation_status")
    def state(self, row: Any) -> SafeString:
        tone = {PENDING: "warn", APPROVED: "ok", REJECTED: "bad"}[ModerationStatus(row.moderation_status)]
        words = gettext("Pending") if row.moderation_status == PENDING else row.get_moderation_status_display()
        return format_html('<span class="badge {}">{}</span>', tone, words)

    def text_of(self, row: Any) -> str:
        raise NotImplementedError

    def names(self, row: Any) -> list[str]:
        raise NotImplementedError

    def title_of(self, row: Any) -> str:
        raise NotImplementedError

    def author_of(self, row: Any) -> Any:
        raise NotImplementedError

    def approve(self, row: Any, by: Any, seen: str) -> Any:
        raise NotImplementedError

    def reject(self, row: Any, by: Any, seen: str, reason: str) -> Any:
        raise NotImplementedError

    def more_context(self, row: Any) -> dict[str, Any]:
        return {}


def _bulk(
    *, author: Callable[[Any], Any], approve: Callable[..., Any], reject: Callable[..., Any], reasons: dict[str, Reason]
) -> tuple[BulkDecision, BulkDecision]:
    return (
        BulkDecision(
            name="approve",
            label=_("Publish the chosen ones"),
            explanation=_("Everybody can read them at once, and their authors are told. Read each of them first."),
            button=_("Publish"),
            run=lambda request, row, reason: True,
            decide=lambda row, by, seen, reason: approve(row, by, seen),
            author=author,
        ),
        BulkDecision(
            name="reject",
            label=_("Reject the chosen ones"),
            explanation=_("Nobody reads them, and each author is told why. Published ones are taken off."),
            button=_("Reject"),
            run=lambda request, row, reason: True,
            danger=True,
            decide=lambda row, by, seen, reason: reject(row, by, seen, reason(row)),
            reasons=reasons,
            author=author,
        ),
    )


def _approve_review(row: Review, by: Any, seen: str) -> Any:
    return moderation.approve_review(review=row, by=by, seen=seen)


def _reject_review(row: Review, by: Any, seen: str, reason: str) -> Any:
    return moderation.reject_review(review=row, by=by, seen=seen, reason=reason)


def _approve_answer(row: ReviewAnswer, by: Any, seen: str) -> Any:
    return moderation.approve_answer(answer=row, by=by, seen=seen)


def _reject_answer(row: ReviewAnswer, by: Any, seen: str, reason: str) -> Any:
    return moderation.reject_answer(answer=row, by=by, seen=seen, reason=reason)


@admin.register(Review, site=platform_admin)
class ReviewAdmin(ModerationAdmin):
    reasons = REVIEW_REASONS
    template = "admin/platform/review.html"
    parameter = "review_id"
    list_display = ("stars", "marked_text", "doctor", "clinic", "waiting_for", "state")
    list_select_related = ("doctor", "clinic", "patient", "written_by__patient")
    list_filter = (Queue, "rating", "clinic")
    search_fields = ("doctor__first_name", "doctor__last_name", "comment")
    search_help_text = _("Doctor’s name or a word of the text")
    fields = ("doctor", "clinic", "rating", "comment", "moderation_status")
    export_fields = ("doctor", "clinic", "rating", "moderation_status", "created_at", "moderated_at", "moderated_by")
    confirmed_actions = _bulk(
        author=lambda row: row.written_by, approve=_approve_review, reject=_reject_review, reasons=REVIEW_REASONS
    )
    approve = staticmethod(_approve_review)
    reject = staticmethod(_reject_review)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        rows = super().get_queryset(request).select_related(*self.list_select_related, "moderated_by")
        return with_names(rows, "clinic")

    @admin.display(description=_("stars"), ordering="rating")
    def stars(self, row: Review) -> SafeString:
        words = gettext("%(stars)d of 5 stars") % {"stars": row.rating}
        return format_html(
            '<span class="review-stars" aria-hidden="true">{}</span><span class="sr">{}</span>',
            stars_of(row.rating),
            words,
        )

    def text_of(self, row: Review) -> str:
        return row.comment

    def names(self, row: Review) -> list[str]:
        return names_of(row, row)

    def title_of(self, row: Review) -> str:
        return f"{row.doctor}, {row.rating}/5"

    def author_of(self, row: Review) -> Any:
        return row.written_by

    def more_context(self, row: Review) -> dict[str, Any]:
        return {
            "shown_name": shown_name(row),
            "stars": stars_of(row.rating),
            "reports": list(row.reports.order_by("created_at").select_related("decided_by")),
            "answer": ReviewAnswer.objects.filter(review=row).first(),
        }


@admin.register(ReviewAnswer, site=platform_admin)
class ReviewAnswerAdmin(ModerationAdmin):
    reasons = ANSWER_REASONS
    template = "admin/platform/review_answer.html"
    parameter = "answer_id"
    list_display = ("doctor", "marked_text", "waiting_for", "state")
    list_select_related = ("review__doctor", "review__clinic", "review__patient", "review__written_by__patient")
    list_filter = (Queue,)
    search_fields = ("review__doctor__first_name", "review__doctor__last_name", "text")
    search_help_text = _("Doctor’s name or a word of the text")
    fields = ("review", "text", "moderation_status")
    export_fields = ("doctor", "moderation_status", "created_at", "moderated_at", "moderated_by")
    confirmed_actions = _bulk(
        author=lambda row: row.review.doctor.user,
        approve=_approve_answer,
        reject=_reject_answer,
        reasons=ANSWER_REASONS,
    )
    approve = staticmethod(_approve_answer)
    reject = staticmethod(_reject_answer)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewAnswer]:
        rows = super().get_queryset(request)
        rows = rows.select_related(*self.list_select_related, "review__doctor__user", "moderated_by")
        return with_names(rows, "review__clinic")

    @admin.display(description=_("doctor"), ordering="review__doctor__last_name")
    def doctor(self, row: ReviewAnswer) -> str:
        return str(row.review.doctor)

    def text_of(self, row: ReviewAnswer) -> str:
        return row.text

    def names(self, row: ReviewAnswer) -> list[str]:
        """The doctor signs it and may be named; the patient and colleagues may not."""
        own = row.review.doctor.full_name
        return [name for name in names_of(row, row.review) if name != own]

    def title_of(self, row: ReviewAnswer) -> str:
        return gettext("Answer of %(doctor)s") % {"doctor": row.review.doctor}

    def author_of(self, row: ReviewAnswer) -> Any:
        return row.review.doctor.user

    def more_context(self, row: ReviewAnswer) -> dict[str, Any]:
        review = row.review
        return {
            "review": review,
            "review_text": format_html(
                '<div class="marked" dir="auto">{}</div>', marked(review.comment, names_of(row, review))
            ),
            "stars": stars_of(review.rating),
        }


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
