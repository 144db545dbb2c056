"""What a session has proved, and when. It lives in the session alone, so that asking costs no query."""

import time

from allauth.account.authentication import get_authentication_records
from allauth.usersessions.models import UserSession
from django.http import HttpRequest

from precta.tenancy import public_context

STEP_UP_SECONDS = 10 * 60


def passed(request: HttpRequest) -> bool:
    """Whether this very session has passed the second factor. A session from before it was set up has not."""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))


def stepped_up(request: HttpRequest) -> bool:
    """Whether the person gave the password or the second factor to this session within the last ten minutes."""
    oldest = time.time() - STEP_UP_SECONDS
    return any(
        record.get("method") in {"password", "mfa"} and record.get("at", 0) >= oldest
        for record in get_authentication_records(request, request.user)
    )


def rotate(request: HttpRequest) -> None:
    """Give the session a new key: a key that was stolen before the proof must not be worth more after it."""
    old = request.session.session_key
    if old is None:
        return
    request.session.cycle_key()
    with public_context():
        UserSession.objects.filter(session_key=old).update(session_key=request.session.session_key)
