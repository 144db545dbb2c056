"""What every template may use beside the view's own context."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "clinic": getattr(request, "clinic", None),
        "host_kind": getattr(request, "host_kind", "platform"),
        "theme": request.COOKIES.get("precta_theme", ""),
        "devstack": settings.DEVSTACK,
        "unread_count": SimpleLazyObject(lambda: _unread(request)),
    }


def _unread(request: HttpRequest) -> int:
    from precta.notifications.selectors import unread_count

    user = getattr(request, "user", None)
    return unread_count(user) if user is not None and user.is_authenticated else 0
