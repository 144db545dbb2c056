"""How often one person, or one network, may do something; counted in the shared cache."""

import math
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from precta.cache import ForgivingRedisCache
from precta.client import client_ip, network_of
from precta.tenancy import PORTAL_WIDE

View = Callable[..., HttpResponse]
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_rate(rate: str) -> tuple[int, int]:
    """`"20/m"`, `"5/10m"` → (how many, in how many seconds)."""
    amount, _, period = rate.partition("/")
    return int(amount), int(period[:-1] or 1) * UNITS[period[-1]]


def who(request: HttpRequest) -> str:
    """Whom a limit counts: the signed-in person; else the network, which in Kenya is often a carrier's whole NAT."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return f"user:{user.pk}"
    return f"ip:{network_of(client_ip(request))}"


def wait_seconds(name: str, key: str, rate: str) -> int:
    """Count one try; 0 when it is within `rate`, else the seconds until the next one may pass.

    All hosts count together: with a thousand clinics a limit at each would be none. Windows are fixed: a burst over
    their edge gets at most twice the rate. While the cache is down nothing is limited: see `precta.cache`.
    """
    amount, period = parse_rate(rate)
    now = time.time()
    window = int(now // period)
    counters = cast(ForgivingRedisCache, caches["default"])
    tries = counters.count(f"{PORTAL_WIDE}limit:{name}:{key}:{period}:{window}", within=period)
    return math.ceil((window + 1) * period - now) if tries > amount else 0


def wait_for_phone(number: str, rate: str, *, name: str = "phone") -> int:
    """Count one call or message to a phone (E.164), whoever caused it; 0, or the seconds until the next may go out.

    What has a `name` of its own is counted by itself.

    The cache knows a keyed hash only, from which no number can be read or tested.
    """
    if not settings.RATE_LIMITS:
        return 0
    digest = salted_hmac("precta.ratelimit.phone", number, algorithm="sha256").hexdigest()[:32]
    return wait_seconds(name, digest, rate)


def limit(name: str, *rates: str, key: Callable[[HttpRequest], str] = who) -> Callable[[View], View]:
    """At most `rates` of POSTs to the view by one `key`; what is more gets the 429 page with Retry-After."""

    def decorate(view: View) -> View:
        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "POST" and settings.RATE_LIMITS:
                wait = max(wait_seconds(name, key(request), rate) for rate in rates)
                if wait:
                    return too_many_requests(request, retry_after=wait)
            return view(request, *args, **kwargs)

        return limited

    return decorate


def too_many_requests(request: HttpRequest, *, retry_after: int | None = None) -> HttpResponse:
    from precta.views.errors import too_many_requests as page

    response = page(request)
    if retry_after:
        response["Retry-After"] = str(retry_after)
    return response
