"""A clinic that wants to join: what its applicant wrote, and what became of it."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from precta.choices import choices_check
from precta.ids import IdField

SLUG_FORM = r"^[a-z][a-z0-9-]{0,47}[a-z0-9]$"  # a label of a host name: no hyphen at its end


class ApplicationStatus(models.TextChoices):
    DRAFT = "draft", _("Not sent yet")
    WAITING = "waiting", _("Waiting for an answer")
    REFUSED = "refused", _("Not accepted")
    CREATING = "creating", _("Being set up")
    FAILED = "failed", _("Setting up failed")
    DONE = "done", _("Accepted")


DRAFT, WAITING, REFUSED, CREATING, FAILED, DONE = ApplicationStatus
# Which status may follow which.
TRANSITIONS: dict[ApplicationStatus, frozenset[ApplicationStatus]] = {
    DRAFT: frozenset({WAITING}),
    WAITING: frozenset({CREATING, REFUSED}),
    REFUSED: frozenset({DRAFT}),  # when its applicant changes it, who then sends it again
    CREATING: frozenset({DONE, FAILED}),
    FAILED: frozenset({CREATING, REFUSED}),
    DONE: frozenset(),
}
EDITABLE = frozenset({DRAFT, REFUSED})
HOLDS_SLUG = frozenset({WAITING, CREATING, FAILED})


class RefusalReason(models.TextChoices):
    """What is told to the applicant is `REASON_TEXTS`, in their language, and what the admin adds."""

    LICENCE_UNREADABLE = "licence_unreadable", _("The licence cannot be read")
    LICENCE_INVALID = "licence_invalid", _("The licence is not valid")
    LICENCE_MISMATCH = "licence_mismatch", _("The licence is another clinic's")
    INCOMPLETE = "incomplete", _("Something is missing")
    SLUG = "slug", _("The address name cannot be given")
    DUPLICATE = "duplicate", _("The clinic is on Precta already")
    OTHER = "other", _("Another reason")


REASON_TEXTS = {
    RefusalReason.LICENCE_UNREADABLE: _(
        "We cannot read the licence. Please send a sharper scan or photo of all of it."
    ),
    RefusalReason.LICENCE_INVALID: _(
        "The licence has expired or the register does not know its number. Please send the one that is valid now."
    ),
    RefusalReason.LICENCE_MISMATCH: _(
        "The licence names another clinic or another place than the application. Please send the one that fits."
    ),
    RefusalReason.INCOMPLETE: _("Something that we need is missing in the application."),
    RefusalReason.SLUG: _("The address name cannot be given. Please choose another one."),
    RefusalReason.DUPLICATE: _("This clinic is on Precta already. Its owner can invite you to work there."),
    RefusalReason.OTHER: "",
}


class ClinicApplicationQuerySet(models.QuerySet["ClinicApplication"]):
    def open(self) -> "ClinicApplicationQuerySet":
        return self.exclude(status=DONE)

    def of(self, user: models.Model) -> "ClinicApplicationQuerySet":
        return self.filter(applicant=user.pk)

    def sent(self) -> "ClinicApplicationQuerySet":
        """Now or before: one that was sent back and is being changed still belongs to the queue's history."""
        return self.filter(submitted_at__isnull=False)


