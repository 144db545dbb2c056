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
