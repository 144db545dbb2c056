"""The keys of files: the masters of FILES_KEY, and under them one active key for each schema.

A schema's key is made when its first file is sealed. Its row holds it wrapped by a master and bound to the schema and
the row: copied into another schema's table it opens nothing.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django_tenants.utils import schema_context

from precta.files.exceptions import FileUnreadable
from precta.files.models import FileKey
from precta.files.sealing import FIRST_FORMAT, KEY_BYTES, NAME_BYTES, FindKey, Key, unwrap, wrap
from precta.tenancy import current_schema

# (FILES_KEY, schema, name) → the key. What a name means never changes, so nothing here grows old.
_known: dict[tuple[str, str, bytes], Key] = {}
MOST_KNOWN = 10_000


def masters() -> tuple[Key, ...]:
    """The keys of FILES_KEY: the first one wraps, all of them open. Raises ImproperlyConfigured."""
    return _read(settings.FILES_KEY)


def active_key(schema: str) -> Key:
    """The key that seals new files of `schema`, made now if there is none."""
    with within(schema):
        # As SQL because every file asks it: the ORM takes twice as long to write this sentence as all the rest.
        row = next(iter(FileKey.objects.raw("SELECT * FROM files_filekey WHERE is_active")), None)
        row = row or _first_key(schema)
    return opened(row, schema=schema)


def finder(schema: str) -> FindKey:
    """Finds what opens the files of `schema`, and of no other."""

    def find(kind: bytes, name: bytes) -> Key:
        if kind == FIRST_FORMAT:
            return _master(name)
        known = _known.get((settings.FILES_KEY, schema, name))
        if known is not None:
            return known
        with within(schema):
            rows = list(FileKey.objects.all())
        for row in rows:
            if name_of(row) == name:
                return opened(row, schema=schema)
        raise FileUnreadable("sealed under a key that this clinic does not have")

    return find


def opened(row: FileKey, *, schema: str) -> Key:
    """The key that the row of `schema` holds. Raises FileUnreadable when no master opens it, or it is another's."""
    place = (settings.FILES_KEY, schema, name_of(row))
    if place not in _known:
        secret = unwrap(bytes(row.wrapped), under=_master(bytes.fromhex(row.master)), bound=_bound(row, schema))
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[place] = Key(name_of(row), secret)
    return _known[place]


def name_of(row: FileKey) -> bytes:
    return hashlib.sha256(b"precta-file-key" + row.pk.encode()).digest()[:NAME_BYTES]


def replace_active(schema: str) -> Key:
    """A new key seals the files of `schema` from now on; the one that did so far goes on opening what it sealed."""
    with within(schema), transaction.atomic():
        FileKey.objects.filter(is_active=True).update(is_active=False)
        row = _new_row(schema)
        row.save(force_insert=True)
    return opened(row, schema=schema)


def rewrap(schema: str) -> int:
    """Wrap every key of `schema` under the first master; how many were under another. Raises FileUnreadable."""
    first, count = masters()[0], 0
    with within(schema):
        for pk in list(FileKey.objects.exclude(master=first.name.hex()).values_list("pk", flat=True)):
            with transaction.atomic():
                row = FileKey.objects.select_for_update().get(pk=pk)
                secret = unwrap(bytes(row.wrapped), under=_master(bytes.fromhex(row.master)), bound=_bound(row, schema))
                row.wrapped, row.master = wrap(secret, under=first, bound=_bound(row, schema)), first.name.hex()
                row.save(update_fields=["wrapped", "master"])
            count += 1
    return count


def within(schema: str) -> AbstractContextManager[None]:
    """The platform's files are opened at clinics too, and their keys are in `public`."""
    return nullcontext() if schema == current_schema() else schema_context(schema)


def _first_key(schema: str) -> FileKey:
    # Of two that come at once the constraint lets one in, and both then use that one.
    FileKey.objects.bulk_create([_new_row(schema)], ignore_conflicts=True)
    return FileKey.objects.get(is_active=True)


def _new_row(schema: str) -> FileKey:
    master, row = masters()[0], FileKey()
    row.master, row.wrapped = master.name.hex(), wrap(os.urandom(KEY_BYTES), under=master, bound=_bound(row, schema))
    return row


def _bound(row: FileKey, schema: str) -> bytes:
    return f"precta-file-key {schema} {row.pk}".encode()


def _master(name: bytes) -> Key:
    for key in masters():
        if key.name == name:
            return key
    raise FileUnreadable("sealed under a key that is not in FILES_KEY")


@lru_cache(maxsize=4)
def _read(setting: str) -> tuple[Key, ...]:
    return tuple(_parsed(setting))


def _parsed(setting: str) -> Iterator[Key]:
    try:
        secrets = [bytes.fromhex(text.strip()) for text in setting.split(",")]
    except ValueError:
        secrets = []
    if not secrets or any(len(secret) != KEY_BYTES for secret in secrets):
        raise ImproperlyConfigured("FILES_KEY: 64 hexadecimal digits (32 bytes), or several with commas between.")
    for secret in secrets:
        yield Key(hashlib.sha256(b"precta-files" + secret).digest()[:NAME_BYTES], secret)
