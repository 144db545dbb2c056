"""The servers by which browsers behind walls reach each other: STUN and TURN, from the settings."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from precta import clock

# A relay asks for the credential again while it is used, so it has to outlast the longest visit.
LASTS = timedelta(hours=6)


def ice_servers(*, user_id: str, now: datetime | None = None) -> list[dict[str, Any]]:
    """`ROOM_ICE_SERVERS` as RTCPeerConnection takes them.

    With `ROOM_TURN_SECRET`, those that relay and have no credential of their own get one that runs out.
    """
    servers = []
    for server in settings.ROOM_ICE_SERVERS:
        urls = server["urls"] if isinstance(server["urls"], list) else [server["urls"]]
        relays = any(url.startswith(("turn:", "turns:")) for url in urls)
        if relays and settings.ROOM_TURN_SECRET and "credential" not in server:
            servers.append({**server, **turn_credential(user_id=user_id, now=now)})
        else:
            servers.append(dict(server))
    return servers


def turn_credential(*, user_id: str, now: datetime | None = None) -> dict[str, str]:
    """The time-limited credential of coturn's `use-auth-secret` (draft-uberti-behave-turn-rest): the name is
    `<Unix time of its end>:<user>`, the password the base64 of its HMAC-SHA1 under the shared secret."""
    ends = int(((now or clock.now()) + LASTS).timestamp())
    username = f"{ends}:{user_id}"
    digest = hmac.new(settings.ROOM_TURN_SECRET.encode(), username.encode(), hashlib.sha1).digest()
    return {"username": username, "credential": base64.b64encode(digest).decode()}
