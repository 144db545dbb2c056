"""Practitioners, their papers, and what the search page reads about them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
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


class DecisionKind(models.TextChoices):
    SUBMITTED = "submitted", _("Sent for verification")
    RESUBMITTED = "resubmitted", _("Sent for verification again")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    LAPSED = "lapsed", _("Lapsed")
    ACCEPTED_BY_CLINIC = "accepted_by_clinic", _("Accepted by the clinic")
    REFUSED_BY_CLINIC = "refused_by_clinic", _("Refused by the clinic")


class ClinicRequestStatus(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


# How many days before a licence ends its doctor is reminded.
WARNING_DAYS = (60, 30, 7)


class DoctorQuerySet(models.QuerySet["Doctor"]):
    def public(self) -> "DoctorQuerySet":
        """Verified, with an active account, at an active clinic: what anybody may see."""
        return self.verified().filter(clinic__status="active")

    def verified(self) -> "DoctorQuerySet":
        """Verified, with an active account, wherever they work."""
        # Asked the other way round: the few barred accounts are found by their index, where a join would read an
        # account for every doctor that matches.
        barred = User.objects.filter(pk=OuterRef("pk"), status__in=[UserStatus.PENDING, UserStatus.SUSPENDED])
        return self.filter(~Exists(barred), verification_status=VerificationStatus.VERIFIED)


class Doctor(models.Model):
    """A practitioner of one clinic; of none until the clinic that they asked has accepted them.

    `submitted_at` tells when the application was last sent for verification: from then until a decision its papers
    and what they prove (name, licence number, specialties) do not change. `has_set_fee` is False while the fee of 0
    only means that none was chosen yet.

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
        db_default=default_languages(),
    )
    qualifications = models.JSONField(_("qualifications"), default=list, blank=True)
    license_number = models.CharField(_("licence number"), max_length=100, blank=True, default="")
    years_of_experience = models.PositiveIntegerField(_("years of practice"), null=True, blank=True)
    consultation_fee = models.DecimalField(_("fee"), max_digits=10, decimal_places=2)
    has_set_fee = models.BooleanField(_("fee is set"), default=True, editable=False)
    consultation_duration_minutes = models.PositiveIntegerField(
        _("length of a visit in minutes"), default=30, db_default=30
    )
    consultation_modes = ArrayField(
        models.CharField(max_length=10, choices=ConsultationMode.choices),
        verbose_name=_("kinds of visit"),
        default=default_modes,
        db_default=default_modes(),
    )
    verification_status = models.CharField(
        _("verification"),
        max_length=10,
        choices=VerificationStatus.choices,
        default=VerificationStatus.PENDING,
        db_default=VerificationStatus.PENDING,
    )
    verification_notes = models.TextField(_("notes on verification"), blank=True, default="")
    submitted_at = models.DateTimeField(_("sent for verification"), null=True, blank=True)
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
    average_rating = models.DecimalField(_("rating"), max_digits=2, decimal_places=1, default=0, db_default=0)
    total_reviews = models.PositiveIntegerField(_("reviews"), default=0, db_default=0)
    total_consultations = models.PositiveIntegerField(_("consultations"), default=0, db_default=0)
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
            # With the clinic, since most people ask for a field in a city, whose clinics are few.
            GinIndex(fields=["specialties", "clinic"], name="doctor_specialties"),
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
            # An application is saved half-way; what patients see is whole.
            models.CheckConstraint(
                condition=~Q(verification_status="verified") | Q(specialties__len__gte=1, has_set_fee=True),
                name="doctor_verified_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(average_rating=0) | Q(average_rating__gte=1, average_rating__lte=5),
                name="doctor_rating_in_range",
            ),
        )

    def __str__(self) -> str:
        return self.display_name

    @property
    def is_verified(self) -> bool:
        return self.verification_status == VerificationStatus.VERIFIED

    @property
    def has_workspace(self) -> bool:
        """Whether the clinic's workspace opens to them: not while their verification is refused or withdrawn."""
        return self.clinic_id is not None and self.verification_status != VerificationStatus.REJECTED

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def display_name(self) -> str:
        return f"Dr {self.full_name}"


