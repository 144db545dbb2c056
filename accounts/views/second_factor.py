"""A person's own second factor, on the platform host.

Every page is for whoever is signed in. Who has a factor already manages it only in a session that has passed it: else
a stolen password would be enough to add another one.
"""

from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.utils import get_next_redirect_url
from allauth.mfa import signals
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.base.views import AuthenticateView, ReauthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as code_views
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn import views as passkey_views
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.policies import needs_second_factor
from accounts.views.account import SaysAgain
from precta.access import login_required, second_factor_redirect
from precta.ratelimit import too_many_requests
from precta.second_factor import codes as factors
from precta.second_factor.challenge import Challenge
from precta.second_factor.forms import SetUpAppForm, is_limited
from precta.second_factor.pictures import spaced, totp_picture
from precta.second_factor.session import passed

own_page = [never_cache, sensitive_post_parameters("code", "credential")]
ask_again = reauthentication_required(app="allauth.mfa")


def _after(request: HttpRequest) -> str:
    """Where the person was going; empty when nowhere, or nowhere of ours."""
    return get_next_redirect_url(request) or ""


def _with_next(name: str, target: str) -> str:
    return reverse(name) + ("?" + urlencode({"next": target}) if target else "")


class Managed:
    """Signed in, and past the factor when there is one."""

    @method_decorator([*own_page, login_required])
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if factors.has_factor(request.user) and not passed(request):
            return second_factor_redirect(request)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"next_url": _after(self.request)}  # type: ignore[misc,attr-defined]

    def get_success_url(self) -> str:
        return reverse("mfa_index")


def managed(view: Any) -> Any:
    """`Managed` for functions; the password or the factor was given a short while ago."""

    @never_cache
    @sensitive_post_parameters("code")
    @require_http_methods(["GET", "HEAD", "POST"])
    @login_required
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if factors.has_factor(request.user) and not passed(request):
            return second_factor_redirect(request)
        return view(request, *args, **kwargs)

    return guarded


# Passing it


@method_decorator(own_page, name="dispatch")
class SignInView(AuthenticateView):
    """Whoever has just given the right password. Too many wrong codes are a 429."""

    def form_invalid(self, form: Any) -> HttpResponse:
        if is_limited(form):
            return too_many_requests(self.request, retry_after=300)
        return super().form_invalid(form)


@never_cache
@sensitive_post_parameters("code", "credential")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def check(request: HttpRequest) -> HttpResponse:
    """Signed in. Lets this session pass the factor; without one, it is set up first."""
    target = _after(request)
    if not factors.has_factor(request.user):
        return HttpResponseRedirect(_with_next("mfa_activate_totp", target))
    if passed(request):
        return HttpResponseRedirect(target or reverse("mfa_index"))
    challenge = Challenge(request, request.user, again=True)
    if request.method == "POST":
        if challenge.is_passed():
            return HttpResponseRedirect(target or get_account_adapter().get_login_redirect_url(request))
        if challenge.is_limited:
            return too_many_requests(request, retry_after=300)
    again = request.GET.get("again") == "1"
    return render(request, "mfa/check.html", {**challenge.context(), "next_url": target, "again": again})


@method_decorator(own_page, name="dispatch")
class ConfirmView(SaysAgain, ReauthenticateView):
    """Signed in. The code instead of the password where something asks once more."""

    def form_invalid(self, form: Any) -> HttpResponse:
        if is_limited(form):
            return too_many_requests(self.request, retry_after=300)
        return super().form_invalid(form)


@method_decorator(own_page, name="dispatch")
class ConfirmByPasskeyView(SaysAgain, passkey_views.ReauthenticateWebAuthnView):
    """Signed in. A passkey instead of the password where something asks once more."""

    def form_invalid(self, form: Any) -> HttpResponse:
        if is_limited(form):
            return too_many_requests(self.request, retry_after=300)
        for message in form.errors.get("credential", []):
            messages.error(self.request, message)
        return HttpResponseRedirect(self.passthrough_next_url(self.request.path))


# Setting it up, changing it


