"""Who can sign in."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from precta.choices import choices_check
from precta.ids import IdField

NO_MAIL_DOMAIN = "no-mail.invalid"


class Role(models.TextChoices):
    PATIENT = "patient", _("Patient")
    DOCTOR = "doctor", _("Doctor")
    ADMIN = "admin", _("Platform admin")


class UserStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":
        """A platform admin; used by `manage.py createsuperuser`."""
        extra.setdefault("role", Role.ADMIN)
        extra.setdefault("status", UserStatus.ACTIVE)
        extra.setdefault("email_verified", True)
        return self.create_user(email, password, **extra)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person with an account.

    `role=admin` means platform admin and nothing else; what somebody may do at a clinic is a `clinics.Membership`.
    A person without e-mail (walk-in, child) holds `<id>@no-mail.invalid`, which is never mailed or shown. Only a
    verified phone may hold the unique `phone`, so that nobody can squat on a number.
    """

    id = IdField()
    email = models.EmailField(_("e-mail"), max_length=255, unique=True)
    phone = PhoneNumberField(_("phone"), max_length=20, unique=True, null=True, blank=True)
    password = models.CharField(_("password"), max_length=255, db_column="password_hash")
    role = models.CharField(
        _("role"),
        max_length=10,
        choices=Role.choices,
        default=Role.PATIENT,
        db_index=True,
    )
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=UserStatus.choices,
        default=UserStatus.PENDING,
        db_default=UserStatus.PENDING,
        db_index=True,
    )
    email_verified = models.BooleanField(_("e-mail verified"), default=False, db_default=False)
    phone_verified = models.BooleanField(_("phone verified"), default=False, db_default=False)
    session_epoch = models.PositiveIntegerField(_("sign-outs everywhere"), default=0, editable=False)
    created_at = models.DateTimeField(_("joined"), auto_now_add=True, db_default=Now())
    updated_at = models.DateTimeField(_("changed"), auto_now=True, db_default=Now())

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []  # type: ignore[misc]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = (
            choices_check("role", Role.values, "user_role_known"),
            choices_check("status", UserStatus.values, "user_status_known"),
            models.CheckConstraint(
                condition=models.Q(phone__isnull=True) | models.Q(phone_verified=True),
                name="user_phone_verified",
            ),
        )

    def __str__(self) -> str:
        return self.email if self.has_email else str(self.phone or self.pk)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What every session of this person carries: raising `session_epoch` ends them all, on every host."""
        value = f"{self.password}:{self.session_epoch}"
        return salted_hmac("accounts.User.session", value, secret=secret, algorithm="sha256").hexdigest()

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.status != UserStatus.SUSPENDED

    @property
    def has_email(self) -> bool:
        return not self.email.endswith("@" + NO_MAIL_DOMAIN)

    @property
    def reachable_phone(self) -> str:
        """Where a short message reaches the person (E.164): the verified phone, else the one told at a desk, or ""."""
        if self.phone:
            return str(self.phone)
        patient = getattr(self, "patient", None)
        return str(patient.contact_phone) if patient is not None else ""

    @property
    def is_platform_admin(self) -> bool:
        return self.role == Role.ADMIN and self.status == UserStatus.ACTIVE

    # The Django admin's questions. They are global, so only the platform's admin site may believe them; the clinic
    # site asks the Membership.
    @property
    def is_staff(self) -> bool:
        return self.is_platform_admin

    @property
    def is_superuser(self) -> bool:
        return self.is_platform_admin

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_platform_admin

    def has_perms(self, perms: list[str], obj: object = None) -> bool:
        return self.is_platform_admin

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_platform_admin
