"""The links to where somebody works, which their sessions keep for the menus."""

from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError

from accounts.models import User
from accounts.selectors import workplaces_of


def refresh_workplaces(*, user: User) -> None:
    """Write where `user` works now into each of their sessions; a session that ended meanwhile stays ended.

    The links open nothing by themselves: every page behind them asks for the membership anew.
    """
    places = workplaces_of(user)
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for key in UserSession.objects.filter(user=user).values_list("session_key", flat=True):
        session: Any = store(key)
        if not session.is_empty() and session.get("works_at") != places:
            session["works_at"] = places
            try:
                session.save()
            except UpdateError:
                continue
