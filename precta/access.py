"""Who may open a page: signed in, in which role; and no cache keeps what it showed."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers, patch_cache_control

from precta import hosts
from precta.second_factor.session import passed, stepped_up

View = Callable[..., HttpResponse]


def sign_in_url(request: HttpRequest, back: str) -> str:
    """The platform's sign-in page, which then leads to `back`, a path of this host."""
    target = hosts.origin(request.get_host().rsplit(":", 1)[0]) + back
    return hosts.platform_url("account_login") + "?" + urlencode({"next": target})


def sign_in_redirect(request: HttpRequest) -> HttpResponse:
    """To the platform's sign-in page and back here afterwards; a form that was posted comes back to its page."""
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else request.path
    return lead_to(request, sign_in_url(request, back))


def lead_to(request: HttpRequest, url: str) -> HttpResponse:
    """A redirect that htmx follows with the whole page."""
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


def page_of(request: HttpRequest) -> str:
    """The path of the page that somebody is on: of a posted form, the page that showed it, where the browser says so.

    The address of a form may answer a POST only, and nobody could come back to it.
    """
    if request.method in {"GET", "HEAD"} and not request.headers.get("HX-Request"):
        return request.get_full_path()
    shown = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    own = hosts.origin(request.get_host().rsplit(":", 1)[0])
    path = shown.removeprefix(own)
    return path if shown.startswith(own + "/") and hosts.is_own_url(path) else request.path


def _proof_redirect(request: HttpRequest, platform_page: str, admin_page: str, back: str = "") -> HttpResponse:
    """To the page that asks for a proof, and back to this one, or to the path `back` of this host, afterwards."""
    more = {} if request.method in {"GET", "HEAD"} and not back else {"again": "1"}
    back = back or page_of(request)
    if getattr(request, "host_kind", "") == "admin":
        return lead_to(request, reverse(admin_page) + "?" + urlencode({"next": back, **more}))
    target = hosts.origin(request.get_host().rsplit(":", 1)[0]) + back
    return lead_to(request, hosts.platform_url(platform_page) + "?" + urlencode({"next": target, **more}))


def second_factor_redirect(request: HttpRequest) -> HttpResponse:
    """To the second factor: to pass it, or first to set it up; on the admin host, to its sign-in."""
    return _proof_redirect(request, "second_factor_check", "admin:login")


def second_factor_required(view: View) -> View:
    """Only in a session that has passed the second factor.

    The clinics' and the admin's hosts ask for it everywhere (`accounts.middleware`); this is for a page of the
    platform host that shows a patient to somebody else.
    """

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if passed(request) else second_factor_redirect(request)

    return guarded


def step_up_redirect(request: HttpRequest, *, back: str = "") -> HttpResponse:
    """To the page that asks for the password or the second factor once more; it says when something was not done.

    A download cannot be come back to: `back` is then the path of the page that offers it.
    """
    return _proof_redirect(request, "account_reauthenticate", "admin:confirm", back)


def step_up_required(view: View) -> View:
    """Only for somebody who gave the password or the second factor within the last ten minutes.

    A form that is sent later is not carried out: the person is told so, proves who they are and comes back to its
    page. For exports, roles and what else a screen left alone must not be used for.
    """

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if stepped_up(request) else step_up_redirect(request)

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
