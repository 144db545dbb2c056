"""The tenants: clinics, the hosts they answer on, and who works there in which role."""

from datetime import datetime

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin, TenantMixin
from phonenumber_field.modelfields import PhoneNumberField

from clinics.application import (  # noqa: F401 - the application is a model of this app
    SLUG_FORM,
    ApplicationStatus,
    ClinicApplication,
    RefusalReason,
)
from clinics.emergency import EmergencyAccess  # noqa: F401 - a model of this app
from clinics.policy_settings import ClinicSettings
from precta.choices import choices_check
from precta.ids import IdField, new_clinic_code

SLUG_PATTERN = SLUG_FORM
RESERVED_SLUGS = frozenset(
    """
    admin api app assets account accounts auth billing blog cdn clinic clinics dev docs doctor doctors
    ftp health help imap join localhost login mail me media mx ns ns1 ns2 pharmacy platform pop precta
    public root rx security smtp staff static status support template test webhook webhooks www
    """.split()
)


class ClinicStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")


class MembershipRole(models.TextChoices):
    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    FRONT_DESK = "front_desk", _("Front desk")
    PHARMACIST = "pharmacist", _("Pharmacist")


class ClinicQuerySet(models.QuerySet["Clinic"]):
    def active(self) -> "ClinicQuerySet":
        return self.filter(status=ClinicStatus.ACTIVE)


class Clinic(TenantMixin):
    """A clinic or hospital: one PostgreSQL schema, one slug host, its own staff, doctors, patients and money.

    `slug` and `schema_name` never change. `code` is the clinic's name towards outsiders (payment references), because
    a slug can disclose what the clinic treats.
    """

    auto_create_schema = True
    auto_drop_schema = False

    id = IdField()
    name = models.CharField(_("name"), max_length=200)
    slug = models.CharField(
        _("address name"),
        max_length=100,
        unique=True,
        validators=[RegexValidator(SLUG_PATTERN)],
        editable=False,
    )
    code = models.CharField(_("code"), max_length=8, unique=True, default=new_clinic_code, editable=False)
    description = models.TextField(_("description"), blank=True, default="")
    logo_url = models.CharField(_("logo"), max_length=500, blank=True, default="")
    address = models.TextField(_("address"), blank=True, default="")
    city = models.CharField(_("city"), max_length=100, blank=True, default="", db_index=True)
    region = models.CharField(_("county"), max_length=100, blank=True, default="", db_index=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True, default="")
    email = models.EmailField(_("e-mail"), max_length=255, blank=True, default="")
    website = models.URLField(_("website"), max_length=500, blank=True, default="")
    operating_hours = models.JSONField(_("opening hours"), null=True, blank=True)
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=ClinicStatus.choices,
        default=ClinicStatus.ACTIVE,
        db_default=ClinicStatus.ACTIVE,
        db_index=True,
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True, db_default=Now())

    objects = ClinicQuerySet.as_manager()

    class Meta:
        verbose_name = _("clinic")
        verbose_name_plural = _("clinics")
        ordering = ("name",)
        constraints = (
            choices_check("status", ClinicStatus.values, "clinic_status_known"),
            models.CheckConstraint(condition=Q(slug__regex=SLUG_PATTERN), name="clinic_slug_form"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether its host answers: a suspended clinic shows one page only."""
        return self.status == ClinicStatus.ACTIVE

    @property
    def policy(self) -> ClinicSettings:
        """The typed view of `settings`, with defaults filled in."""
        return ClinicSettings.read(self.settings)


class Domain(DomainMixin):
    """A host name that leads to a clinic; `<slug>.<platform host>` is the primary one."""

    id = IdField()
    # django-tenants' own fields, with names that can be said in Swahili.
    domain = models.CharField(_("host name"), max_length=253, unique=True, db_index=True)
    tenant = models.ForeignKey(Clinic, models.CASCADE, related_name="domains", verbose_name=_("clinic"))
    is_primary = models.BooleanField(_("main one"), default=True, db_index=True)

    class Meta:
        verbose_name = _("host name")
        verbose_name_plural = _("host names")

    def __str__(self) -> str:
        return self.domain


class Membership(models.Model):
    """What a person may do at one clinic: the only source of authority there, never Django's permissions."""

    id = IdField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="memberships",
        verbose_name=_("person"),
    )
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="memberships", verbose_name=_("clinic"))
    role = models.CharField(_("role"), max_length=20, choices=MembershipRole.choices)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("staff member")
        verbose_name_plural = _("staff")
        constraints = (
            models.UniqueConstraint(fields=["user", "clinic"], name="membership_one_per_person_and_clinic"),
            choices_check("role", MembershipRole.values, "membership_role_known"),
        )

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()}"


