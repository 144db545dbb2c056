"""ClamAV's daemon, asked over its INSTREAM command (clamd's manual page), when CLAMD_URL names one."""

import logging
import socket
import struct
import time
from urllib.parse import unquote, urlsplit

from django.conf import settings

from precta.files.exceptions import ScannerUnavailable

logger = logging.getLogger(__name__)

CHUNK = 2**16
PATIENCE = 10.0  # seconds for the whole scan: a person waits
PORT = 3310


def is_clean(data: bytes) -> bool:
    """What the scanner says; True without one. Raises ScannerUnavailable when it does not answer or not sensibly."""
    if not settings.CLAMD_URL:
        return True
    try:
        answer = _ask(data)
    except OSError as error:
        logger.exception("clamd does not answer")
        raise ScannerUnavailable from error
    if answer.endswith("OK"):
        return True
    if answer.endswith("FOUND"):
        logger.warning("clamd found something in an upload")
        return False
    logger.error("clamd answers %r", answer[:200])
    raise ScannerUnavailable


def _ask(data: bytes) -> str:
    deadline = time.monotonic() + PATIENCE
    with _connect() as line:
        line.sendall(b"zINSTREAM\0")
        for start in range(0, len(data), CHUNK):
            line.settimeout(_left(deadline))
            part = data[start : start + CHUNK]
            line.sendall(struct.pack("!I", len(part)) + part)
        line.sendall(struct.pack("!I", 0))
        answer = b""
        while not answer.endswith(b"\0") and len(answer) < 4096:
            line.settimeout(_left(deadline))
            part = line.recv(4096)
            if not part:
                break
            answer += part
    return answer.rstrip(b"\0\n ").decode(errors="replace")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _connect() -> socket.socket:
    parts = urlsplit(settings.CLAMD_URL)
    if parts.scheme == "unix":
        line = socket.socket(socket.AF_UNIX)
        try:
            line.settimeout(PATIENCE)
            line.connect(unquote(parts.path))
        except OSError:
            line.close()
            raise
        return line
    return socket.create_connection((parts.hostname or "127.0.0.1", parts.port or PORT), timeout=PATIENCE)
