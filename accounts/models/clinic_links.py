"""Which clinics know which patients, and what each patient agreed to."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.patient import Patient
from clinics.models import Clinic
from precta.choices import choices_check
from precta.ids import IdField


class ConsentPurpose(models.TextChoices):
    CLINIC_CARE = "clinic_care", _("Care at a clinic")
    PLATFORM_TERMS = "platform_terms", _("Terms and privacy of Precta")


class ClinicPatient(models.Model):
    """The link that lets one clinic's staff see a patient."""

    id = IdField()
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="patient_links", verbose_name=_("clinic"))
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="clinic_links", verbose_name=_("patient"))
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("clinic's patient")
        verbose_name_plural = _("clinic's patients")
        constraints = (models.UniqueConstraint(fields=["clinic", "patient"], name="clinic_patient_once"),)

    def __str__(self) -> str:
        return str(self.patient)


class Consent(models.Model):
    """What a patient agreed to, in which version of the text, and when it was given and withdrawn."""

    id = IdField()
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="consents", verbose_name=_("patient"))
    clinic = models.ForeignKey(
        Clinic,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("clinic"),
    )
    given_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", verbose_name=_("given by"))
    # Who of the clinic's staff heard it, when it was given by word of mouth.
    taken_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("heard by")
    )
    purpose = models.CharField(_("purpose"), max_length=30, choices=ConsentPurpose.choices)
    text_version = models.CharField(_("version of the text"), max_length=20)
    text = models.TextField(_("text agreed to"))
    given_at = models.DateTimeField(_("given"), auto_now_add=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = (
            choices_check("purpose", ConsentPurpose.values, "consent_purpose_known"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=models.F("given_at")),
                name="consent_withdrawn_after_given",
            ),
            models.UniqueConstraint(
                fields=["patient", "clinic", "purpose", "text_version"],
                condition=Q(withdrawn_at__isnull=True),
                nulls_distinct=False,
                name="consent_once_while_given",
            ),
        )

    def __str__(self) -> str:
        return f"{self.purpose} {self.text_version}"

    @property
    def is_for_care(self) -> bool:
        return self.purpose == ConsentPurpose.CLINIC_CARE
