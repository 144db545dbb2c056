"""The tenants: clinics, the hosts they answer on, and who works there in which role."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin, TenantMixin

from clinics.policy_settings import ClinicSettings
from precta.choices import choices_check
from precta.ids import IdField, new_clinic_code

SLUG_PATTERN = r"^[a-z][a-z0-9-]{0,47}[a-z0-9]$"  # a label of a host name: no hyphen at its end
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
        db_index=True,
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

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
