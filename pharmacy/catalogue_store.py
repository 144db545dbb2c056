"""A file that was checked, kept on the server until its author says that it is to be read in.

It lies in the shared cache for an hour, under a key that only the same person at the same clinic can name.
"""

import zlib
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.utils.crypto import get_random_string

from clinics.models import Clinic

KEPT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class CheckedFile:
    name: str
    data: bytes


def keep(*, clinic: Clinic, user: Any, name: str, data: bytes) -> str:
    """The token by which `kept` finds it again."""
    token = get_random_string(24)
    cache.set(_key(clinic, user, token), (name, zlib.compress(data)), KEPT_SECONDS)
    return token


def kept(*, clinic: Clinic, user: Any, token: str) -> CheckedFile | None:
    found = cache.get(_key(clinic, user, token))
    return CheckedFile(found[0], zlib.decompress(found[1])) if found else None


def forget(*, clinic: Clinic, user: Any, token: str) -> None:
    cache.delete(_key(clinic, user, token))


def _key(clinic: Clinic, user: Any, token: str) -> str:
    return f"catalogue-file:{clinic.pk}:{user.pk}:{token}"
