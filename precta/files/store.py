"""Where files lie: private ones encrypted, pictures for everybody as they are.

A key begins with the schema of the clinic that the file belongs to ("public" for the platform's), and a clinic's file
opens in that clinic's schema only: a key that strays into another clinic's row leads nowhere.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db import InterfaceError, OperationalError
from django.urls import reverse
from django_tenants.utils import get_public_schema_name

from precta.files.checks import EXTENSIONS, IMAGES, CheckedUpload
from precta.files.exceptions import FileUnreadable
from precta.files.keys import active_key, finder
from precta.files.sealing import HEAD, rewrapped, seal, size_of_content, unseal, wrapped_by
from precta.files.whole import Pieces
from precta.ids import new_id
from precta.tenancy import current_schema

FOLDER = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*")
KEY = re.compile(r"[a-z][a-z0-9_]*(/[a-z0-9-]+)+")
PUBLIC_NAME = re.compile(r"[a-z]+/[0-9a-f]{40}(-[a-z0-9]{1,8})?\.(webp|jpg|png)")


def put(checked: CheckedUpload, *, folder: str) -> str:
    """Encrypt and keep a file; returns its key for a column of up to 500 characters. The key tells nothing of it.

    The file is written while it is sealed, and there only once it is whole. A row must name it within a day, or it is
    swept away (`precta.files.orphans`).
    """
    if not FOLDER.fullmatch(folder):
        raise ValueError(f"not a folder: {folder!r}")
    schema = current_schema()
    key = f"{schema}/{folder}/{new_id()}"
    under = active_key(schema)
    try:
        with checked.open() as source:
            return _private().save(key, Pieces(seal(source, place=key, under=under), key))
    except BaseException:
        with suppress(Exception):
            _private().delete(key)
        raise


@contextmanager
def kept(checked: CheckedUpload, *, folder: str) -> Iterator[str]:
    """A file for the row that the block writes and commits: stored before it, removed when the block is refused.

    When the database's answer was lost, or the process is being ended, nobody knows whether the row stands: the file
    stays, and is swept a day later if no row names it.
    """
    key = put(checked, folder=folder)
    try:
        yield key
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        delete(key)
        raise


def open_stored(key: str) -> Iterator[bytes]:
    """The file's bytes, piece by piece. Raises FileUnreadable at once when it is not there, not ours or not whole at
    its beginning, and in place of the last piece when its end was changed."""
    _refuse_foreign(key)
    pieces = _pieces(_opened(key), key)
    return _with_first(next(pieces), pieces)


def read_stored(key: str) -> bytes:
    """The whole file, for small ones that are worked on. Raises FileUnreadable."""
    return b"".join(open_stored(key))


def size_stored(key: str) -> int:
    """How many bytes `open_stored` will give. Raises FileUnreadable."""
    _refuse_foreign(key)
    try:
        return size_of_content(_private().size(key))
    except FileNotFoundError:
        raise FileUnreadable("not there") from None


def delete(key: str) -> None:
    """Remove a file; nothing happens when there is none. Call it after the commit that forgets the key."""
    _refuse_foreign(key)
    _private().delete(key)


def stored_keys(schema: str, folder: str = "") -> Iterator[str]:
    """The key of every file of the schema, or of one of its folders; also of what an interrupted upload left."""
    yield from _walk(f"{schema}/{folder}" if folder else schema)


def kept_since(key: str) -> datetime:
    return _private().get_modified_time(key)


def remove_lost(key: str) -> None:
    """Remove what no row names, or the half of a file: a name from `stored_keys`."""
    _private().delete(key)


def wrapped_under(key: str) -> tuple[bytes, bytes]:
    """(format, name) of the key that wraps the file's own. Raises FileUnreadable."""
    with _opened(key) as source:
        return wrapped_by(source.read(HEAD))


def rewrap(key: str) -> None:
    """Put a file's own key under the active key of its schema. The old file stands until the new one is whole.

    Raises FileUnreadable.
    """
    schema = key.partition("/")[0]
    with _opened(key) as source:
        head = rewrapped(source.read(HEAD), place=key, find=finder(schema), under=active_key(schema))
        rest = iter(lambda: source.read(2**16), b"")
        # Not `save`, which would look for another name.
        _private()._save(key, Pieces(_with_first(head, rest), key))  # type: ignore[attr-defined]


def put_public_image(content_type: str, data: bytes, *, folder: str) -> str:
    """Keep a picture that everybody may see; returns its path on every host. The same picture has the same path.

    `data` comes from `precta.files.images`, which draws it anew; `folder` is one word, like "doctors".
    """
    if content_type not in IMAGES:
        raise ValueError(f"not a picture: {content_type}")
    name = f"{folder}/{hashlib.sha256(data).hexdigest()[:40]}.{EXTENSIONS[content_type][0]}"
    if not PUBLIC_NAME.fullmatch(name):
        raise ValueError(f"not a folder: {folder!r}")
    store = public_store()
    if not store.exists(name):
        store.save(name, ContentFile(data))
    return reverse("public-image", args=[name])


def put_picture_set(parts: dict[str, tuple[str, bytes]], *, folder: str, stem: bytes) -> dict[str, str]:
    """Keep one picture in several sizes, whose paths differ by the part's name alone; returns them by that name.

    The paths follow from `stem`, the bytes of the best of them. As `put_public_image` otherwise.
    """
    digest, store = hashlib.sha256(stem).hexdigest()[:40], public_store()
    paths = {}
    for part, (content_type, data) in parts.items():
        name = f"{folder}/{digest}-{part}.{EXTENSIONS[content_type][0]}"
        if content_type not in IMAGES or not PUBLIC_NAME.fullmatch(name):
            raise ValueError(f"not a picture's name: {name!r}")
        if not store.exists(name):
            store.save(name, ContentFile(data))
        paths[part] = reverse("public-image", args=[name])
    return paths


def public_store() -> Storage:
    return storages["pictures"]


def _private() -> Storage:
    return storages["private"]


def _opened(key: str) -> Any:
    try:
        return _private().open(key)
    except FileNotFoundError:
        raise FileUnreadable("not there") from None


def _walk(folder: str) -> Iterator[str]:
    try:
        folders, files = _private().listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        yield f"{folder}/{name}"
    for name in folders:
        yield from _walk(f"{folder}/{name}")


def _refuse_foreign(key: str) -> None:
    owner = key.partition("/")[0]
    if not KEY.fullmatch(key) or owner not in {get_public_schema_name(), current_schema()}:
        raise FileUnreadable("not a file of this clinic")


def _pieces(source: Any, key: str) -> Iterator[bytes]:
    with source:
        yield from unseal(source, place=key, find=finder(key.partition("/")[0]))


def _with_first(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
