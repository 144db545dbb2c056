"""People who are treated, and the adults who act for children."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from accounts.models.user import User
from clinics.models import Clinic
from precta.choices import choices_check
from precta.ids import IdField

BLOOD_TYPES = ("A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-")


class Gender(models.TextChoices):
    MALE = "male", _("Male")
    FEMALE = "female", _("Female")
    OTHER = "other", _("Other")
    PREFER_NOT_TO_SAY = "prefer_not_to_say", _("Prefer not to say")


class PreferredLanguage(models.TextChoices):
    ENGLISH = "en", "English"
    SWAHILI = "sw", "Kiswahili"


class GuardianRelation(models.TextChoices):
    PARENT = "parent", _("Parent")
    GUARDIAN = "guardian", _("Guardian")
    OTHER = "other", _("Other relative")


class Patient(models.Model):
    """The patient's own profile, kept by the platform; clinics see it only through a ClinicPatient link."""

    user = models.OneToOneField(
        User,
        models.PROTECT,
        primary_key=True,
        db_column="id",
        related_name="patient",
        verbose_name=_("account"),
    )
    first_name = models.CharField(_("first name"), max_length=100)
    last_name = models.CharField(_("last name"), max_length=100)
    date_of_birth = models.DateField(_("date of birth"), null=True, blank=True)
    gender = models.CharField(_("gender"), max_length=20, choices=Gender.choices, null=True, blank=True)
    blood_type = models.CharField(
        _("blood type"),
        max_length=5,
        choices=[(b, b) for b in BLOOD_TYPES],
        null=True,
        blank=True,
    )
    allergies = ArrayField(
        models.CharField(max_length=100),
        verbose_name=_("allergies"),
        default=list,
        blank=True,
    )
    preferred_language = models.CharField(
        _("language"),
        max_length=10,
        choices=PreferredLanguage.choices,
        default=PreferredLanguage.ENGLISH,
        db_default=PreferredLanguage.ENGLISH,
    )
    # As told at a clinic's desk for somebody without an account: several people may share it, and nobody has proved it.
    contact_phone = PhoneNumberField(_("phone"), max_length=20, blank=True, default="")
    emergency_contact_name = models.CharField(_("emergency contact"), max_length=200, blank=True, default="")
    emergency_contact_phone = PhoneNumberField(_("emergency phone"), max_length=20, blank=True, default="")
    clinic = models.ForeignKey(
        Clinic,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("home clinic"),
    )

    class Meta:
        verbose_name = _("patient")
        verbose_name_plural = _("patients")
        indexes = (
            models.Index(fields=["first_name", "last_name"], name="patient_name"),
            models.Index(fields=["contact_phone"], name="patient_contact_phone", condition=~Q(contact_phone="")),
        )
        constraints = (
            choices_check("gender", Gender.values, "patient_gender_known"),
            choices_check("blood_type", BLOOD_TYPES, "patient_blood_type_known"),
            choices_check("preferred_language", PreferredLanguage.values, "patient_language_known"),
        )

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Guardianship(models.Model):
    """An adult who books and reads for a child; the child is a User without login and a Patient of its own."""

    id = IdField()
    guardian = models.ForeignKey(
        Patient,
        models.PROTECT,
        related_name="children_links",
        verbose_name=_("guardian"),
    )
    child = models.ForeignKey(Patient, models.PROTECT, related_name="guardian_links", verbose_name=_("child"))
    relation = models.CharField(
        _("relation"),
        max_length=20,
        choices=GuardianRelation.choices,
        default=GuardianRelation.PARENT,
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("guardianship")
        verbose_name_plural = _("guardianships")
        constraints = (
            models.UniqueConstraint(
                fields=["guardian", "child"],
                condition=Q(ended_at__isnull=True),
                name="guardianship_once",
            ),
            models.CheckConstraint(condition=~Q(guardian=F("child")), name="guardianship_of_another"),
            choices_check("relation", GuardianRelation.values, "guardianship_relation_known"),
        )

    def __str__(self) -> str:
        return f"{self.guardian_id} → {self.child_id}"
