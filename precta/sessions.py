"""Sessions by host: one cookie for the platform and its clinics, another, host-only and short, for the admin host."""

from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse

from precta import clock


class AdminSessionStore(SessionStore):
    """Sessions of the admin host.

    Django signs what a session holds with a salt made of this class's name: the key of a platform session, put by
    hand into the admin's cookie, opens an empty session, and the other way round.
    """


def end_within_hours(session: SessionStore) -> None:
    """Let an admin's session end a fixed time from now, however busy it is."""
    session.set_expiry(clock.now() + timedelta(seconds=settings.ADMIN_SESSION_COOKIE_AGE))


class HostSessionMiddleware(SessionMiddleware):
    """On the admin host the session lives in its own host-only cookie, so neither login is worth the other."""

    def process_request(self, request: HttpRequest) -> None:
        if getattr(request, "host_kind", "platform") != "admin":
            super().process_request(request)
            return
        request.session = AdminSessionStore(request.COOKIES.get(settings.ADMIN_SESSION_COOKIE_NAME))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if getattr(request, "host_kind", "platform") != "admin":
            return super().process_response(request, response)
        session = request.session
        if session.modified and not session.is_empty() and "_session_expiry" not in session:
            end_within_hours(session)
        response = super().process_response(request, response)
        name = settings.ADMIN_SESSION_COOKIE_NAME
        cookie = response.cookies.pop(settings.SESSION_COOKIE_NAME, None)
        if cookie is not None and cookie.value:
            response.set_cookie(
                name,
                cookie.value,
                max_age=int(cookie["max-age"]) if cookie["max-age"] != "" else None,
                expires=cookie["expires"] or None,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Strict",
            )
        elif session.is_empty() and name in request.COOKIES:
            response.delete_cookie(name, samesite="Strict")
        return response
