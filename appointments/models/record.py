"""Documents that belong to a patient, kept by the clinic where they were uploaded."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Doctor, Patient
from precta.choices import choices_check
from precta.ids import IdField


class RecordType(models.TextChoices):
    PRESCRIPTION = "prescription", _("Prescription")
    LAB_RESULT = "lab_result", _("Laboratory result")
    IMAGING = "imaging", _("X-ray, scan or other picture")
    CONSULTATION_NOTE = "consultation_note", _("Letter or notes of a visit")
    OTHER = "other", _("Other document")


class MedicalRecord(models.Model):
    """One document. `file_url` and `preview_url` are keys of `precta.files.store`: encrypted, for audited views only.

    `dated` is the day that the document itself bears. A deleted one is kept back for a while (`deleted_at`, UTC), can
    be taken back until then and is seen by nobody but who may take it back.
    """

    id = IdField()
    patient = models.ForeignKey(Patient, models.DO_NOTHING, related_name="+", verbose_name=_("patient"))
    type = models.CharField(_("kind"), max_length=20, choices=RecordType.choices, db_index=True)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True, default="")
    dated = models.DateField(_("date of the document"), null=True, blank=True)
    file_url = models.CharField(_("file"), max_length=500)
    preview_url = models.CharField(_("preview"), max_length=500, blank=True, default="")
    file_size_bytes = models.IntegerField(_("size in bytes"))
    mime_type = models.CharField(_("type of file"), max_length=100)
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True, db_index=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+", verbose_name=_("uploaded by")
    )
    metadata = models.JSONField(_("more about the file"), default=dict, blank=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("deleted by"),
    )

    class Meta:
        verbose_name = _("medical record")
        verbose_name_plural = _("medical records")
        indexes = (models.Index(fields=["deleted_at"], name="record_deleted", condition=Q(deleted_at__isnull=False)),)
        constraints = (
            choices_check("type", RecordType.values, "record_type_known"),
            models.CheckConstraint(condition=Q(file_size_bytes__gt=0), name="record_has_content"),
            models.UniqueConstraint(fields=["file_url"], name="record_one_per_file"),
        )

    def __str__(self) -> str:
        return self.name


class HiddenRecord(models.Model):
    """The patient does not want this doctor to see this record."""

    id = IdField()
    record = models.ForeignKey(MedicalRecord, models.CASCADE, related_name="hidden_from", verbose_name=_("record"))
    doctor = models.ForeignKey(Doctor, models.DO_NOTHING, related_name="+", verbose_name=_("doctor"))
    created_at = models.DateTimeField(_("hidden"), auto_now_add=True)

    class Meta:
        verbose_name = _("hidden record")
        verbose_name_plural = _("hidden records")
        constraints = (models.UniqueConstraint(fields=["record", "doctor"], name="hidden_record_once_per_doctor"),)

    def __str__(self) -> str:
        return f"{self.record_id} {self.doctor_id}"
