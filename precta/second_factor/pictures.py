"""A secret as one scans or types it."""

import base64

from allauth.mfa.adapter import get_adapter


def totp_picture(url: str) -> str:
    """The QR code as an address that an image may have."""
    svg = get_adapter().build_totp_svg(url)
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def spaced(secret: str) -> str:
    """In groups of four."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