@managed
def index(request: HttpRequest) -> HttpResponse:
    kept = list(Authenticator.objects.filter(user=request.user).order_by("created_at"))
    by_type = {row.type: row for row in kept}
    recovery = by_type.get(Authenticator.Type.RECOVERY_CODES)
    context = {
        "app": by_type.get(Authenticator.Type.TOTP),
        "passkeys": [row for row in kept if row.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(recovery.wrap().get_unused_codes()) if recovery is not None else None,
        "needed": needs_second_factor(request.user),
    }
    return render(request, "mfa/index.html", context)


@managed
@ask_again
def set_up_app(request: HttpRequest) -> HttpResponse:
    """The secret as a picture and in letters, and the code that proves it. A new phone takes the old one's place."""
    target = _after(request)
    form = SetUpAppForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        had_codes = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.RECOVERY_CODES).exists()
        app = factors.set_up_app(user=request.user, secret=form.secret, counter=form.counter)
        totp.clear_totp_secret(request)
        _tell_added(request, app, "totp_activated")
        messages.success(request, gettext("Your authenticator app is set up."))
        if had_codes:
            return HttpResponseRedirect(target or reverse("mfa_index"))
        return HttpResponseRedirect(_with_next("mfa_view_recovery_codes", target))
    if form.is_bound and is_limited(form):
        return too_many_requests(request, retry_after=300)
    url = get_adapter().build_totp_url(request.user, form.secret)
    kept = set(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    context = {
        "form": form,
        "picture": totp_picture(url),
        "secret": spaced(form.secret),
        "totp_url": url,
        "replaces": Authenticator.Type.TOTP in kept,
        "first": not kept,
        "needed": needs_second_factor(request.user),
        "next_url": target,
    }
    return render(request, "mfa/totp/activate_form.html", context)


def _tell_added(request: HttpRequest, authenticator: Authenticator, mail: str) -> None:
    signals.authenticator_added.send(
        sender=Authenticator, request=request, user=request.user, authenticator=authenticator
    )
    # Whoever sets it up has proved it just now; every other session of theirs still has to.
    post_authentication(request, authenticator, reauthenticated=True)
    get_account_adapter().send_notification_mail(f"mfa/email/{mail}", request.user)


class AddPasskeyView(Managed, passkey_views.AddWebAuthnView):
    """Signed in. The browser makes the passkey; our server keeps its public half."""

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        newest = Authenticator.objects.filter(user=self.request.user, type=Authenticator.Type.WEBAUTHN).latest("pk")
        post_authentication(self.request, newest, reauthenticated=True)
        return response

    def get_success_url(self) -> str:
        target = _after(self.request)
        if self.did_generate_recovery_codes:
            return _with_next("mfa_view_recovery_codes", target)
        return target or reverse("mfa_index")


@managed
@ask_again
def remove_app(request: HttpRequest) -> HttpResponse:
    app = get_object_or_404(Authenticator, user=request.user, type=Authenticator.Type.TOTP)
    return _remove(request, app, "mfa/totp/deactivate_form.html", "totp_deactivated")


@managed
@ask_again
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponse:
    passkeys = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.WEBAUTHN)
    passkey = get_object_or_404(passkeys, pk=pk)
    return _remove(request, passkey, "mfa/webauthn/authenticator_confirm_delete.html", "webauthn_removed")


def _remove(request: HttpRequest, authenticator: Authenticator, page: str, mail: str) -> HttpResponse:
    kept = not get_adapter().can_delete_authenticator(authenticator)
    if request.method == "POST" and not kept:
        try:
            gone = factors.remove_factor(authenticator=authenticator, needed=needs_second_factor(request.user))
        except factors.FactorNeeded:
            kept = True
        else:
            for row in gone:
                signals.authenticator_removed.send(
                    sender=Authenticator, request=request, user=request.user, authenticator=row
                )
            get_account_adapter().send_notification_mail(f"mfa/email/{mail}", request.user)
            messages.success(request, gettext("It is removed."))
            return HttpResponseRedirect(reverse("mfa_index"))
    refused = request.method == "POST" and kept
    return render(request, page, {"authenticator": authenticator, "kept": kept}, status=409 if refused else 200)


class CodesView(Managed, code_views.ViewRecoveryCodesView):
    """Signed in. The codes that are left, to print or keep."""


class DownloadCodesView(Managed, code_views.DownloadRecoveryCodesView):
    """Signed in. The same codes as a text file."""


class NewCodesView(Managed, code_views.GenerateRecoveryCodesView):
    """Signed in. New codes; the old ones are worth nothing from then on."""

    def get_success_url(self) -> str:
        return reverse("mfa_view_recovery_codes")


sign_in = SignInView.as_view()
confirm = login_required(ConfirmView.as_view())
confirm_by_passkey = login_required(ConfirmByPasskeyView.as_view())
add_passkey = AddPasskeyView.as_view()
codes = CodesView.as_view()
download_codes = DownloadCodesView.as_view()
new_codes = NewCodesView.as_view()
