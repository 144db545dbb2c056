"""Who may open a page: signed in, in which role; and no cache keeps what it showed."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.cache import add_never_cache_headers, patch_cache_control

from precta import hosts

View = Callable[..., HttpResponse]


def sign_in_url(request: HttpRequest, back: str) -> str:
    """The platform's sign-in page, which then leads to `back`, a path of this host."""
    target = hosts.origin(request.get_host().rsplit(":", 1)[0]) + back
    return hosts.platform_url("account_login") + "?" + urlencode({"next": target})


def sign_in_redirect(request: HttpRequest) -> HttpResponse:
    """To the platform's sign-in page and back here afterwards; a form that was posted comes back to its page."""
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else request.path
    url = sign_in_url(request, back)
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = url
        return response
    return HttpResponseRedirect(url)


def login_required(view: View) -> View:
    """Sends a stranger to the sign-in page of the platform host."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return sign_in_redirect(request)
        return view(request, *args, **kwargs)

    return guarded


def role_required(role: str) -> Callable[[View], View]:
    """A stranger signs in first; another role gets 403."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.role != role:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


class PersonalPagesMiddleware:
    """What a signed-in person sees is kept by no cache, theirs or a proxy's; any other page by their own only.

    Language and theme are cookies of strangers too. `Vary: Cookie` would say so, but as good as every browser brings
    another set of cookies, so that a shared cache could never answer anyway.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session = getattr(request, "session", None)
        # A page whose header only asked "signed in?" of a visitor without a session stays as cacheable as it was.
        if session is not None and session.accessed and (session.modified or not session.is_empty()):
            add_never_cache_headers(response)
        elif "Cache-Control" not in response and response.get("Content-Type", "").startswith("text/html"):
            patch_cache_control(response, private=True)
        return response