class DoctorCredential(models.Model):
    """A paper that a platform admin checks; the file is private.

    A rejected paper stays for the history, and `replaces` leads from the new one to it. `warned_days` is the last of
    WARNING_DAYS that its doctor was reminded at.
    """

    id = IdField()
    doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="credentials", verbose_name=_("doctor"))
    type = models.CharField(_("type"), max_length=20, choices=CredentialType.choices, db_index=True)
    name = models.CharField(_("name"), max_length=200)
    file_url = models.CharField(_("file"), max_length=500)
    content_type = models.CharField(_("kind of file"), max_length=100, blank=True, default="")
    size = models.PositiveIntegerField(_("size in bytes"), default=0)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True, default="")
    original_name = models.CharField(_("file name"), max_length=200, blank=True, default="")
    issued_by = models.CharField(_("issued by"), max_length=200, blank=True, default="")
    issued_at = models.DateField(_("issued"), null=True, blank=True)
    expires_at = models.DateField(_("expires"), null=True, blank=True)
    verification_status = models.CharField(
        _("verification"),
        max_length=10,
        choices=VerificationStatus.choices,
        default=VerificationStatus.PENDING,
        db_default=VerificationStatus.PENDING,
    )
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    rejection_reason = models.TextField(_("why it was rejected"), blank=True, default="")
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )
    warned_days = models.PositiveSmallIntegerField(_("reminded at"), null=True, blank=True, editable=False)
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True, db_default=Now())

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        indexes = (
            models.Index(
                fields=["expires_at"],
                name="credential_licence_ends",
                condition=Q(type="license", verification_status="verified"),
            ),
        )
        constraints = (
            choices_check("type", CredentialType.values, "credential_type_known"),
            choices_check(
                "verification_status",
                VerificationStatus.values,
                "credential_verification_known",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(issued_at__isnull=True) | Q(expires_at__gt=F("issued_at")),
                name="credential_expires_after_issue",
            ),
            models.CheckConstraint(
                condition=Q(warned_days__isnull=True) | Q(warned_days__in=WARNING_DAYS),
                name="credential_warning_known",
            ),
            models.CheckConstraint(
                condition=~Q(verification_status="pending") | Q(decided_at__isnull=True),
                name="credential_pending_undecided",
            ),
            models.UniqueConstraint(
                fields=["replaces"],
                condition=Q(replaces__isnull=False),
                name="credential_replaced_once",
            ),
        )

    def __str__(self) -> str:
        return self.name


class VerificationDecision(models.Model):
    """One line of the full history of an application: sent, decided, lapsed, accepted. Never changed."""

    id = IdField()
    doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="decisions", verbose_name=_("doctor"))
    credential = models.ForeignKey(
        DoctorCredential,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="decisions",
        verbose_name=_("credential"),
    )
    kind = models.CharField(_("what happened"), max_length=20, choices=DecisionKind.choices)
    reason_code = models.CharField(_("reason"), max_length=40, blank=True, default="")
    note = models.TextField(_("note"), blank=True, default="")
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by"))
    created_at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("decision on a verification")
        verbose_name_plural = _("decisions on verifications")
        ordering = ("-created_at", "-pk")
        indexes = (models.Index(fields=["doctor", "-created_at"], name="decision_history"),)
        constraints = (choices_check("kind", DecisionKind.values, "decision_kind_known"),)

    def __str__(self) -> str:
        return f"{self.doctor}, {self.get_kind_display()}"


class DoctorClinicRequest(models.Model):
    """A doctor asks one clinic to be taken in; the clinic's managers answer."""

    id = IdField()
    doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="clinic_requests", verbose_name=_("doctor"))
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="doctor_requests", verbose_name=_("clinic"))
    status = models.CharField(
        _("status"), max_length=10, choices=ClinicRequestStatus.choices, default=ClinicRequestStatus.REQUESTED
    )
    reason = models.TextField(_("reason"), blank=True, default="")
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    created_at = models.DateTimeField(_("asked"), auto_now_add=True)

    class Meta:
        verbose_name = _("doctor's request to a clinic")
        verbose_name_plural = _("doctors' requests to clinics")
        indexes = (models.Index(fields=["clinic", "status", "-created_at"], name="doctor_request_queue"),)
        constraints = (
            choices_check("status", ClinicRequestStatus.values, "doctor_request_status_known"),
            models.CheckConstraint(
                condition=Q(status="requested", decided_at__isnull=True)
                | (~Q(status="requested") & Q(decided_at__isnull=False)),
                name="doctor_request_decided",
            ),
            models.UniqueConstraint(fields=["doctor"], condition=Q(status="requested"), name="doctor_request_one_open"),
        )

    def __str__(self) -> str:
        return f"{self.doctor}, {self.clinic}"
