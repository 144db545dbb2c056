"""Who is acting in this thread: filled by the middleware, read by `record`."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest

from precta.client import client_ip


@dataclass(frozen=True, slots=True)
class Actor:
    """`find_user` is lazy: a page that records nothing must not load the user for it."""

    find_user: Callable[[], str | None] = lambda: None
    ip_address: str | None = None
    user_agent: str | None = None

    @property
    def user_id(self) -> str | None:
        return self.find_user()


_actor: ContextVar[Actor] = ContextVar("actor", default=Actor())  # noqa: B039 - frozen


def current_actor() -> Actor:
    return _actor.get()


def actor_of(request: HttpRequest) -> Actor:
    def find_user() -> str | None:
        user = getattr(request, "user", None)
        return user.pk if user is not None and user.is_authenticated else None

    return Actor(
        find_user=find_user,
        ip_address=client_ip(request),
        user_agent=(request.META.get("HTTP_USER_AGENT") or "")[:500] or None,
    )


def set_actor(actor: Actor):
    return _actor.set(actor)


def reset_actor(token) -> None:
    _actor.reset(token)
