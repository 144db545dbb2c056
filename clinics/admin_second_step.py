"""The second step of the admin host's own sign-in, and the question that it asks again before what must be asked twice.

Between the two steps nobody is signed in: the session holds only whose password was right, for ten minutes.
"""

import time
from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa import signals
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth import login as start_session
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from precta import hosts
from precta.access import step_up_required
from precta.audit.services import record
from precta.ratelimit import too_many_requests
from precta.second_factor import codes as factors
from precta.second_factor.challenge import Challenge
from precta.second_factor.forms import SetUpAppForm, is_limited
from precta.second_factor.pictures import spaced, totp_picture
from precta.sessions import end_within_hours

PENDING = "admin_second_step"
PENDING_SECONDS = 10 * 60

form_page = method_decorator(
    [
        never_cache,
        csrf_protect,
        sensitive_post_parameters("code", "credential", "password"),
        require_http_methods(["GET", "HEAD", "POST"]),
    ]
)


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class SecondStep:
    """For the platform's AdminSite: the pages after the password."""

    def second_step_urls(self) -> list[URLPattern]:
        inside = self.admin_view  # type: ignore[attr-defined]
        codes = inside(step_up_required(self.second_factor_codes))
        return [
            path("second-factor/", self.second_factor, name="second-factor"),
            path("second-factor/set-up/", self.second_factor_set_up, name="second-factor-set-up"),
            path("second-factor/codes/", codes, name="second-factor-codes"),
            path("confirm/", inside(self.confirm), name="confirm"),
        ]

    # Signing in

    def begin_second_step(self, request: HttpRequest, user: Any, target: str) -> HttpResponse:
        """The password was right. Nothing of an earlier session is kept."""
        request.session.flush()
        request.session[PENDING] = {
            "user": str(user.pk),
            "hash": user.get_session_auth_hash(),
            "at": time.time(),
        }
        return HttpResponseRedirect(_with_next("second-factor", target))

    @form_page
    def second_factor(self, request: HttpRequest) -> HttpResponse:
        user, target = _pending(request), safe_next(request)
        if user is None:
            return HttpResponseRedirect(_with_next("login", target))
        if not factors.has_factor(user):
            return HttpResponseRedirect(_with_next("second-factor-set-up", target))
        challenge = Challenge(request, user, again=False)
        if request.method == "POST":
            if challenge.is_passed():
                self._enter(request, user)
                return HttpResponseRedirect(target)
            if challenge.is_limited:
                return too_many_requests(request, retry_after=300)
        return self._page(request, "second_step", gettext("The second step"), **challenge.context())

    @form_page
    def second_factor_set_up(self, request: HttpRequest) -> HttpResponse:
        """The first time: the app is set up here, and the session begins with it."""
        user, target = _pending(request), safe_next(request)
        if user is None or factors.has_factor(user):
            return HttpResponseRedirect(_with_next("login" if user is None else "second-factor", target))
        form = SetUpAppForm(request.POST if request.method == "POST" else None, user=user)
        if form.is_valid():
            app = factors.set_up_app(user=user, secret=form.secret, counter=form.counter)
            totp.clear_totp_secret(request)
            signals.authenticator_added.send(sender=Authenticator, request=request, user=user, authenticator=app)
            post_authentication(request, app)
            self._enter(request, user)
            get_account_adapter().send_notification_mail("mfa/email/totp_activated", user)
            return HttpResponseRedirect(_with_next("second-factor-codes", target))
        if form.is_bound and is_limited(form):
            return too_many_requests(request, retry_after=300)
        url = get_adapter().build_totp_url(user, form.secret)
        more = {"form": form, "picture": totp_picture(url), "secret": spaced(form.secret)}
        return self._page(request, "second_step_set_up", gettext("Set up your second factor"), **more)

    @method_decorator([never_cache, require_safe])
    def second_factor_codes(self, request: HttpRequest) -> HttpResponse:
        """The recovery codes, after the app was set up here."""
        kept = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.RECOVERY_CODES).first()
        left = kept.wrap().get_unused_codes() if kept is not None else []
        return self._page(request, "second_step_codes", gettext("Your recovery codes"), codes=left)

    def _enter(self, request: HttpRequest, user: Any) -> None:
        request.session.pop(PENDING, None)
        record_authentication(request, user, "password")
        start_session(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
        end_within_hours(request.session)
        record("sign_in.succeeded", resource=user, user=user, details={"host": "admin"})

    # Once more

    @form_page
    def confirm(self, request: HttpRequest) -> HttpResponse:
        """The password, a code or a passkey once more, before an export or what else asks for it."""
        target = safe_next(request)
        challenge = Challenge(request, request.user, again=True)
        by_password = request.method == "POST" and "password" in request.POST
        password_form = PasswordForm(request.POST if by_password else None)
        if by_password and password_form.is_valid():
            try:
                given = password_form.cleaned_data["password"]
                user = get_account_adapter(request).authenticate(request, email=request.user.email, password=given)
            except ValidationError:
                return too_many_requests(request, retry_after=300)
            if user is not None and user.pk == request.user.pk:
                record_authentication(request, user, "password", reauthenticated=True)
                return HttpResponseRedirect(target)
            password_form.add_error("password", _("This password is not right."))
        elif request.method == "POST" and not by_password:
            if challenge.is_passed():
                return HttpResponseRedirect(target)
            if challenge.is_limited:
                return too_many_requests(request, retry_after=300)
        again = request.GET.get("again") == "1"
        more = {"password_form": password_form, "again": again, **challenge.context()}
        return self._page(request, "confirm", gettext("Is it you?"), **more)

    def _page(self, request: HttpRequest, name: str, title: str, **more: Any) -> HttpResponse:
        context = {
            **self.each_context(request),  # type: ignore[attr-defined]
            "title": title,
            "next": safe_next(request),
            **more,
        }
        return render(request, f"admin/{name}.html", context)


def safe_next(request: HttpRequest) -> str:
    """A path of this very host."""
    target = request.POST.get("next") or request.GET.get("next") or "/"
    return target if target.startswith("/") and hosts.is_own_url(target) else "/"


def _with_next(page: str, target: str) -> str:
    return reverse(f"admin:{page}") + "?" + urlencode({"next": target})


def _pending(request: HttpRequest) -> Any | None:
    """The platform admin whose password was right a short while ago, and still is."""
    kept = request.session.get(PENDING)
    if not kept or time.time() - kept["at"] > PENDING_SECONDS:
        return None
    user = get_user_model().objects.filter(pk=kept["user"]).first()
    if user is None or not user.is_platform_admin:
        return None
    return user if constant_time_compare(user.get_session_auth_hash(), kept["hash"]) else None
