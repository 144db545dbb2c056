"""The life of an account: confirmed, suspended, taken back, signed out."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext

from accounts.exceptions import CannotResetYourself, CannotSuspendYourself
from accounts.models import User, UserStatus
from accounts.selectors import reader
from accounts.services.verification import tell_changed
from precta import hosts
from precta.audit.services import record
from precta.ids import new_id
from precta.notifications.telling import Words, tell
from precta.second_factor.codes import remove_all
from precta.tenancy import public_context
from precta.text import printable


def confirm_email(*, user: User) -> None:
    """The person has proved that the primary address is theirs: a pending account becomes active."""
    with public_context(), transaction.atomic():
        User.objects.filter(pk=user.pk).update(email_verified=True)
        activated = User.objects.filter(pk=user.pk, status=UserStatus.PENDING).update(status=UserStatus.ACTIVE)
        record("email.confirmed", resource=user, user=user, details={"activated": bool(activated)})
    user.refresh_from_db(fields=["email_verified", "status"])


def suspend_user(*, user: User, by: User, reason: str = "") -> bool:
    """Shut the person out at once, on every host; False when they were suspended already.

    `reason` is for the trail and holds nothing clinical. Raises CannotSuspendYourself.
    """
    if user.pk == by.pk:
        raise CannotSuspendYourself
    with public_context(), transaction.atomic():
        changed = User.objects.filter(pk=user.pk).exclude(status=UserStatus.SUSPENDED)
        if not changed.update(status=UserStatus.SUSPENDED):
            return False
        _end_sessions(user)
        record("user.suspended", resource=user, user=by, details={"reason": printable(reason)[:200]})
        _tell_projections(user)
    user.refresh_from_db(fields=["status", "session_epoch"])
    return True


def reactivate_user(*, user: User, by: User) -> bool:
    """Let a suspended person in again; False when they were not suspended."""
    with public_context(), transaction.atomic():
        status = UserStatus.ACTIVE if user.email_verified or user.phone_verified else UserStatus.PENDING
        if not User.objects.filter(pk=user.pk, status=UserStatus.SUSPENDED).update(status=status):
            return False
        record("user.reactivated", resource=user, user=by)
        _tell_projections(user)
    user.refresh_from_db(fields=["status"])
    return True


def sign_out_everywhere(*, user: User, by: User) -> None:
    """End every session of the person on every host, the one in use included."""
    with public_context(), transaction.atomic():
        _end_sessions(user)
        record("user.signed_out_everywhere", resource=user, user=by)
    user.refresh_from_db(fields=["session_epoch"])


def reset_second_factor(*, user: User, by: User | None, reason: str) -> bool:
    """Take every factor and recovery code from somebody who lost them; False when there are none.

    All sessions end, and the person is told: with the password alone they sign in and set a new factor up, and so would
    somebody who stole it. `reason` goes into the trail; `by` is None on the command line. Raises CannotResetYourself.
    """
    if by is not None and user.pk == by.pk:
        raise CannotResetYourself
    with public_context(), transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        removed = remove_all(user=user)
        if not removed:
            return False
        _end_sessions(user)
        details = {"reason": printable(reason)[:200], "removed": removed}
        record("second_factor.reset", resource=user, user=by, details=details)
        tell(new_id(), [reader(user)], _was_reset, url=hosts.platform_url("mfa_index"))
    user.refresh_from_db(fields=["session_epoch"])
    return True


def _was_reset() -> Words:
    body = gettext(
        "The platform's staff took the second factor off your account and signed you out everywhere. Sign "
        "in and set up a new one. If you did not ask for it, write to us at once."
    )
    return Words(gettext("Your second factor was reset"), body, gettext("Set up a new one"))


def note_suspended_attempt(*, user: User) -> None:
    """A suspended person's session or right password was turned away."""
    with public_context():
        record("sign_in.refused", resource=user, user=user, details={"why": "suspended"})


def note_failed_sign_in(*, email: str, user: User | None, why: str) -> None:
    """Write a failed sign-in without the address that was typed: it may be a slip, or somebody else's password."""
    details: dict[str, Any] = {"why": why}
    if user is None:
        details["email_hash"] = hash_of(email)
    with public_context():
        record("sign_in.failed", resource=user if user is not None else ("user", None), details=details)


def hash_of(email: str) -> str:
    """A keyed hash by which tries against one unknown address can be counted, and no address be read or tested."""
    return salted_hmac("precta.audit.email", email.strip().lower(), algorithm="sha256").hexdigest()[:32]


def _end_sessions(user: User) -> None:
    # The epoch ends what the rows do not list: sessions of the admin host.
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    rows = UserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=list(rows.values_list("session_key", flat=True))).delete()
    rows.delete()


def _tell_projections(user: User) -> None:
    doctor = getattr(user, "doctor", None)
    if doctor is not None:
        tell_changed(doctor)
