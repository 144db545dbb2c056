"""Moderating reviews and doctors' answers in the platform's admin."""

from typing import Any

from django.contrib import admin
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, OuterRef, QuerySet, Value
from django.db.models.functions import Concat
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Doctor
from clinics.admin_sites import platform_admin
from clinics.models import Membership
from content.models import Review, ReviewAnswer
from content.moderation_admin import ModerationAdmin, Queue, bulk_decisions
from content.review_marks import marked
from content.review_reasons import ANSWER_REASONS, REVIEW_REASONS
from content.reviewers import shown_name, stars_of
from content.services import moderation


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
    confirmed_actions = bulk_decisions(
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
    confirmed_actions = bulk_decisions(
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
