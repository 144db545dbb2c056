"""The demo's authenticator app: the codes of everybody who has one, for whoever shows the portal on one machine."""

import binascii
import time
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from cryptography.fernet import InvalidToken

from precta.devstack.logins import DEMO_LOGINS

PERIOD = 30
MOST = 40


@dataclass(frozen=True, slots=True)
class App:
    email: str
    role: str
    code: str


def seconds_left() -> int:
    """Until the codes change."""
    return PERIOD - int(time.time()) % PERIOD


def code_of_key(key: str) -> str:
    """The six digits that belong to a key now; empty when it is none."""
    if not key.strip():
        return ""
    try:
        return format_hotp_value(hotp_value(key.replace(" ", ""), int(time.time()) // PERIOD))
    except (binascii.Error, UnicodeEncodeError):
        return ""


def codes_now(*, who: str = "") -> list[App]:
    """Of the people whose e-mail contains `who`: those of the printed logins first, then the newest."""
    roles = {login.email: login.role for login in DEMO_LOGINS}
    rows = Authenticator.objects.filter(type=Authenticator.Type.TOTP, user__email__icontains=who).select_related("user")
    known = list(rows.filter(user__email__in=roles))
    known.sort(key=lambda row: list(roles).index(row.user.email))
    others = rows.exclude(user__email__in=roles).order_by("-created_at", "user__email")[:MOST]
    found = []
    for row in [*known, *others]:
        try:
            code = code_of_key(decrypt(row.data["secret"]))
        except InvalidToken:
            continue
        found.append(App(row.user.email, roles.get(row.user.email, ""), code))
    return found
