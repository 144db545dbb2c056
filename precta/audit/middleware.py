from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from precta.audit.context import actor_of, reset_actor, set_actor


class AuditContextMiddleware:
    """Lets services write the trail without being handed the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = set_actor(actor_of(request))
        try:
            return self.get_response(request)
        finally:
            reset_actor(token)
