"""One page that takes a code or a passkey, on the portal and on the admin host alike."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from django import forms
from django.http import HttpRequest

from precta.second_factor.forms import CodeAgainForm, CodeForm, PasskeyAgainForm, PasskeyForm, is_limited


class Challenge:
    """The two forms for `user`. After `is_passed()` the session's records say so.

    `again` is for somebody who is signed in already.
    """

    def __init__(self, request: HttpRequest, user: Any, *, again: bool) -> None:
        self.request, self.user = request, user
        code_form, passkey_form = (CodeAgainForm, PasskeyAgainForm) if again else (CodeForm, PasskeyForm)
        posted = request.POST if request.method == "POST" else None
        by_passkey = posted is not None and "credential" in posted
        self.code_form: forms.Form = code_form(posted if not by_passkey else None, user=user)
        self.passkey_form: forms.Form = passkey_form(posted if by_passkey else None, user=user)
        self.form = self.passkey_form if by_passkey else self.code_form

    def is_passed(self) -> bool:
        if not self.form.is_valid():
            return False
        self.form.save()  # type: ignore[attr-defined]
        return True

    @property
    def is_limited(self) -> bool:
        return self.form.is_bound and is_limited(self.form)

    def context(self) -> dict[str, Any]:
        has_passkey = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.WEBAUTHN).exists()
        if not has_passkey:
            return {"form": self.code_form}
        options = webauthn.begin_authentication(self.user)
        return {
            "form": self.code_form,
            "webauthn_form": self.passkey_form,
            "js_data": {"request_options": options},
        }
