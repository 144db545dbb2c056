"""Checking codes, setting an app up, taking factors away."""

import logging

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from cryptography.fernet import InvalidToken
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.crypto import constant_time_compare

from precta.tenancy import public_context

logger = logging.getLogger(__name__)

Type = Authenticator.Type
# What proves by itself; recovery codes only stand in for one of these.
FACTORS = (Type.TOTP, Type.WEBAUTHN)


class CodeUsedAlready(ValueError):
    """The code is right, and was right before: somebody may have looked over a shoulder."""


class FactorNeeded(ValueError):
    """The last factor of somebody whose work needs one."""


def has_factor(user: object) -> bool:
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()  # type: ignore[misc]


def check_code(*, user: object, code: str) -> Authenticator | None:
    """The app or the recovery codes that this code belongs to, which takes it only once; None for a wrong one.

    Raises CodeUsedAlready. The last counter is kept in the row, not in the cache: a cache that is away or full must
    not let a code through again, and allauth forgets it after half a minute while a code is good for one and a half.
    """
    code = normalize_user_code(code)
    with public_context(), transaction.atomic():
        kept = Authenticator.objects.select_for_update().filter(user=user, type__in=(Type.TOTP, Type.RECOVERY_CODES))  # type: ignore[misc]
        for authenticator in sorted(kept, key=lambda row: row.type != Type.TOTP):
            try:
                if authenticator.type == Type.TOTP:
                    right = _take(authenticator, code)
                else:
                    right = authenticator.wrap().validate_code(code)
            except InvalidToken:
                logger.error("authenticator %s cannot be read: was SECRET_KEY changed?", authenticator.pk)
                continue
            if right:
                return authenticator
    return None


def _take(authenticator: Authenticator, code: str) -> bool:
    counter = counter_of(decrypt(authenticator.data["secret"]), code)
    if counter is None:
        return False
    if counter <= authenticator.data.get("last_counter", 0):
        raise CodeUsedAlready
    authenticator.data["last_counter"] = counter
    authenticator.save(update_fields=["data"])
    return True


def counter_of(secret: str, code: str) -> int | None:
    """The half minute for which the app with this secret shows this code: now, the one before or the one after."""
    code = normalize_user_code(code)
    for counter in yield_hotp_counters_from_time():
        if constant_time_compare(format_hotp_value(hotp_value(secret, counter)), code):
            return counter
    return None


def set_up_app(*, user: object, secret: str, counter: int) -> Authenticator:
    """Keep the app's secret, in place of an older one; `counter` is that of the code that proved it.

    Recovery codes are made unless there are some.
    """
    with public_context(), transaction.atomic():
        _lock(user)
        Authenticator.objects.filter(user=user, type=Type.TOTP).delete()  # type: ignore[misc]
        app = TOTP.activate(user, secret).instance  # type: ignore[arg-type]
        app.data["last_counter"] = counter
        app.save(update_fields=["data"])
        RecoveryCodes.activate(user)  # type: ignore[arg-type]
    return app


def remove_factor(*, authenticator: Authenticator, needed: bool) -> list[Authenticator]:
    """Take one factor away; with the last one the recovery codes go too. What was removed.

    Raises FactorNeeded for the last one when the person's work needs one.
    """
    with public_context(), transaction.atomic():
        _lock(authenticator.user)
        mine = Authenticator.objects.filter(user_id=authenticator.user_id)
        if not mine.filter(type__in=FACTORS).exclude(pk=authenticator.pk).exists():
            if needed:
                raise FactorNeeded
            gone = list(mine)
        else:
            gone = [authenticator]
        mine.filter(pk__in=[row.pk for row in gone]).delete()
    return gone


def remove_all(*, user: object) -> int:
    """Every factor and the recovery codes; how many."""
    with public_context():
        return Authenticator.objects.filter(user=user).delete()[0]  # type: ignore[misc]


def _lock(user: object) -> None:
    # Two requests at once would each see the other's factor and remove both, or make two apps.
    get_user_model()._default_manager.select_for_update().get(pk=user.pk)  # type: ignore[attr-defined]
