"""An HTTP exchange with a provider that keeps one deadline over all of it.

httpx's time-outs start afresh with every byte, so a server that trickles would never be given up on.
"""

import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import httpcore
import httpx

CONNECT_SECONDS = 3.0
# What `exchange` raises.
NO_ANSWER = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)


class AnswerTooLarge(httpx.HTTPError):
    """The answer is longer than anything that the provider has to say."""


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, ends: float) -> None:
        self._stream = stream
        self._ends = ends

    def _left(self, timeout: float | None, error: type[Exception]) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise error("the deadline has passed")
        return left if timeout is None else min(timeout, left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._ends)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def __init__(self, ends: float) -> None:
        self._ends = ends

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        ends = min(self._ends, time.monotonic() + (timeout or CONNECT_SECONDS))
        failure: Exception = httpcore.ConnectError("no address")
        # The time is shared: the socket module would grant it to each address anew.
        for position, address in enumerate(addresses):
            left = ends - time.monotonic()
            if left <= 0:
                raise httpcore.ConnectTimeout("the deadline has passed")
            try:
                stream = super().connect_tcp(
                    address, port, left / (len(addresses) - position), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            return _Stream(stream, self._ends)
        raise failure


class DeadlineTransport(httpx.HTTPTransport):
    """For one exchange; `ends` is a moment of time.monotonic()."""

    def __init__(self, *, ends: float) -> None:
        super().__init__(verify=_tls())
        # httpx has no parameter for httpcore's (public) network back-end.
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(), max_connections=1, max_keepalive_connections=0, network_backend=_Backend(ends)
        )


def exchange(
    method: str, url: str, *, ends: float, headers: Mapping[str, str], most_bytes: int = 1_000_000, **sent: Any
) -> tuple[int, bytes]:
    """Status and body of one request, never sent again and never redirected; `sent` as httpx takes it.

    `ends` is a moment of time.monotonic(). Raises one of NO_ANSWER: then nobody knows whether it was done.
    """
    left = max(0.1, ends - time.monotonic())
    with (
        httpx.Client(
            transport=DeadlineTransport(ends=ends),
            headers={"Accept": "application/json", "Connection": "close", **headers},
            timeout=httpx.Timeout(left, connect=min(CONNECT_SECONDS, left)),
            follow_redirects=False,
        ) as client,
        client.stream(method, url, **sent) as response,
    ):
        body = b""
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > most_bytes:
                raise AnswerTooLarge(url)
        return response.status_code, body
