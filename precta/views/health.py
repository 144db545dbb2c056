"""For load balancers: is the process up (`healthz`), can it serve (`readyz`)."""

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """503 while the database does not answer. Without the cache pages go on, and every process would drop out at once:
    that is said in the answer only."""
    checks = {"database": _answers(_ask_database), "cache": _answers(_ask_cache)}
    if not checks["database"]:
        return JsonResponse({"status": "unavailable", **checks}, status=503)
    return JsonResponse({"status": "ok" if checks["cache"] else "degraded", **checks})


def _answers(ask) -> bool:
    try:
        ask()
    except Exception:
        return False
    return True


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_cache() -> None:
    cache.ping()  # type: ignore[attr-defined]
