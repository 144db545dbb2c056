"""Codes that prove who holds a phone."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from precta.choices import choices_check
from precta.ids import IdField


class PhoneCodePurpose(models.TextChoices):
    CLAIM = "claim", _("Claiming an account")
    LINK = "link", _("Being found by a clinic")
    INVITATION = "invitation", _("Joining a clinic's staff")


class PhoneCode(models.Model):
    """One code on its way to one phone. `subject` is what it is for beside the purpose: a clinic, a browser.

    The digits are kept as a keyed hash over the row's id, the phone, the purpose and the subject.
    """

    id = IdField()
    phone = PhoneNumberField(_("phone"), max_length=20)
    purpose = models.CharField(_("purpose"), max_length=20, choices=PhoneCodePurpose.choices)
    subject = models.CharField(_("subject"), max_length=100, blank=True, default="")
    code_hash = models.CharField(max_length=64, editable=False)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    created_at = models.DateTimeField(_("sent"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))
    used_at = models.DateTimeField(_("used"), null=True, blank=True)

    class Meta:
        verbose_name = _("phone code")
        verbose_name_plural = _("phone codes")
        constraints = (
            choices_check("purpose", PhoneCodePurpose.values, "phone_code_purpose_known"),
            # A new code for the same thing ends the one before it.
            models.UniqueConstraint(
                fields=["phone", "purpose", "subject"], condition=Q(used_at__isnull=True), name="phone_code_one_open"
            ),
        )

    def __str__(self) -> str:
        return self.purpose
