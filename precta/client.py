"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str | None:
    """The visitor's address, or None over a Unix socket without a proxy.

    Anybody can send X-Forwarded-For, so it counts only behind our own proxies (`BEHIND_PROXY`), and then only the
    entry that the outermost of `TRUSTED_PROXIES` wrote: the last one with one proxy, the last but one with two.
    """
    if settings.BEHIND_PROXY:
        hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if len(hops) >= settings.TRUSTED_PROXIES and (found := _address(hops[-settings.TRUSTED_PROXIES])):
            return found
    return _address(request.META.get("REMOTE_ADDR") or "")


def network_of(address: str | None) -> str:
    """What a limit counts as one source: an IPv4 address, or the /64 that a household has in IPv6."""
    if not address:
        return "unknown"
    ip = ipaddress.ip_address(address)
    if ip.version == 6:
        return str(ipaddress.ip_network((ip, 64), strict=False).network_address)
    return str(ip)


def _address(text: str) -> str | None:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(ip, "ipv4_mapped", None)
    return str(mapped or ip)
