"""What every template may use beside the view's own context."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject


def site(request: HttpRequest) -> dict[str, Any]:
    """For a visitor who brought no session, `user` and `messages` are empty without asking: touching the session would
    mark every public page as personal (Vary: Cookie, no-store)."""
    quiet = {"user": AnonymousUser(), "messages": ()} if _brought_nothing(request) else {}
    return quiet | {
        "clinic": getattr(request, "clinic", None),
        "host_kind": getattr(request, "host_kind", "platform"),
        "theme": request.COOKIES.get("precta_theme", ""),
        "devstack": settings.DEVSTACK,
        "unread_count": SimpleLazyObject(lambda: _unread(request)),
    }


def _brought_nothing(request: HttpRequest) -> bool:
    """No session, no message on its way, none added by this very request."""
    session = getattr(request, "session", None)
    if session is None or session.session_key is not None or "messages" in request.COOKIES:
        return False
    storage = getattr(request, "_messages", None)
    return storage is None or not storage.added_new


def _unread(request: HttpRequest) -> int:
    from precta.notifications.selectors import unread_count

    user = getattr(request, "user", None)
    return unread_count(user) if user is not None and user.is_authenticated else 0
