"""Encryption of one file: AES-256-GCM in chunks, under a key of its own that FILES_KEY wraps.

    magic (4) | id of the wrapping key (8) | nonce (12) | wrapped data key (48) | chunk, chunk, …

Each chunk is 64 KiB of the file and its tag. As in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015)
its number and whether it is the last go into nonce and associated data, so that chunks cannot be cut off, reordered or
repeated; the data key is used for one file only, so numbers do as nonces. The file's key in the store is associated
with the wrapped key: a file that is put in another's place does not open.
"""

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from precta.files.exceptions import FileUnreadable

MAGIC = b"PRF1"
CHUNK = 2**16
TAG = 16
KEY_BYTES = 32
HEAD = len(MAGIC) + 8 + 12 + KEY_BYTES + TAG


def seal(source: BinaryIO, *, place: str) -> Iterator[bytes]:
    """The encrypted form of `source`, piece by piece. `place` is where it will lie."""
    key_id, wrapping = _keys(settings.FILES_KEY)[0]
    data_key, nonce = os.urandom(KEY_BYTES), os.urandom(12)
    yield MAGIC + key_id + nonce + AESGCM(wrapping).encrypt(nonce, data_key, MAGIC + place.encode())
    cipher = AESGCM(data_key)
    part, number = source.read(CHUNK), 0
    while True:
        following = source.read(CHUNK) if len(part) == CHUNK else b""
        bound = _bound(number, last=not following)
        yield cipher.encrypt(bound, part, bound)
        if not following:
            return
        part, number = following, number + 1


def unseal(source: BinaryIO, *, place: str) -> Iterator[bytes]:
    """The file again, piece by piece. Raises FileUnreadable, at the latest instead of the last piece, unless it is
    exactly what was sealed for `place`."""
    head = source.read(HEAD)
    if len(head) != HEAD or not head.startswith(MAGIC):
        raise FileUnreadable("not a sealed file")
    key_id, nonce, wrapped = head[4:12], head[12:24], head[24:]
    wrapping = dict(_keys(settings.FILES_KEY)).get(key_id)
    if wrapping is None:
        raise FileUnreadable("sealed under a key that is not in FILES_KEY")
    try:
        cipher = AESGCM(AESGCM(wrapping).decrypt(nonce, wrapped, MAGIC + place.encode()))
        part, number = source.read(CHUNK + TAG), 0
        while True:
            following = source.read(CHUNK + TAG)
            bound = _bound(number, last=not following)
            yield cipher.decrypt(bound, part, bound)
            if not following:
                return
            part, number = following, number + 1
    except InvalidTag:
        raise FileUnreadable("changed since it was sealed") from None


def size_of_content(sealed_size: int) -> int:
    """How many bytes a sealed file of `sealed_size` bytes holds."""
    body = max(sealed_size - HEAD, 0)
    chunks = max(-(-body // (CHUNK + TAG)), 1)
    return max(body - chunks * TAG, 0)


def _bound(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


@lru_cache(maxsize=4)
def _keys(setting: str) -> tuple[tuple[bytes, bytes], ...]:
    """(id, key) of every key of FILES_KEY: the first one seals, all of them open."""
    try:
        keys = [bytes.fromhex(text.strip()) for text in setting.split(",")]
    except ValueError:
        keys = []
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise ImproperlyConfigured("FILES_KEY: 64 hexadecimal digits (32 bytes), or several with commas between.")
    return tuple((hashlib.sha256(b"precta-files" + key).digest()[:8], key) for key in keys)
