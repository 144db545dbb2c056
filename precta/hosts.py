"""Absolute addresses across the three kinds of host: platform, admin and clinic."""

from typing import Any, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

URLCONFS = {
    "platform": "precta.urls.platform",
    "admin": "precta.urls.admin",
    "clinic": "precta.urls.clinic",
}


class HasSlug(Protocol):
    slug: str


def origin(host: str) -> str:
    """`http://host[:port]` as the browser sees it."""
    port = f":{settings.PUBLIC_PORT}" if settings.PUBLIC_PORT else ""
    return f"{settings.PUBLIC_SCHEME}://{host}{port}"


def clinic_host(clinic: HasSlug) -> str:
    return f"{clinic.slug}.{settings.PLATFORM_HOST}"


def admin_host() -> str:
    return f"admin.{settings.PLATFORM_HOST}"


def platform_url(name: str, *args: Any, **kwargs: Any) -> str:
    return origin(settings.PLATFORM_HOST) + reverse(name, URLCONFS["platform"], args, kwargs)


def clinic_url(clinic: HasSlug, name: str, *args: Any, **kwargs: Any) -> str:
    return origin(clinic_host(clinic)) + reverse(name, URLCONFS["clinic"], args, kwargs)


def admin_url(path: str = "/") -> str:
    return origin(admin_host()) + path


def is_own_url(url: str) -> bool:
    """Whether an absolute or relative `url` stays on the platform host or below it (for `next=`)."""
    if not url or url.startswith("//") or any(c == "\\" or ord(c) <= 32 or ord(c) == 127 for c in url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if not parts.scheme and not parts.netloc:
        return url.startswith("/")
    if parts.scheme != settings.PUBLIC_SCHEME or "@" in parts.netloc or not url.startswith(f"{parts.scheme}://"):
        return False
    host = parts.hostname or ""
    own = host == settings.PLATFORM_HOST or host.endswith("." + settings.PLATFORM_HOST)
    return own and port == settings.PUBLIC_PORT
