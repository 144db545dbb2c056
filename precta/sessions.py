"""Sessions by host: one cookie for the platform and its clinics, another, host-only and short, for the admin host."""

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse


class HostSessionMiddleware(SessionMiddleware):
    """On the admin host the session lives in its own host-only cookie, so neither login is worth the other."""

    def process_request(self, request: HttpRequest) -> None:
        if getattr(request, "host_kind", "platform") != "admin":
            super().process_request(request)
            return
        request.session = self.SessionStore(request.COOKIES.get(settings.ADMIN_SESSION_COOKIE_NAME))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if getattr(request, "host_kind", "platform") != "admin":
            return super().process_response(request, response)
        if request.session.modified and not request.session.is_empty():
            request.session.set_expiry(settings.ADMIN_SESSION_COOKIE_AGE)
        response = super().process_response(request, response)
        cookie = response.cookies.pop(settings.SESSION_COOKIE_NAME, None)
        if cookie is None:
            return response
        name = settings.ADMIN_SESSION_COOKIE_NAME
        response.set_cookie(
            name,
            cookie.value,
            max_age=int(cookie["max-age"]) if cookie["max-age"] != "" else None,
            expires=cookie["expires"] or None,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Strict",
        )
        return response
