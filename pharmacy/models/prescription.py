"""What a doctor prescribes, and the doctor's own templates for it."""

from datetime import date

from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from accounts.models import Doctor, Patient
from appointments.models import Appointment, Consultation
from precta.ids import IdField

# What is in each line the JSON schema says; that there are lines at all, the database.
IS_A_LIST = Exact(Func(F("medications"), function="jsonb_typeof", output_field=models.TextField()), Value("array"))


class PrescriptionState(models.TextChoices):
    """Never stored: it follows from what replaced it and from the day."""

    ACTIVE = "active", _("Valid")
    EXPIRED = "expired", _("Expired")
    REPLACED = "replaced", _("Replaced")


class PrescriptionQuerySet(models.QuerySet["Prescription"]):
    def active(self, today: date) -> "PrescriptionQuerySet":
        """Neither replaced nor over on `today`, a day of the clinic's calendar."""
        return self.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=today), replaced_by__isnull=True)

    def with_people(self) -> "PrescriptionQuerySet":
        """With what tells its state and whose it is, in the same statement."""
        return self.select_related("patient", "doctor", "replaced_by", "replaces")


class Prescription(models.Model):
    """A prescription as it was issued: a trigger lets nobody change or delete one, only note where its PDF lies.

    `medications` is a list of lines by `pharmacy/schemas/medications.json`. A mistake is mended by a new prescription
    that `replaces` this one and says why; replaced, it counts no more. `verification_code` is the clinic's code and at
    least 100 random bits, printed and in the QR code. `letterhead` is what stood above it on that day: clinic,
    address, doctor, licence, and whom it was written for. `overrides` are the warnings that the doctor set aside, each
    with the reason. `appointment` is the visit it was written in; its consultation, when it has one, stands beside it.
    `valid_until` is its last day. `idempotency_key` is the form's: sent twice, it is issued once.
    """

    id = IdField()
    appointment = models.ForeignKey(
        Appointment, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("visit")
    )
    consultation = models.ForeignKey(
        Consultation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("consultation")
    )
    patient = models.ForeignKey(Patient, models.DO_NOTHING, related_name="+", verbose_name=_("patient"))
    doctor = models.ForeignKey(Doctor, models.DO_NOTHING, related_name="+", verbose_name=_("doctor"))
    medications = models.JSONField(_("medicines"))
    instructions = models.TextField(_("general instructions"), blank=True, default="")
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    issued_at = models.DateTimeField(_("issued"), auto_now_add=True, db_default=Now(), db_index=True)
    pdf_url = models.CharField(_("PDF"), max_length=500, blank=True, default="")
    verification_code = models.CharField(_("verification code"), max_length=60, unique=True)
    letterhead = models.JSONField(_("letterhead"), default=dict)
    overrides = models.JSONField(_("warnings set aside"), default=list, blank=True)
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name=_("replaces")
    )
    replacement_reason = models.TextField(_("reason of the replacement"), blank=True, default="")
    idempotency_key = models.CharField(_("idempotency key"), max_length=36, unique=True, editable=False)

    objects = PrescriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("prescription")
        verbose_name_plural = _("prescriptions")
        indexes = (models.Index(fields=["patient", "-issued_at"], name="prescription_of_patient"),)
        constraints = (
            models.CheckConstraint(condition=~Q(medications=[]), name="prescription_has_lines"),
            models.CheckConstraint(condition=IS_A_LIST, name="prescription_lines_are_a_list"),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True, replacement_reason="")
                | (Q(replaces__isnull=False) & ~Q(replacement_reason="")),
                name="prescription_replaced_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(replaces__isnull=True) | ~Q(replaces=F("id")), name="prescription_replaces_another"
            ),
        )

    def __str__(self) -> str:
        return f"{self.issued_at:%Y-%m-%d %H:%M}"

    @property
    def replacement(self) -> "Prescription | None":
        """The prescription that took this one's place."""
        return getattr(self, "replaced_by", None)

    def state(self, today: date) -> PrescriptionState:
        if self.replacement is not None:
            return PrescriptionState.REPLACED
        if self.valid_until is not None and self.valid_until < today:
            return PrescriptionState.EXPIRED
        return PrescriptionState.ACTIVE


class PrescriptionTemplate(models.Model):
    """Lines that a doctor writes often, under a name of the doctor's own."""

    id = IdField()
    doctor = models.ForeignKey(Doctor, models.DO_NOTHING, related_name="+", verbose_name=_("doctor"))
    name = models.CharField(_("name"), max_length=100)
    medications = models.JSONField(_("medicines"))
    instructions = models.TextField(_("general instructions"), blank=True, default="")
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=["doctor", "name"], name="prescription_template_once_per_name"),
            models.CheckConstraint(condition=IS_A_LIST, name="prescription_template_is_a_list"),
        )

    def __str__(self) -> str:
        return self.name
