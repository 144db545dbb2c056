"""Everybody knocks at the three hosts."""

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from precta import hosts
from precta.sessions import AdminSessionStore
from tests import sessions
from tests.permissions.matrix import STRANGER
from tests.permissions.sample import make_people, make_sample


@pytest.fixture
def people(cast):
    return make_people(cast)


@pytest.fixture
def sample(cast, people):
    return make_sample(cast)


FORM = "application/x-www-form-urlencoded"
HOSTS = {"platform": settings.PLATFORM_HOST, "admin": hosts.admin_host(), "clinic": f"uzima.{settings.PLATFORM_HOST}"}


@pytest.fixture
def knock(people):
    """`knock(host, person, method, path, raw=…)` → the answer, from a fresh browser each time.

    Past the second factor unless `factor` is False.
    """
    keys: dict[tuple[str, str, bool], str] = {}
    clients = {host: Client(HTTP_HOST=name, raise_request_exception=False) for host, name in HOSTS.items()}

    def key_of(person: str, host: str, factor: bool) -> str:
        kind = "admin" if host == "admin" else "shared"
        if (person, kind, factor) not in keys:
            user = people[person]
            store = AdminSessionStore() if kind == "admin" else SessionStore()
            store.update(sessions.signed_in(user, factor=factor))
            store.save()
            keys[person, kind, factor] = store.session_key
        return keys[person, kind, factor]

    def knock(
        host: str,
        person: str,
        method: str,
        path: str,
        *,
        raw: bytes = b"",
        content_type: str = FORM,
        factor: bool = True,
    ):
        client = clients[host]
        client.cookies.clear()
        if person != STRANGER:
            name = settings.ADMIN_SESSION_COOKIE_NAME if host == "admin" else settings.SESSION_COOKIE_NAME
            client.cookies[name] = key_of(person, host, factor)
        return client.generic(method, path, raw, content_type=content_type)

    for person in people:
        if person != STRANGER:
            for host in HOSTS:
                for factor in (True, False):
                    key_of(person, host, factor)
    return knock
