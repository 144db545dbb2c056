"""What patients say of doctors who have really seen them, and what the platform lets stand."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Doctor, Patient
from clinics.models import Clinic
from precta.choices import choices_check
from precta.ids import IdField


class ModerationStatus(models.TextChoices):
    PENDING = "pending", _("Waiting for moderation")
    APPROVED = "approved", _("Published")
    REJECTED = "rejected", _("Rejected")


# What may follow which: a rejected review is written anew by its author once, and its rejection can be taken back.
MODERATION = {
    ModerationStatus.PENDING: frozenset({ModerationStatus.APPROVED, ModerationStatus.REJECTED}),
    ModerationStatus.APPROVED: frozenset({ModerationStatus.REJECTED}),
    ModerationStatus.REJECTED: frozenset({ModerationStatus.PENDING, ModerationStatus.APPROVED}),
}
# How often the same review, or answer, may be written: once, and anew after a rejection.
MOST_ATTEMPTS = 2


class ReportReason(models.TextChoices):
    PRIVATE = "private", _("It tells something private about a person")
    ABUSE = "abuse", _("It insults or threatens")
    FALSE = "false", _("It is not true, or about somebody else")
    ADVERTISING = "advertising", _("It is advertising")
    OTHER = "other", _("Something else")


class Moderated(models.Model):
    """What the platform decides about a text, who did and when; a rejection says why."""

    moderation_status = models.CharField(
        _("moderation"),
        max_length=10,
        choices=ModerationStatus.choices,
        default=ModerationStatus.PENDING,
        db_default=ModerationStatus.PENDING,
        db_index=True,
    )
    moderated_at = models.DateTimeField(_("moderated"), null=True, blank=True)
    moderated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        db_column="moderated_by",
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("moderated by"),
    )
    rejection_reason = models.TextField(_("reason of the rejection"), blank=True, default="")

    class Meta:
        abstract = True


class Review(Moderated):
    """A patient's judgement of one consultation.

    It lives with the platform, which publishes and moderates it, not with the clinic that it judges: `consultation_id`
    is the clinic's row, checked when it is written. `written_by` is the patient, or the guardian who wrote for them. No
    name is stored: when its author's goes, the review stays without one. `attempt` is 2 once a rejected text was
    written anew, and `withdrawn_at` says that this second one was taken back: it is never published. `updated_at`
    changes with every save: by it a moderator decides on the text that was shown.
    """

    id = IdField()
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="+", verbose_name=_("patient"))
    doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="+", verbose_name=_("doctor"))
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="+", verbose_name=_("clinic"))
    consultation_id = models.CharField(_("consultation"), max_length=36)
    visited_on = models.DateField(_("day of the visit"))
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        db_column="written_by",
        related_name="+",
        verbose_name=_("written by"),
    )
    rating = models.IntegerField(_("stars"), db_index=True)
    comment = models.TextField(_("text"), blank=True, default="")
    language = models.CharField(_("language"), max_length=10, default="en")
    is_anonymous = models.BooleanField(_("without a name"), default=False, db_default=False)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1, db_default=1)
    withdrawn_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    created_at = models.DateTimeField(_("written"), auto_now_add=True, db_default=Now())
    updated_at = models.DateTimeField(_("changed"), auto_now=True, db_default=Now())

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ("-created_at",)
        indexes = (
            models.Index(
                fields=["doctor", "-created_at", "id"],
                name="review_of_doctor",
                condition=Q(moderation_status="approved"),
            ),
            models.Index(fields=["created_at"], name="review_waiting", condition=Q(moderation_status="pending")),
        )
        constraints = (
            choices_check("moderation_status", ModerationStatus.values, "review_moderation_known"),
            models.CheckConstraint(condition=Q(rating__gte=1, rating__lte=5), name="review_rating_1_to_5"),
            models.CheckConstraint(
                condition=Q(moderation_status="pending") | Q(moderated_at__isnull=False),
                name="review_moderated_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(moderation_status="rejected") | ~Q(rejection_reason=""),
                name="review_rejected_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(attempt__gte=1, attempt__lte=MOST_ATTEMPTS), name="review_attempts_counted"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(moderation_status="rejected"),
                name="review_withdrawn_is_rejected",
            ),
            models.UniqueConstraint(fields=["patient", "consultation_id"], name="review_once_per_consultation"),
        )

    def __str__(self) -> str:
        return f"{self.rating}/5"


class ReviewAnswer(Moderated):
    """The doctor's one public answer; shown once it is approved, for it must not tell who the patient is."""

    id = IdField()
    review = models.OneToOneField(Review, models.PROTECT, related_name="answer", verbose_name=_("review"))
    text = models.TextField(_("answer"))
    language = models.CharField(_("language"), max_length=10, default="en")
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1, db_default=1)
    created_at = models.DateTimeField(_("written"), auto_now_add=True, db_default=Now())
    updated_at = models.DateTimeField(_("changed"), auto_now=True, db_default=Now())

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ("created_at",)
        indexes = (
            models.Index(fields=["created_at"], name="review_answer_waiting", condition=Q(moderation_status="pending")),
        )
        constraints = (
            choices_check("moderation_status", ModerationStatus.values, "review_answer_moderation_known"),
            models.CheckConstraint(
                condition=Q(moderation_status="pending") | Q(moderated_at__isnull=False),
                name="review_answer_moderated_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(moderation_status="rejected") | ~Q(rejection_reason=""),
                name="review_answer_rejected_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(attempt__gte=1, attempt__lte=MOST_ATTEMPTS), name="review_answer_attempts_counted"
            ),
        )

    def __str__(self) -> str:
        return str(self.review)


class ReviewReport(models.Model):
    """Somebody's objection to a published review; `was_upheld` says how the platform decided."""

    id = IdField()
    review = models.ForeignKey(Review, models.PROTECT, related_name="reports", verbose_name=_("review"))
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        db_column="reported_by",
        related_name="+",
        verbose_name=_("reported by"),
    )
    reason = models.CharField(_("reason"), max_length=20, choices=ReportReason.choices)
    details = models.TextField(_("details"), blank=True, default="")
    created_at = models.DateTimeField(_("reported"), auto_now_add=True, db_default=Now())
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True, db_index=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        db_column="decided_by",
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    was_upheld = models.BooleanField(_("upheld"), null=True, blank=True)

    class Meta:
        verbose_name = _("report of a review")
        verbose_name_plural = _("reports of reviews")
        ordering = ("created_at",)
        constraints = (
            choices_check("reason", ReportReason.values, "review_report_reason_known"),
            models.UniqueConstraint(fields=["review", "reported_by"], name="review_report_once_per_person"),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, was_upheld__isnull=True)
                | Q(decided_at__isnull=False, was_upheld__isnull=False),
                name="review_report_decided_whole",
            ),
        )

    def __str__(self) -> str:
        return self.get_reason_display()
