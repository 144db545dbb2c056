"""What follows when allauth or Django say that somebody came, went or changed something."""

from typing import Any

from allauth.account import signals as allauth_signals
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa_signals
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.services.profile import store_language
from accounts.services.users import confirm_email
from precta.audit.services import record
from precta.second_factor.session import rotate
from precta.tenancy import public_context
from precta.views.preferences import language_chosen


@receiver(allauth_signals.email_confirmed)
def _email_confirmed(*, email_address: EmailAddress, **_: Any) -> None:
    confirm_email(user=email_address.user)


@receiver(allauth_signals.user_logged_in)
def _signed_in(*, request: HttpRequest, user: User, **_: Any) -> None:
    record("sign_in.succeeded", resource=user, user=user, details={"host": "platform"})


@receiver(user_logged_out)
def _signed_out(*, request: HttpRequest | None, user: User | None, **_: Any) -> None:
    if user is not None and user.is_authenticated:
        with public_context():
            host = getattr(request, "host_kind", "platform")
            record("user.signed_out", resource=user, user=user, details={"host": host})


@receiver(allauth_signals.password_changed)
@receiver(allauth_signals.password_set)
def _password_changed(*, user: User, **_: Any) -> None:
    record("password.changed", resource=user, user=user)


@receiver(allauth_signals.password_reset)
def _password_reset(*, user: User, **_: Any) -> None:
    record("password.reset", resource=user, user=user)


@receiver(allauth_signals.email_changed)
def _email_changed(*, user: User, from_email_address: EmailAddress | None, **_: Any) -> None:
    # allauth calls the first address a change too. Both are personal: the trail tells that, when and by whom.
    if from_email_address is not None:
        record("email.changed", resource=user, user=user)


@receiver(mfa_signals.authenticator_used)
def _factor_used(*, request: HttpRequest, user: User, authenticator: Authenticator, **more: Any) -> None:
    rotate(request)
    _record_factor("passed", request, user, authenticator, again=bool(more.get("reauthenticated")))


@receiver(mfa_signals.authenticator_added)
def _factor_added(*, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    _record_factor("added", request, user, authenticator)


@receiver(mfa_signals.authenticator_removed)
def _factor_removed(*, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    _record_factor("removed", request, user, authenticator)


@receiver(mfa_signals.authenticator_reset)
def _factor_made_anew(*, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    _record_factor("made_anew", request, user, authenticator)


@receiver(mfa_signals.authentication_failed)
def _factor_failed(*, request: HttpRequest, user: User, authenticator: Authenticator | None, **_: Any) -> None:
    _record_factor("failed", request, user, authenticator)


def _record_factor(
    verb: str, request: HttpRequest, user: User, authenticator: Authenticator | None, **more: Any
) -> None:
    kind = authenticator.type if authenticator is not None else ""
    host = getattr(request, "host_kind", "platform")
    with public_context():
        record(f"second_factor.{verb}", resource=user, user=user, details={"kind": kind, "host": host, **more})


@receiver(language_chosen)
def _language_chosen(*, request: HttpRequest, language: str, **_: Any) -> None:
    if request.user.is_authenticated:
        store_language(user=request.user, language=language)
