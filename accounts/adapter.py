"""allauth's questions answered for our User."""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.userkit import filter_users_by_email
from allauth.core.internal import ratelimit
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Patient, Role, User, UserStatus
from accounts.models.user import NO_MAIL_DOMAIN
from accounts.selectors import language_of, name_of, workplaces_of
from accounts.services.users import note_failed_sign_in, note_suspended_attempt
from precta import hosts
from precta.client import client_ip, network_of
from precta.second_factor.session import stepped_up

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail or the password is not right."),
        "too_many_login_attempts": _("Too many tries. Wait a few minutes and try again."),
        "incorrect_code": _("This code is not right. Look at the newest e-mail from us."),
        "incorrect_password": _("This password is not right."),
        "enter_current_password": _("This is not your current password."),
        "email_taken": _("This e-mail belongs to another account."),
        "duplicate_email": _("This is your e-mail already."),
        "rate_limited": _("Wait a moment before you ask for another code."),
    }

    def is_safe_url(self, url: str | None) -> bool:
        """One login serves the platform host and every clinic, so `next` may lead to any of them, and no further."""
        return bool(url) and hosts.is_own_url(url)

    def is_ajax(self, request: HttpRequest) -> bool:
        """Pages only: allauth's JSON answers would be a second surface that nobody here uses."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request) or "0.0.0.0"  # noqa: S104 - stands for "unknown", nothing binds to it

    # People

    def new_user(self, request: HttpRequest) -> User:
        return User(role=Role.PATIENT, status=UserStatus.PENDING)

    def clean_email(self, email: str) -> str:
        if email.lower().endswith("@" + NO_MAIL_DOMAIN):
            raise ValidationError(_("Use an e-mail address at which you get mail."), code="no_mail")
        return super().clean_email(email)

    # Signing in

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # By account *and* network: else anybody could keep somebody out by typing wrong passwords.
        return f"{credentials.get('email', '').lower()}|{network_of(client_ip(request))}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        # The network's own count comes first: a try that it refuses must use nothing up of what all networks share, or
        # one of them alone would keep somebody out.
        super().pre_authenticate(request, **credentials)
        self._anywhere = ratelimit.consume(
            request,
            app="allauth.account",
            action="login_failed_anywhere",
            key=credentials.get("email", "").lower(),
        )
        if not self._anywhere:
            raise self.validation_error("too_many_login_attempts")

    def _rollback_login_failed_rl_usage(self) -> None:
        super()._rollback_login_failed_rl_usage()
        if usage := getattr(self, "_anywhere", None):
            usage.rollback()

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        email = credentials.get("email", "")
        users = filter_users_by_email(email) if email else []
        note_failed_sign_in(email=email, user=users[0] if users else None, why="password")

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        note_suspended_attempt(user=user)
        return super().respond_user_inactive(request, user)

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        request.session["viewer_name"] = name_of(user)
        # For the menus, so that no page asks for it again: links only, every page behind them asks for itself.
        request.session["is_patient"] = Patient.objects.filter(pk=user.pk).exists()
        request.session["works_at"] = workplaces_of(user)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        from precta.views.preferences import remember_language

        response = super().post_login(request, user, **kwargs)
        language = language_of(user)
        if language:
            remember_language(response, request, language)
        return response

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where somebody wants to go who asked for nothing: to their own work."""
        if request.user.role == Role.ADMIN:
            return hosts.admin_url()
        if works_at := request.session.get("works_at"):
            return works_at[0]["url"]
        return hosts.platform_url("appointments:me:home")

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return self.get_login_redirect_url(request)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return hosts.platform_url("accounts:me:profile")

    def get_email_verification_redirect_url(self, email_address: Any) -> str:
        if self.request.user.is_authenticated:
            return hosts.platform_url("accounts:me:profile")
        return super().get_email_verification_redirect_url(email_address)

    # Asking again

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whoever signed in a moment ago is not asked for the same password before setting a second factor up."""
        if app == "allauth.mfa" and stepped_up(self.request):
            return False
        return super().is_reauthentication_required(app=app, **kwargs)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        words = {
            "reauthenticate": _("Use your password"),
            "mfa_reauthenticate": _("Use a code from your app"),
            "mfa_reauthenticate:webauthn": _("Use a passkey"),
        }
        return [method | {"description": words[method["id"]]} for method in super().get_reauthentication_methods(user)]

    # Mail

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send in the reader's language; an address that nobody reads gets nothing.

        A mail server that does not answer must not lose a sign-up: the page says so and offers to send again.
        """
        if email.lower().endswith("@" + NO_MAIL_DOMAIN):
            return
        user = context.get("user") or next(iter(filter_users_by_email(email)), None)
        language = (language_of(user) if user is not None else None) or translation.get_language()
        with translation.override(language):
            message = self.render_mail(template_prefix, email, {"email": email, **context})
        try:
            message.send()
        except (OSError, SMTPException) as error:
            logger.error("mail %s was not sent: %s", template_prefix, type(error).__name__)
            if self.request is not None:
                messages.error(self.request, gettext("We could not send the e-mail just now. Ask for it again."))
