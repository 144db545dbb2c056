"""Who asks, with the suspended turned away at once."""

from collections.abc import Callable
from typing import Any

from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware as DjangoAuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from accounts.models import User, UserStatus
from accounts.policies import needs_second_factor
from accounts.services.users import note_suspended_attempt
from precta.access import second_factor_redirect
from precta.second_factor.session import passed
from precta.views.errors import account_suspended


def _user_of(request: HttpRequest) -> User | AnonymousUser:
    """The session's user, looked up once and only when somebody asks.

    The backend already refuses a suspended person. Only then, and so at no cost to anybody else, we look why.
    """
    if not hasattr(request, "_cached_user"):
        request._cached_user = auth.get_user(request)  # type: ignore[attr-defined]
        user_id = request.session.get(auth.SESSION_KEY) if request._cached_user.is_anonymous else None
        if user_id and (user := User.objects.filter(pk=user_id, status=UserStatus.SUSPENDED).first()):
            note_suspended_attempt(user=user)
            request.session.flush()
            request.was_suspended = True  # type: ignore[attr-defined]
    return request._cached_user


class AuthenticationMiddleware(DjangoAuthenticationMiddleware):
    """Answers a suspended person's request with a page that says so, signed out, whatever the view made of it."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _user_of(request))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        return account_suspended(request) if getattr(request, "was_suspended", False) else response


# What the second factor is not asked for. On the clinics' hosts that is what anybody may open and what belongs to the
# patient who asks; everything else there, and whatever is added, is for those who see other people's data.
OPEN_EVERYWHERE = frozenset({"healthz", "readyz", "set-language", "set-theme", "account_logout", "public-image"})
OPEN = {
    "clinic": ("accounts:clinic:", "appointments:patient:"),
    "admin": ("platform_admin:login", "platform_admin:logout", "platform_admin:second-factor"),
}


def asks_for_second_factor(host_kind: str, view_name: str) -> bool:
    """Whether the address shows patients to people other than themselves. The platform host's pages are one's own."""
    if host_kind not in OPEN:
        return False
    return view_name not in OPEN_EVERYWHERE and not view_name.startswith(OPEN[host_kind])


class SecondFactorMiddleware:
    """Nobody whose work needs a second factor sees a patient in a session that has not passed it.

    It stands before every view, so that no address can be forgotten. Who needs none goes on to the view, which refuses
    by itself whoever does not belong there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        host_kind = getattr(request, "host_kind", "platform")
        if not asks_for_second_factor(host_kind, request.resolver_match.view_name):
            return None
        if not request.user.is_authenticated or passed(request):
            return None
        # A session of the admin host begins with the factor: one without it is none.
        if host_kind != "admin" and not needs_second_factor(request.user):
            return None
        return second_factor_redirect(request)
