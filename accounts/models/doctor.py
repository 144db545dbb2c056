"""Practitioners, their papers, and what the search page reads about them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User, UserStatus
from clinics.models import Clinic
from precta.choices import choices_check
from precta.ids import IdField


class ConsultationMode(models.TextChoices):
    IN_PERSON = "in_person", _("At the clinic")
    VIDEO = "video", _("Video call")


class VerificationStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    VERIFIED = "verified", _("Verified")
    REJECTED = "rejected", _("Rejected")


class CredentialType(models.TextChoices):
    LICENSE = "license", _("Practising licence")
    DEGREE = "degree", _("Degree")
    CERTIFICATION = "certification", _("Certification")
    ID = "id", _("Identity document")


def default_languages() -> list[str]:
    return ["en"]


def default_modes() -> list[str]:
    return [ConsultationMode.IN_PERSON.value]


class DoctorQuerySet(models.QuerySet["Doctor"]):
    def public(self) -> "DoctorQuerySet":
        """Verified, with an active account, at an active clinic: what anybody may see."""
        # Asked the other way round: the few barred accounts are found by their index, where a join would read an
        # account for every doctor that matches.
        barred = User.objects.filter(pk=OuterRef("pk"), status__in=[UserStatus.PENDING, UserStatus.SUSPENDED])
        return self.filter(~Exists(barred), verification_status=VerificationStatus.VERIFIED, clinic__status="active")


class Doctor(models.Model):
    """A practitioner of one clinic.

    Projections, written by services only and never by a clinic's own transaction: `next_slots` (mode → the next six
    free times, ISO 8601 UTC), `free_days_in_person` / `free_days_video` (dates in the clinic's zone over the horizon),
    `next_available_at` (UTC, any mode), the rating and the counts, and `search_document`.
    """

    user = models.OneToOneField(
        User,
        models.PROTECT,
        primary_key=True,
        db_column="id",
        related_name="doctor",
        verbose_name=_("account"),
    )
    first_name = models.CharField(_("first name"), max_length=100)
    last_name = models.CharField(_("last name"), max_length=100)
    bio = models.TextField(_("about"), blank=True, default="")
    profile_image_url = models.CharField(_("photo"), max_length=500, blank=True, default="")
    specialties = ArrayField(models.CharField(max_length=60), verbose_name=_("specialties"))
    languages = ArrayField(
        models.CharField(max_length=10),
        verbose_name=_("languages"),
        default=default_languages,
    )
    qualifications = models.JSONField(_("qualifications"), default=list, blank=True)
    license_number = models.CharField(_("licence number"), max_length=100, blank=True, default="")
    years_of_experience = models.PositiveIntegerField(_("years of practice"), null=True, blank=True)
    consultation_fee = models.DecimalField(_("fee"), max_digits=10, decimal_places=2)
    consultation_duration_minutes = models.PositiveIntegerField(_("length of a visit in minutes"), default=30)
    consultation_modes = ArrayField(
        models.CharField(max_length=10, choices=ConsultationMode.choices),
        verbose_name=_("kinds of visit"),
        default=default_modes,
    )
    verification_status = models.CharField(
        _("verification"),
        max_length=10,
        choices=VerificationStatus.choices,
        default=VerificationStatus.PENDING,
    )
    verification_notes = models.TextField(_("notes on verification"), blank=True, default="")
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    verified_by = models.ForeignKey(
        User,
        models.PROTECT,
        db_column="verified_by",
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("verified by"),
    )
    clinic = models.ForeignKey(
        Clinic,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="doctors",
        verbose_name=_("clinic"),
    )
    average_rating = models.DecimalField(_("rating"), max_digits=2, decimal_places=1, default=0)
    total_reviews = models.PositiveIntegerField(_("reviews"), default=0)
    total_consultations = models.PositiveIntegerField(_("consultations"), default=0)
    next_slots = models.JSONField(default=dict, blank=True, editable=False)
    free_days_in_person = ArrayField(models.DateField(), default=list, blank=True, editable=False)
    free_days_video = ArrayField(models.DateField(), default=list, blank=True, editable=False)
    next_available_at = models.DateTimeField(null=True, blank=True, editable=False)
    projected_at = models.DateTimeField(null=True, blank=True, editable=False)
    search_document = SearchVectorField(null=True, editable=False)

    objects = DoctorQuerySet.as_manager()

    class Meta:
        verbose_name = _("doctor")
        verbose_name_plural = _("doctors")
        indexes = (
            models.Index(fields=["verification_status"], name="doctor_verification"),
            models.Index(fields=["average_rating"], name="doctor_rating"),
            GinIndex(fields=["specialties"], name="doctor_specialties"),
            GinIndex(fields=["languages"], name="doctor_languages"),
            GinIndex(fields=["search_document"], name="doctor_search"),
            GinIndex(fields=["first_name"], opclasses=["gin_trgm_ops"], name="doctor_first_name_like"),
            GinIndex(fields=["last_name"], opclasses=["gin_trgm_ops"], name="doctor_last_name_like"),
            GinIndex(fields=["free_days_in_person"], name="doctor_days_in_person"),
            GinIndex(fields=["free_days_video"], name="doctor_days_video"),
            models.Index(
                fields=["next_available_at"],
                name="doctor_soonest",
                condition=Q(verification_status="verified"),
            ),
            models.Index(
                fields=["-average_rating", "-total_reviews"],
                name="doctor_best_rated",
                condition=Q(verification_status="verified"),
            ),
            models.Index(
                fields=["consultation_fee"],
                name="doctor_cheapest",
                condition=Q(verification_status="verified"),
            ),
        )
        constraints = (
            choices_check(
                "verification_status",
                VerificationStatus.values,
                "doctor_verification_known",
            ),
            models.CheckConstraint(condition=Q(consultation_fee__gte=0), name="doctor_fee_not_negative"),
            models.CheckConstraint(
                condition=Q(
                    consultation_duration_minutes__gte=5,
                    consultation_duration_minutes__lte=480,
                ),
                name="doctor_duration_sensible",
            ),
            models.CheckConstraint(
                condition=Q(
                    consultation_modes__contained_by=ConsultationMode.values,
                    consultation_modes__len__gte=1,
                ),
                name="doctor_modes_known",
            ),
            models.CheckConstraint(condition=Q(specialties__len__gte=1), name="doctor_has_specialty"),
            models.CheckConstraint(
                condition=Q(average_rating=0) | Q(average_rating__gte=1, average_rating__lte=5),
                name="doctor_rating_in_range",
            ),
        )

    def __str__(self) -> str:
        return self.display_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def display_name(self) -> str:
        return f"Dr {self.full_name}"


class DoctorCredential(models.Model):
    """A paper that a platform admin checks; the file is private."""

    id = IdField()
    doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="credentials", verbose_name=_("doctor"))
    type = models.CharField(_("type"), max_length=20, choices=CredentialType.choices, db_index=True)
    name = models.CharField(_("name"), max_length=200)
    file_url = models.CharField(_("file"), max_length=500)
    issued_by = models.CharField(_("issued by"), max_length=200, blank=True, default="")
    issued_at = models.DateField(_("issued"), null=True, blank=True)
    expires_at = models.DateField(_("expires"), null=True, blank=True)
    verification_status = models.CharField(
        _("verification"),
        max_length=10,
        choices=VerificationStatus.choices,
        default=VerificationStatus.PENDING,
    )
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        constraints = (
            choices_check("type", CredentialType.values, "credential_type_known"),
            choices_check(
                "verification_status",
                VerificationStatus.values,
                "credential_verification_known",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True)
                | Q(issued_at__isnull=True)
                | Q(expires_at__gt=models.F("issued_at")),
                name="credential_expires_after_issue",
            ),
        )

    def __str__(self) -> str:
        return self.name
