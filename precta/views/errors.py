"""Error pages of the family, for every host."""

import codecs
from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

METHODS = ("GET", "HEAD", "OPTIONS", "POST")


def refuse(request: HttpRequest, template: str, status: int) -> HttpResponse:
    """The page for a host that leads nowhere; it runs before sessions, so it asks nothing of the user."""
    return render(request, template, {"anonymous": True}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent):
        return render(request, "413.html", status=413)
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def account_suspended(request: HttpRequest) -> HttpResponse:
    """For a person who was suspended while signed in; they are signed out by now."""
    response = render(request, "account_suspended.html", {"anonymous": True}, status=403)
    add_never_cache_headers(response)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    response = render(request, "429.html", status=429)
    response["Retry-After"] = "60"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)


class SoundRequests:
    """Answers 405 to every method that no page here has, before the check of the token would answer 403.

    And 400 to a form with files that is in anything but UTF-8, as Django does with one that has none: it would look
    for the named encoding, which may be none for texts, while it reads.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in METHODS:
            if request.content_type == "multipart/form-data" and not _is_utf8(request.encoding):
                return refuse(request, "400.html", 400)
            return self.get_response(request)
        response = refuse(request, "405.html", 405)
        response["Allow"] = ", ".join(METHODS)
        return response


def _is_utf8(encoding: str | None) -> bool:
    return encoding is None or codecs.lookup(encoding).name == "utf-8"


class MethodNotAllowedPage:
    """Gives Django's empty answer to a wrong method a page of the family: somebody opened a form's address by hand."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or response.content or not request.accepts("text/html"):
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page