class InvitationState(models.TextChoices):
    OPEN = "open", _("Open")
    EXPIRED = "expired", _("Expired")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    REVOKED = "revoked", _("Revoked")


UNANSWERED = Q(accepted_at__isnull=True, declined_at__isnull=True, revoked_at__isnull=True)


class StaffInvitationQuerySet(models.QuerySet["StaffInvitation"]):
    def unanswered(self) -> "StaffInvitationQuerySet":
        """Neither accepted, declined nor revoked; perhaps run out."""
        return self.filter(UNANSWERED)


class StaffInvitation(models.Model):
    """Somebody is asked by e-mail or by phone to work at the clinic.

    Whoever has the link may see it; only the person with that address may accept it. The link's token is not kept, only
    its hash: see `clinics.invitation_tokens`. An answered invitation stays as it is for the record.
    """

    id = IdField()
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="invitations", verbose_name=_("clinic"))
    email = models.EmailField(_("e-mail"), max_length=255, null=True, blank=True)
    phone = PhoneNumberField(_("phone"), max_length=20, null=True, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=MembershipRole.choices)
    language = models.CharField(_("language"), max_length=10, default="en")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    # Each sending makes another link and ends the one before.
    sendings = models.PositiveSmallIntegerField(_("sent"), default=1)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("invited by")
    )
    created_at = models.DateTimeField(_("invited"), default=timezone.now)
    expires_at = models.DateTimeField(_("valid until"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("accepted by")
    )
    declined_at = models.DateTimeField(_("declined"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = StaffInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = (
            choices_check("role", MembershipRole.values, "staff_invitation_role_known"),
            models.CheckConstraint(
                condition=Q(email__isnull=True, phone__isnull=False) | Q(email__isnull=False, phone__isnull=True),
                name="staff_invitation_email_or_phone",
            ),
            models.CheckConstraint(
                condition=Q(email__isnull=True) | Q(email=Lower(F("email"))), name="staff_invitation_email_lower"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="staff_invitation_accepted_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, declined_at__isnull=True)
                | Q(accepted_at__isnull=True, revoked_at__isnull=True)
                | Q(declined_at__isnull=True, revoked_at__isnull=True),
                name="staff_invitation_one_answer",
            ),
            models.UniqueConstraint(
                fields=["clinic", "email"], condition=UNANSWERED, name="staff_invitation_one_per_email"
            ),
            models.UniqueConstraint(
                fields=["clinic", "phone"], condition=UNANSWERED, name="staff_invitation_one_per_phone"
            ),
        )

    def __str__(self) -> str:
        return self.address

    @property
    def address(self) -> str:
        """Where the link went: the e-mail, or the phone in the form +254…"""
        return self.email or str(self.phone)

    def state(self, now: datetime) -> InvitationState:
        if self.accepted_at is not None:
            return InvitationState.ACCEPTED
        if self.declined_at is not None:
            return InvitationState.DECLINED
        if self.revoked_at is not None:
            return InvitationState.REVOKED
        return InvitationState.OPEN if now < self.expires_at else InvitationState.EXPIRED


class ClinicDay(models.Model):
    """What a day at a clinic came to, in the clinic's zone: sums only, nobody's visit or payment.

    A projection that services write from the clinic's own tables (appointments/figures), so that the platform's
    figures touch no clinic's schema. Money is in `currency`; what was paid back counts on the day it was decided.
    """

    id = IdField()
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="days", verbose_name=_("clinic"))
    day = models.DateField(_("day"))
    booked = models.PositiveIntegerField(_("booked"), default=0)
    cancelled = models.PositiveIntegerField(_("cancelled"), default=0)
    completed = models.PositiveIntegerField(_("completed"), default=0)
    missed = models.PositiveIntegerField(_("did not come"), default=0)
    received = models.DecimalField(_("received"), max_digits=14, decimal_places=2, default=0)
    refunded = models.DecimalField(_("paid back"), max_digits=14, decimal_places=2, default=0)
    currency = models.CharField(_("currency"), max_length=3, default="KES")

    class Meta:
        verbose_name = _("clinic's day")
        verbose_name_plural = _("clinics' days")
        constraints = (
            models.UniqueConstraint(fields=["clinic", "day"], name="clinic_day_once"),
            models.CheckConstraint(condition=Q(received__gte=0, refunded__gte=0), name="clinic_day_money_not_negative"),
        )
        indexes = (models.Index(fields=["day"], name="clinic_day_day"),)

    def __str__(self) -> str:
        return f"{self.clinic_id} {self.day}"
