"""Everybody knocks at the three hosts."""

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from precta import hosts
from precta.sessions import AdminSessionStore
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
    """`knock(host, person, method, path, raw=…)` → the answer, from a fresh browser each time."""
    keys: dict[tuple[str, str], str] = {}
    clients = {host: Client(HTTP_HOST=name, raise_request_exception=False) for host, name in HOSTS.items()}

    def key_of(person: str, host: str) -> str:
        kind = "admin" if host == "admin" else "shared"
        if (person, kind) not in keys:
            user = people[person]
            store = AdminSessionStore() if kind == "admin" else SessionStore()
            store[SESSION_KEY] = str(user.pk)
            store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            store[HASH_SESSION_KEY] = user.get_session_auth_hash()
            store.save()
            keys[person, kind] = store.session_key
        return keys[person, kind]

    def knock(host: str, person: str, method: str, path: str, *, raw: bytes = b"", content_type: str = FORM):
        client = clients[host]
        client.cookies.clear()
        if person != STRANGER:
            name = settings.ADMIN_SESSION_COOKIE_NAME if host == "admin" else settings.SESSION_COOKIE_NAME
            client.cookies[name] = key_of(person, host)
        return client.generic(method, path, raw, content_type=content_type)

    for person in people:
        if person != STRANGER:
            for host in HOSTS:
                key_of(person, host)
    return knock
