"""Sessions made by hand: as if somebody had signed in, and passed the second factor, a moment ago."""

import time
from typing import Any

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY


def signed_in(user: Any, *, factor: bool = True, minutes_ago: float = 0) -> dict[str, Any]:
    """What such a session holds. Without `factor` the password alone was given."""
    return {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: user.get_session_auth_hash(),
        **proofs(user, factor=factor, minutes_ago=minutes_ago),
    }


def proofs(user: Any, *, factor: bool = True, minutes_ago: float = 0) -> dict[str, Any]:
    at = time.time() - 60 * minutes_ago
    records = [{"method": "password", "at": at}]
    if factor:
        records.append({"method": "mfa", "type": "totp", "at": at})
    return {
        AUTHENTICATION_METHODS_SESSION_KEY: records,
        _AUTHENTICATION_METHODS_USER_SESSION_KEY: str(user.pk),
    }
