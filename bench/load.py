"""A small HTTP/1.1 client on bare sockets: it must cost less than what it measures."""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

CONNECTIONS = 8


@dataclass
class Run:
    """`rate` is answered requests a second; `statuses` counts the answers by status."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def answered(self) -> int:
        return sum(self.statuses.values())

    @property
    def rate(self) -> float:
        return self.answered / self.seconds if self.seconds else 0.0


def get(host: str, path: str, **headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: keep-alive"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def post(host: str, path: str, body: str, **headers: str) -> bytes:
    data = body.encode()
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Connection: keep-alive"]
    lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + data


class _Connection:
    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = self._open()
        self.got = bytearray()
        self.need = -1

    def _open(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def send(self, request: bytes) -> None:
        self.got.clear()
        self.need = -1
        self.socket.sendall(request)

    def read(self) -> int | None:
        """The status once the answer is whole, else None. Raises ConnectionError when the server hung up."""
        data = self.socket.recv(262_144)
        if not data:
            raise ConnectionError
        self.got += data
        if self.need < 0:
            end = self.got.find(b"\r\n\r\n")
            if end < 0:
                return None
            head = bytes(self.got[:end]).lower()
            at = head.find(b"content-length:")
            if at < 0:
                raise ValueError("an answer without Content-Length")
            self.need = end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(self.got) < self.need:
            return None
        return int(self.got[9:12])


def drive(
    port: int, next_request: Callable[[], bytes | None], *, seconds: float = 0.0, connections: int = CONNECTIONS
) -> Run:
    """Keep `connections` busy for `seconds`, or until `next_request` gives None; what is in flight then is awaited."""
    run = Run()
    selector = selectors.DefaultSelector()
    started = time.perf_counter()
    stop_at = started + seconds if seconds else float("inf")
    busy = 0
    for _ in range(connections):
        request = next_request()
        if request is None:
            break
        connection = _Connection(port)
        connection.send(request)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        busy += 1
    while busy:
        for key, _events in selector.select(timeout=30) or _no_answer():
            connection = key.data
            status = connection.read()
            if status is None:
                continue
            run.statuses[status] += 1
            request = next_request() if time.perf_counter() < stop_at else None
            if request is None:
                selector.unregister(connection.socket)
                connection.socket.close()
                busy -= 1
            else:
                connection.send(request)
    run.seconds = time.perf_counter() - started
    return run


def _no_answer() -> list:
    raise TimeoutError("no answer for 30 seconds")


def repeat(requests: list[bytes]) -> Callable[[], bytes]:
    """Endlessly the same requests, one after the other."""
    turn = _cycle(requests)
    return lambda: next(turn)


def _cycle(requests: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from requests


def once(requests: list[bytes]) -> Callable[[], bytes | None]:
    """Each request once."""
    left = iter(requests)
    return lambda: next(left, None)
