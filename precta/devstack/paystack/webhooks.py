"""Signed events, delivered in order, retried until they are answered with 200."""

import contextlib
import hashlib
import hmac
import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .faults import Faults
from .store import Store, now

# The real ones come every 3 minutes four times, then hourly for 72 hours; nobody waits that long at a demo.
RETRIES = (2.0, 5.0, 15.0, 60.0, 180.0, *([600.0] * 20))
TIMEOUT = 10.0


class Webhooks:
    def __init__(self, store: Store, faults: Faults, *, key: str, url: str | None) -> None:
        self.store = store
        self.faults = faults
        self.key = key
        self.url = url
        self.wake: Callable[[], None] = lambda: None

    def add(self, event: str, data: dict[str, Any]) -> None:
        """Queue an event, inside the change that causes it."""
        body = json.dumps({"event": event, "data": data}, separators=(",", ":")).encode()
        fault = self.faults.next("webhook")
        kind = fault.kind if fault else ""
        for _ in range(2 if kind == "duplicate" else 1):
            self.store.insert(
                "webhooks",
                event=event,
                body=body,
                due_at=now() + (fault.seconds if fault and kind in {"delay", "reorder"} else 0),
                state="lost" if kind == "lose" else "waiting",
                held=int(kind == "reorder"),
            )
        self.wake()

    def sign(self, body: bytes) -> str:
        return hmac.new(self.key.encode(), body, hashlib.sha512).hexdigest()

    def deliver_due(self) -> None:
        """Send what is due. An event held back for reordering goes out right after a later one."""
        if not self.url:
            return
        sql = "SELECT * FROM webhooks WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, id LIMIT 50"
        for hook in self.store.all(sql, now()):
            delivered = self._deliver(hook)
            if delivered:
                overtaken = "SELECT * FROM webhooks WHERE state = 'waiting' AND held = 1 AND id < ? ORDER BY id"
                for late in self.store.all(overtaken, hook["id"]):
                    self._deliver(late)

    def next_due(self) -> float | None:
        row = self.store.one("SELECT min(due_at) AS due FROM webhooks WHERE state = 'waiting'")
        return row["due"] if row and self.url else None

    def _deliver(self, hook: dict[str, Any]) -> bool:
        try:
            status = self.post(hook["body"])
            answer = str(status)
        except (OSError, http.client.HTTPException) as error:
            status, answer = 0, f"{type(error).__name__}: {error}"
        attempts = hook["attempts"] + 1
        if status == 200:
            state, due_at = "delivered", hook["due_at"]
        elif attempts > len(RETRIES):
            state, due_at = "given up", hook["due_at"]
        else:
            state, due_at = "waiting", now() + RETRIES[attempts - 1]
        self.store.run(
            "UPDATE webhooks SET attempts = ?, state = ?, due_at = ?, last_answer = ?, held = 0 WHERE id = ?",
            attempts,
            state,
            due_at,
            answer[:200],
            hook["id"],
        )
        return status == 200

    def post(self, body: bytes, *, signature: str | None = None) -> int:
        """One delivery to the receiver; returns its HTTP status."""
        assert self.url, "no receiver is configured"
        address = urlsplit(self.url)
        host = address.hostname or ""
        # *.localhost is this machine by definition, but not every resolver knows.
        reached = "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        connection = kind(reached, address.port, timeout=TIMEOUT)
        with contextlib.closing(connection):
            connection.request(
                "POST",
                address.path or "/",
                body,
                {
                    "Host": address.netloc,
                    "Content-Type": "application/json",
                    "User-Agent": "Paystack/2.0",
                    "x-paystack-signature": signature if signature is not None else self.sign(body),
                },
            )
            response = connection.getresponse()
            response.read()
            return response.status
