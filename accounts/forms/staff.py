"""Inviting staff, giving roles, handing the ownership over, and typing the code of an invitation by phone."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models.user import NO_MAIL_DOMAIN
from clinics.models import Membership, MembershipRole
from clinics.policies import may_give_role
from precta.forms import FocusOnError
from precta.payments.exceptions import InvalidPhone
from precta.payments.phones import mpesa_phone
from precta.text import plain_line

ROLE_HINTS = {
    MembershipRole.OWNER: _("Everything, including who else is an owner or a manager."),
    MembershipRole.MANAGER: _("Runs the clinic: its page, hours, doctors, money and staff."),
    MembershipRole.FRONT_DESK: _("Books, moves and cancels visits, receives patients and takes cash."),
    MembershipRole.PHARMACIST: _("Medicines only. Sees no visits and no payments."),
}


def role_choices(membership: Membership) -> list[tuple[str, Any]]:
    """The roles that this member may give, from the most to the least, each with what it is about."""
    return [
        (role.value, format_html('<span>{}<span class="small">{}</span></span>', role.label, ROLE_HINTS[role]))
        for role in MembershipRole
        if may_give_role(membership, role)
    ]


class InviteForm(FocusOnError, forms.Form):
    address = forms.CharField(
        label=_("E-mail or mobile phone"),
        max_length=255,
        help_text=_("The link goes there. Only the person with this e-mail or phone can accept it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)
    language = forms.ChoiceField(
        label=_("Language of the invitation"),
        choices=settings.LANGUAGES,
        help_text=_("Somebody who has an account already reads it in their own."),
    )

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = role_choices(membership)  # type: ignore[attr-defined]
        self.fields["language"].initial = get_language()
        self.email: str | None = None
        self.phone: str | None = None

    def clean_address(self) -> str:
        """Sets `email` or `phone` (E.164)."""
        value = self.cleaned_data["address"]
        plain_line(value)
        if "@" in value:
            validate_email(value)
            if value.lower().endswith("@" + NO_MAIL_DOMAIN):
                raise ValidationError(_("Use an e-mail address at which the person gets mail."), code="no_mail")
            self.email = value.lower()
            return value
        try:
            self.phone = mpesa_phone(value)
        except InvalidPhone as error:
            sentence = _("Write an e-mail address, or a Kenyan mobile number like 0712 345 678.")
            raise ValidationError(sentence, code="address") from error
        return value


class RoleForm(FocusOnError, forms.Form):
    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = role_choices(membership)  # type: ignore[attr-defined]


class HandOverForm(FocusOnError, forms.Form):
    """`candidates`: membership id → name."""

    to = forms.ChoiceField(label=_("New owner"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, candidates: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = candidates  # type: ignore[attr-defined]


class PhoneCodeForm(FocusOnError, forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=12,
        help_text=_("Six digits, valid for 10 minutes."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )

    def clean_code(self) -> str:
        code = "".join(self.cleaned_data["code"].split())
        if not (len(code) == 6 and code.isascii() and code.isdigit()):
            raise ValidationError(_("This code is not right."), code="form")
        return code
