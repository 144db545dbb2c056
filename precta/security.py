"""What a page may load, where its forms may lead, and which browser features it may use."""

from collections.abc import Iterable
from typing import Any

from csp.constants import NONE, SELF

PAYSTACK_CHECKOUT = ("https://checkout.paystack.com", "https://*.paystack.com")

PERMISSIONS_POLICY: dict[str, list[str]] = {
    "accelerometer": [],
    "browsing-topics": [],
    "camera": [],
    "display-capture": [],
    "geolocation": [],
    "gyroscope": [],
    "magnetometer": [],
    "microphone": [],
    "midi": [],
    "payment": [],
    "usb": [],
}

# The one page that sees and hears: the room of a video visit, and the camera check before it opens.
ROOM_PERMISSIONS_POLICY: dict[str, list[str]] = PERMISSIONS_POLICY | {
    "camera": ["self"],
    "display-capture": ["self"],
    "microphone": ["self"],
}


def content_security_policy(*, form_targets: Iterable[str] = ()) -> dict[str, Any]:
    """The strict policy in django-csp's shape: nothing inline, nothing from other hosts.

    `form_targets` are the origins beside the page's own that a form may end at. Browsers follow a form's redirects:
    signing in on the platform host leads back to a clinic's, and paying by card to the provider's page.
    """
    return {
        "DIRECTIVES": {
            "default-src": [NONE],
            "base-uri": [NONE],
            "connect-src": [SELF],
            "font-src": [SELF],
            "form-action": [SELF, *form_targets],
            "frame-ancestors": [NONE],
            "img-src": [SELF, "data:"],
            "manifest-src": [SELF],
            "object-src": [NONE],
            "script-src": [SELF],
            "style-src": [SELF],
        }
    }


def hundredms_pages(subdomain: str) -> str:
    """The origin of 100ms' join pages. An address (the stand-in's) is taken as it is."""
    return subdomain.rstrip("/") if "://" in subdomain else f"https://{subdomain}.app.100ms.live"
