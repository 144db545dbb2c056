"""Encryption of one file: AES-256-GCM in chunks, under a key of its own that a key of its schema wraps.

    magic (4) | name of the wrapping key (8) | nonce (12) | wrapped data key (48) | chunk, chunk, …

Each chunk is 64 KiB of the file and its tag. As in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015)
its number and whether it is the last go into nonce and associated data, so that chunks cannot be cut off, reordered or
repeated; the data key is used for one file only, so numbers do as nonces. The file's key in the store is associated
with the wrapped key: a file that is put in another's place does not open.

In the first format (PRF1) a master key of FILES_KEY wraps the data key itself; such files still open.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from precta.files.exceptions import FileUnreadable

MAGIC = b"PRF2"
FIRST_FORMAT = b"PRF1"
CHUNK = 2**16
TAG = 16
NAME_BYTES = 8
NONCE_BYTES = 12
KEY_BYTES = 32
HEAD = len(MAGIC) + NAME_BYTES + NONCE_BYTES + KEY_BYTES + TAG


@dataclass(frozen=True, slots=True)
class Key:
    """A key that wraps others, and the eight bytes by which what it wrapped names it."""

    name: bytes
    secret: bytes = field(repr=False)


# (format, name of the key) → the key that opens such a head. Raises FileUnreadable.
FindKey = Callable[[bytes, bytes], Key]


def wrap(secret: bytes, *, under: Key, bound: bytes) -> bytes:
    """Nonce and ciphertext of `secret`; opens only under the same key with the same `bound`."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(under.secret).encrypt(nonce, secret, bound)


def unwrap(wrapped: bytes, *, under: Key, bound: bytes) -> bytes:
    """Raises FileUnreadable."""
    try:
        return AESGCM(under.secret).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise FileUnreadable("changed since it was sealed, or another's") from None


def seal(source: BinaryIO, *, place: str, under: Key) -> Iterator[bytes]:
    """The encrypted form of `source`, piece by piece. `place` is where it will lie."""
    data_key = os.urandom(KEY_BYTES)
    yield _head(data_key, place=place, under=under)
    cipher = AESGCM(data_key)
    part, number = source.read(CHUNK), 0
    while True:
        following = source.read(CHUNK) if len(part) == CHUNK else b""
        bound = _bound(number, last=not following)
        yield cipher.encrypt(bound, part, bound)
        if not following:
            return
        part, number = following, number + 1


def unseal(source: BinaryIO, *, place: str, find: FindKey) -> Iterator[bytes]:
    """The file again, piece by piece. Raises FileUnreadable, at the latest instead of the last piece, unless it is
    exactly what was sealed for `place`."""
    cipher = AESGCM(_data_key(source.read(HEAD), place=place, find=find))
    try:
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


def wrapped_by(head: bytes) -> tuple[bytes, bytes]:
    """(format, name of the wrapping key) of a sealed file's first HEAD bytes. Raises FileUnreadable."""
    if len(head) != HEAD or head[:4] not in {MAGIC, FIRST_FORMAT}:
        raise FileUnreadable("not a sealed file")
    return head[:4], head[4 : 4 + NAME_BYTES]


def rewrapped(head: bytes, *, place: str, find: FindKey, under: Key) -> bytes:
    """The head that takes the place of `head`, so that `under` opens the same file. Raises FileUnreadable."""
    return _head(_data_key(head, place=place, find=find), place=place, under=under)


def size_of_content(sealed_size: int) -> int:
    """How many bytes a sealed file of `sealed_size` bytes holds."""
    body = max(sealed_size - HEAD, 0)
    chunks = max(-(-body // (CHUNK + TAG)), 1)
    return max(body - chunks * TAG, 0)


def _head(data_key: bytes, *, place: str, under: Key) -> bytes:
    return MAGIC + under.name + wrap(data_key, under=under, bound=MAGIC + place.encode())


def _data_key(head: bytes, *, place: str, find: FindKey) -> bytes:
    kind, name = wrapped_by(head)
    return unwrap(head[4 + NAME_BYTES :], under=find(kind, name), bound=kind + place.encode())


def _bound(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])
