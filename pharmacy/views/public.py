"""Is a prescription genuine? Anybody may ask by its code, on the platform host; the answer tells initials and lines."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_safe

from pharmacy.codes import normal_code
from pharmacy.forms.checking import CodeForm
from pharmacy.services.checking import check_code
from precta.ratelimit import too_many_requests, wait_seconds, who

ASKED = ("30/m", "300/h")
# Nobody guesses 104 bits; whoever mistypes that often does something else.
REFUSED = ("10/10m", "60/d")


@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """The form for a code that cannot be scanned; leads on to its page, whatever is found there."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _unseen(redirect("pharmacy:verify", form.cleaned_data["code"]))
    status = 400 if form.errors else 200
    return _unseen(render(request, "pharmacy/public/check.html", {"form": form}, status=status))


@require_safe
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """Genuine, replaced or over; 404 for any other code. Every answer is in a trail, and too many get 429.

    Whoever asked for too many unknown codes is still told of a known one: behind their network others check papers.
    """
    wait = _wait("rx", ASKED, request)
    if wait:
        return _unseen(too_many_requests(request, retry_after=wait))
    normal = normal_code(code)
    if normal and normal != code:
        return _unseen(redirect("pharmacy:verify", normal))
    found = check_code(normal)
    if found is None:
        wait = _wait("rx-refused", REFUSED, request)
        if wait:
            return _unseen(too_many_requests(request, retry_after=wait))
        return _unseen(render(request, "pharmacy/public/unknown.html", {"form": CodeForm()}, status=404))
    return _unseen(render(request, "pharmacy/public/verify.html", {"found": found}))


def _wait(name: str, rates: tuple[str, ...], request: HttpRequest) -> int:
    if not settings.RATE_LIMITS:
        return 0
    return max(wait_seconds(name, who(request), rate) for rate in rates)


def _unseen(response: HttpResponse) -> HttpResponse:
    """In no search engine and in no cache."""
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    add_never_cache_headers(response)
    return response
