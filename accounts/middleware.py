"""Who asks, with the suspended turned away at once."""

from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware as DjangoAuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from accounts.models import User, UserStatus
from accounts.services.users import note_suspended_attempt
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
