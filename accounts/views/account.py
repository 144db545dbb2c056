"""allauth's views where their answer is not ours: 429 instead of a message, `next` kept to the end."""

from typing import Any

from allauth.account import views
from allauth.account.forms import LoginForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.decorators import method_decorator
from django.views import View

from precta.ratelimit import limit, too_many_requests, who


def _session_of(request: HttpRequest) -> str:
    return request.session.session_key or who(request)


def limit_codes(view: type[View]) -> type[View]:
    """A code belongs to a session and bears five wrong tries. allauth counts them in the session itself, where tries
    that arrive at the same moment overwrite each other's count; this one is atomic."""
    by_session = limit("code-session", "20/10m", key=_session_of)
    by_network = limit("code", "300/m")
    return method_decorator([by_network, by_session], name="dispatch")(view)


class LoginView(views.LoginView):
    """Anyone. Too many wrong passwords are a 429."""

    def form_invalid(self, form: LoginForm) -> HttpResponse:
        if getattr(form, "is_limited", False):
            return too_many_requests(self.request, retry_after=300)
        return super().form_invalid(form)


class SaysAgain:
    """Tells a person whose form was not carried out that it has to be sent once more."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        again = self.request.GET.get("again") == "1"  # type: ignore[attr-defined]
        return super().get_context_data(**kwargs) | {"again": again}  # type: ignore[misc]


class ReauthenticateView(SaysAgain, views.ReauthenticateView):
    """Signed in. The password once more before the address of the account changes, or where somebody steps up."""

    def form_invalid(self, form: Any) -> HttpResponse:
        if form.has_error("password", "too_many_login_attempts"):
            return too_many_requests(self.request, retry_after=300)
        return super().form_invalid(form)


class EmailView(views.EmailView):
    """Signed in. Another address, or the first one of somebody whose account a clinic's desk made."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if not self.request.user.has_email:
            # allauth takes what stands in the column for an address; nobody is to see it.
            context |= {"new_emailaddress": None, "current_emailaddress": None, "is_first": True}
        return context


@limit_codes
class ConfirmEmailView(views.ConfirmEmailVerificationCodeView):
    """Anyone who has just signed up or changed the e-mail."""


@limit_codes
class ConfirmResetCodeView(views.ConfirmPasswordResetCodeView):
    """Anyone who has just asked for a new password."""


class CompleteResetView(views.CompletePasswordResetView):
    """Anyone who has entered the code; signs in and leads on to `next`."""

    def form_valid(self, form: Any) -> HttpResponse:
        target = self.get_next_url()
        response = super().form_valid(form)
        if target and self.request.user.is_authenticated and isinstance(response, HttpResponseRedirect):
            response["Location"] = target
        return response


def confirm_email(request: HttpRequest) -> HttpResponse:
    return ConfirmEmailView.as_view()(request)


login = LoginView.as_view()
change_email = EmailView.as_view()
reauthenticate = ReauthenticateView.as_view()
confirm_reset_code = ConfirmResetCodeView.as_view()
complete_reset = CompleteResetView.as_view()
