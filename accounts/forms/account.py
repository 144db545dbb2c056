"""allauth's forms in the portal's words. Help, order and autofill are for a phone."""

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.fields import EmailField, PasswordField
from allauth.account.internal import flows
from django import forms
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import terms
from accounts.services.registration import register_patient
from precta.constraints import violated
from precta.text import LineField

PASSWORD_HELP = _("At least 10 characters. Several words that do not belong together are easy to keep in mind.")


def _dress(form: forms.Form, name: str, label: str | Promise, help_text: str | Promise = "", **attrs: str) -> None:
    """Our label, hint and attributes instead of allauth's placeholders, which vanish while one types."""
    field = form.fields[name]
    field.label = label
    field.help_text = help_text
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs.update(attrs)


class SignInForm(allauth_forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self, "login", _("E-mail"), autocomplete="username", autocapitalize="none")
        _dress(self, "password", _("Password"))

    @property
    def is_limited(self) -> bool:
        """Refused for the number of tries, not for what was typed."""
        return self.has_error("__all__", "too_many_login_attempts")


class SignUpForm(allauth_forms.SignupForm):
    """Makes the account, the patient profile and the consent to the terms together or not at all."""

    field_order = ("first_name", "last_name", "email", "password1", "language", "terms")
    first_name = LineField(label=_("First name"), max_length=100)
    last_name = LineField(label=_("Last name"), max_length=100)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    terms = forms.BooleanField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["first_name"].widget.attrs["autocomplete"] = "given-name"
        self.fields["last_name"].widget.attrs["autocomplete"] = "family-name"
        self.fields["language"].initial = get_language()
        self.fields["language"].help_text = _("For the pages, messages and e-mails you get.")
        self.fields["terms"].label = terms.as_label()
        _dress(self, "email", _("E-mail"), _("We send a code to it."), autocapitalize="none")
        _dress(self, "password1", _("Password"), PASSWORD_HELP)

    def try_save(self, request: HttpRequest) -> tuple[AbstractBaseUser | None, HttpResponse | None]:
        try:
            with transaction.atomic():
                return super().try_save(request)
        except IntegrityError as error:
            if not violated(error, "accounts_user_email"):
                raise
            # Somebody took the address in the same moment; answer as if they had had it before.
            return None, flows.signup.prevent_enumeration(request, email=self.cleaned_data["email"])

    def signup(self, request: HttpRequest, user: Any) -> None:
        """allauth calls this once the account is saved."""
        data = self.cleaned_data
        register_patient(
            user=user, first_name=data["first_name"], last_name=data["last_name"], language=data["language"]
        )


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self, "email", _("E-mail"), autocapitalize="none")


class _TwoPasswords:
    """The new password is typed once: what was typed can be shown, and a code by mail mends a slip."""

    fields: dict[str, forms.Field]

    def _dress_new(self) -> None:
        _dress(self, "password1", _("New password"), PASSWORD_HELP)  # type: ignore[arg-type]
        del self.fields["password2"]


class NewPasswordForm(_TwoPasswords, allauth_forms.ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dress_new()


class ChangePasswordForm(_TwoPasswords, allauth_forms.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self, "oldpassword", _("Current password"))
        self._dress_new()


class SetPasswordForm(_TwoPasswords, allauth_forms.SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dress_new()


class ReauthenticateForm(allauth_forms.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self, "password", _("Password"))


class ChangeEmailForm(allauth_forms.AddEmailForm):
    email = EmailField(required=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self, "email", _("New e-mail"), _("We send a code to it; the change counts once you entered it."))


class _CodeForm:
    fields: dict[str, forms.Field]

    def _dress_code(self, **attrs: str) -> None:
        field = self.fields["code"]
        field.max_length = 20
        _dress(self, "code", _("Code"), autocapitalize="characters", spellcheck="false", **attrs)  # type: ignore[arg-type]


class ConfirmEmailForm(_CodeForm, allauth_forms.ConfirmEmailVerificationCodeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dress_code(inputmode="numeric")


class ConfirmResetForm(_CodeForm, allauth_forms.ConfirmPasswordResetCodeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dress_code()


class ClaimForm(forms.Form):
    """How somebody will sign in who has proved the phone and the name."""

    email = EmailField()
    password1 = PasswordField(label=_("Password"), autocomplete="new-password")
    terms = forms.BooleanField()

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["terms"].label = terms.as_label()
        _dress(self, "email", _("E-mail"), _("We send a code to it."), autocapitalize="none", autocomplete="email")
        _dress(self, "password1", _("Password"), PASSWORD_HELP)

    def clean_email(self) -> str:
        return get_adapter().clean_email(self.cleaned_data["email"].lower())

    def clean_password1(self) -> str:
        return get_adapter().clean_password(self.cleaned_data["password1"], user=self.user)
