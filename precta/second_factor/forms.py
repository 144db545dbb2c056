"""One code. What allauth would check in the cache is checked in the database instead: see `codes.check_code`."""

from typing import Any

from allauth.core import context
from allauth.mfa import signals
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as allauth_forms
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn import forms as passkey_forms
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from precta.second_factor.codes import CodeUsedAlready, check_code, counter_of

LIMITED = "too_many_login_attempts"


def is_limited(form: forms.BaseForm) -> bool:
    """Refused for the number of tries, not for what was given."""
    return any(form.has_error(name, LIMITED) for name in form.fields)


def _dress(field: forms.Field, help_text: Any = "") -> None:
    field.label = _("Code")
    field.help_text = help_text
    field.max_length = 20
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs |= {"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": 20, "autofocus": True}


class _OneCode(forms.Form):
    """For allauth's forms, which set `user`."""

    user: Any
    reauthentication = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self.fields["code"], _("Six digits from your authenticator app, or one of your recovery codes."))

    def clean_code(self) -> str:
        forgive = check_rate_limit(self.user)
        code = self.cleaned_data["code"]
        try:
            found = check_code(user=self.user, code=code)
        except CodeUsedAlready as error:
            raise get_adapter().validation_error("code_used") from error
        if found is None:
            self._tell_failure()
            raise get_adapter().validation_error("incorrect_code")
        found.user = self.user
        self.authenticator = found
        forgive()
        return code

    def _tell_failure(self) -> None:
        kept = Authenticator.objects.filter(user=self.user).exclude(type=Authenticator.Type.WEBAUTHN)
        signals.authentication_failed.send(
            sender=Authenticator,
            request=context.request,
            user=self.user,
            authenticator=kept.order_by("-type").first(),
            reauthentication=self.reauthentication,
        )


class CodeForm(_OneCode, allauth_forms.AuthenticateForm):
    """The second step of a sign-in."""


class CodeAgainForm(_OneCode, allauth_forms.ReauthenticateForm):
    """Signed in already: the code once more."""

    reauthentication = True


# What a browser never sends, and allauth lets through to fido2: a credential of the wrong shape is a wrong credential.
MISSHAPEN = (KeyError, AttributeError, TypeError, ValueError)


class _OnePasskey(passkey_forms.AuthenticateWebAuthnForm):
    def clean_credential(self) -> Authenticator:
        try:
            return super().clean_credential()
        except ValidationError:
            raise
        except MISSHAPEN as error:
            raise get_adapter().validation_error("incorrect_passkey") from error


class PasskeyForm(_OnePasskey):
    """The second step of a sign-in, by passkey."""


class PasskeyAgainForm(_OnePasskey):
    """Signed in already: the passkey once more."""

    reauthenticated = True


class AddPasskeyForm(passkey_forms.AddWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["name"]
        name.label = _("Name")
        name.help_text = _("So that you know it again: the phone or key that holds it.")
        name.max_length = 60
        name.validators.append(MaxLengthValidator(60))
        name.widget.attrs |= {"maxlength": 60, "autocomplete": "off"}

    def clean(self) -> dict[str, Any]:
        try:
            return super().clean()
        except ValidationError:
            raise
        except MISSHAPEN as error:
            raise get_adapter().validation_error("incorrect_passkey") from error


class SetUpAppForm(forms.Form):
    """The code that shows that the app has the secret, which waits in the session until then."""

    code = forms.CharField()
    counter: int

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.secret = totp.get_totp_secret(regenerate=False)
        _dress(self.fields["code"], _("The six digits that the app shows for Precta now."))

    def clean_code(self) -> str:
        forgive = check_rate_limit(self.user)
        counter = counter_of(self.secret, self.cleaned_data["code"])
        if counter is None:
            raise get_adapter().validation_error("incorrect_code")
        forgive()
        self.counter = counter
        return self.cleaned_data["code"]
