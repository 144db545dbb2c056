"""Files that no row names: what a crash between file and row leaves behind, and the halves of broken-off uploads.

Whoever keeps files in a folder says which of them its rows name (`owner`); other folders are left alone.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import islice

from precta import clock
from precta.files.store import kept_since, public_store, remove_lost, stored_keys
from precta.files.whole import PART
from precta.tenancy import current_schema

# An upload and the transaction that names it are over long before.
SPARED = timedelta(days=1)
BATCH = 500

# keys → those that rows of the active schema name
Named = Callable[[list[str]], Iterable[str]]

_picture_owners: dict[str, Named] = {}
_owners: dict[tuple[str, str], Named] = {}


def owner(kind: str, folder: str) -> Callable[[Named], Named]:
    """Register who names the files of `folder`; `kind` is "public" or "clinic", whose schemas have it."""

    def register(named: Named) -> Named:
        _owners[kind, folder] = named
        return named

    return register


def picture_owner(folder: str) -> Callable[[Named], Named]:
    """Register who names the public pictures of `folder`: of names like `articles/….webp` those that a row needs."""

    def register(named: Named) -> Named:
        _picture_owners[folder] = named
        return named

    return register


def sweep_pictures(*, now: datetime | None = None) -> int:
    """As `sweep`, for pictures that everybody may see: what was replaced or never saved."""
    now, store, removed = now or clock.now(), public_store(), 0
    for folder, named in _picture_owners.items():
        try:
            names = iter([f"{folder}/{name}" for name in store.listdir(folder)[1]])
        except FileNotFoundError:
            continue
        while batch := list(islice(names, BATCH)):
            for name in set(batch).difference(named(batch)):
                if now - store.get_modified_time(name) > SPARED:
                    store.delete(name)
                    removed += 1
    return removed


def sweep(*, now: datetime | None = None) -> int:
    """Remove what is older than a day and named by no row of the active schema; how many files that were."""
    now, schema = now or clock.now(), current_schema()
    here = "public" if schema == "public" else "clinic"
    removed = 0
    for (kind, folder), named in _owners.items():
        if kind != here:
            continue
        keys = stored_keys(schema, folder)
        while batch := list(islice(keys, BATCH)):
            found = set(named([key for key in batch if not key.endswith(PART)]))
            for key in batch:
                if key not in found and _is_old(key, now):
                    remove_lost(key)
                    removed += 1
    return removed


def _is_old(key: str, now: datetime) -> bool:
    try:
        return now - kept_since(key) > SPARED
    except FileNotFoundError:
        return False  # finished or removed in the meantime