class ClinicApplication(models.Model):
    """One open application a person; an address name belongs to one waiting application at most.

    The licence document is private and encrypted (`precta.files`). `language` is the applicant's when sending.
    """

    id = IdField()
    applicant = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("applicant")
    )
    language = models.CharField(_("language"), max_length=10, default="en")
    status = models.CharField(_("status"), max_length=10, choices=ApplicationStatus.choices, default=DRAFT)
    contact_name = models.CharField(_("contact person"), max_length=150)
    contact_phone = models.CharField(_("contact person's phone"), max_length=20)
    name = models.CharField(_("clinic's name"), max_length=200)
    slug = models.CharField(_("address name"), max_length=49, validators=[RegexValidator(SLUG_FORM)])
    description = models.TextField(_("description"), blank=True, default="")
    address = models.CharField(_("address"), max_length=500)
    city = models.CharField(_("city or town"), max_length=100)
    region = models.CharField(_("county"), max_length=100)
    phone = models.CharField(_("clinic's phone"), max_length=20)
    email = models.EmailField(_("clinic's e-mail"), max_length=255)
    website = models.URLField(_("website"), max_length=500, blank=True, default="")
    operating_hours = models.JSONField(_("opening hours"), default=dict)
    licence_number = models.CharField(_("licence number"), max_length=50)
    # The number as it is compared: small letters and digits only, however it was spaced.
    licence_key = models.CharField(max_length=50, editable=False, db_index=True)
    licence_file = models.CharField(_("licence document"), max_length=500, blank=True, default="")
    licence_name = models.CharField(_("name of the document"), max_length=120, blank=True, default="")
    licence_type = models.CharField(_("kind of document"), max_length=50, blank=True, default="")
    terms_accepted_at = models.DateTimeField(_("terms accepted"), null=True, blank=True)
    submitted_at = models.DateTimeField(_("sent"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("decided by")
    )
    reason_code = models.CharField(_("reason"), max_length=20, choices=RefusalReason.choices, blank=True, default="")
    reason = models.CharField(_("in our words"), max_length=1000, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=500, blank=True, default="")
    clinic = models.OneToOneField(
        "clinics.Clinic", models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("clinic")
    )
    created_at = models.DateTimeField(_("begun"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = ClinicApplicationQuerySet.as_manager()

    class Meta:
        app_label = "clinics"
        verbose_name = _("clinic application")
        verbose_name_plural = _("clinic applications")
        ordering = ("submitted_at", "created_at")
        constraints = (
            choices_check("status", ApplicationStatus.values, "application_status_known"),
            choices_check("reason_code", ["", *RefusalReason.values], "application_reason_known"),
            models.CheckConstraint(condition=Q(slug__regex=SLUG_FORM), name="application_slug_form"),
            models.CheckConstraint(
                condition=Q(status=DRAFT)
                | (~Q(licence_file="") & Q(submitted_at__isnull=False) & Q(terms_accepted_at__isnull=False)),
                name="application_sent_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[DRAFT, WAITING]) | Q(decided_at__isnull=False, decided_by__isnull=False),
                name="application_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(status=REFUSED) | ~Q(reason_code=""), name="application_refused_for_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(status=DONE, clinic__isnull=False) | (~Q(status=DONE) & Q(clinic__isnull=True)),
                name="application_done_has_clinic",
            ),
            models.CheckConstraint(
                condition=~Q(status=CREATING) | Q(next_attempt_at__isnull=False), name="application_creating_is_timed"
            ),
            models.UniqueConstraint(
                fields=["applicant"], condition=~Q(status=DONE), name="application_one_open_a_person"
            ),
            models.UniqueConstraint(
                fields=["slug"], condition=Q(status__in=sorted(HOLDS_SLUG)), name="application_one_waiting_a_slug"
            ),
        )
        indexes = (models.Index(fields=["status", "submitted_at"], name="application_queue"),)

    def __str__(self) -> str:
        return self.name

    @property
    def is_editable(self) -> bool:
        return self.status in EDITABLE

    @property
    def is_decidable(self) -> bool:
        return self.status in {WAITING, FAILED}

    @property
    def reason_text(self) -> str:
        """What the applicant is told, in the active language: the standing sentence and what was added."""
        standing = str(REASON_TEXTS.get(RefusalReason(self.reason_code), "")) if self.reason_code else ""
        return " ".join(part for part in (standing, self.reason) if part)

    @property
    def progress(self) -> int:
        """In per cent, for a bar: one transaction makes a clinic whole, so there is little in between."""
        if self.status == DONE:
            return 100
        if self.status == CREATING:
            return 60 if self.attempts else 25
        return 0
