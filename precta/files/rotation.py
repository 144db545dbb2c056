"""Changing keys while files are being read and written; see the command `rotate_file_keys`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from precta import clock
from precta.files import keys, store
from precta.files.exceptions import FileUnreadable
from precta.files.models import FileKey
from precta.files.sealing import MAGIC
from precta.files.whole import PART

# An upload that began under a key has ended so long after that key was retired.
SETTLED = timedelta(hours=1)


@dataclass(slots=True)
class Rotated:
    """`keys` were put under the first master, `files` under the active key; `unreadable` could not be opened."""

    keys: int = 0
    files: int = 0
    unreadable: int = 0
    removed: int = 0
    retired: int = 0


def rotate(schema: str, *, new_key: bool = False, now: datetime | None = None) -> Rotated:
    """Rewrap the keys of `schema`; with `new_key` also its files, under a new one.

    Whatever an earlier run began is finished. At any moment every file opens: a file's head is replaced whole, and a
    key goes only when no file names it any more. Where no file is found at all no key goes: the store may be another
    one than the files lie in.
    """
    now = now or clock.now()
    done = Rotated(keys=keys.rewrap(schema))
    if new_key:
        keys.replace_active(schema)
    with keys.within(schema):
        retired = list(FileKey.objects.filter(is_active=False))
        if not retired and not new_key:
            return done
        in_use, found = _rewrap_files(schema, done)
        active = FileKey.objects.filter(is_active=True).first()
        if found and active is not None and now - active.created_at > SETTLED:
            unused = [row.pk for row in retired if keys.name_of(row) not in in_use]
            done.removed, _by_model = FileKey.objects.filter(pk__in=unused, is_active=False).delete()
        done.retired = len(retired) - done.removed
    return done


def _rewrap_files(schema: str, done: Rotated) -> tuple[set[bytes], int]:
    """Put every file under the active key; the names of the keys that some file still needs, and how many files."""
    active, in_use, found = keys.active_key(schema), set(), 0
    for key in store.stored_keys(schema):
        if key.endswith(PART):
            continue
        found += 1
        name = b""
        try:
            kind, name = store.wrapped_under(key)
            if (kind, name) == (MAGIC, active.name):
                continue
            store.rewrap(key)
            done.files += 1
        except FileUnreadable as error:
            if error.args == ("not there",):
                continue  # deleted a moment ago
            done.unreadable += 1
            in_use.add(name)
    return in_use, found
