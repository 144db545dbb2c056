"""The stand-in's HTTP side and its life."""

import contextlib
import http.server
import socketserver
import sys
import threading
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

from .faults import Fault, Faults
from .handler import Handler
from .ledger import Ledger, describe
from .store import Store, now
from .webhooks import Webhooks

TICK = 0.2
DEFAULT_KEY = "sk_test_stand_in"


class PaystackStandIn:
    """One provider: a ledger, an HTTP server on the loopback interface and a sender of webhooks.

    With `file` the ledger survives a restart; without, it lives in memory. `url` is what PAYSTACK_BASE_URL should be.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        webhook_url: str | None = None,
        secret_key: str = DEFAULT_KEY,
        file: Path | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.secret_key = secret_key
        self.store = Store(file)
        self.faults = Faults()
        self.webhooks = Webhooks(self.store, self.faults, key=secret_key, url=webhook_url)
        self.ledger = Ledger(self.store, self.webhooks)
        self._server = _Server((host, port), Handler)
        self._server.standin = self
        self._wake = threading.Event()
        self.stopping = threading.Event()
        self.webhooks.wake = self._wake.set
        self._threads = [
            threading.Thread(target=target, name=f"paystack-{name}", daemon=True)
            for name, target in (
                ("http", lambda: self._server.serve_forever(poll_interval=0.1)),
                ("time", self._pass_time),
                ("webhooks", self._deliver),
            )
        ]

    @property
    def url(self) -> str:
        return f"http://{self._server.server_name}:{self._server.server_port}"

    def start(self) -> "PaystackStandIn":
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self._wake.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(timeout=12)
        self.store.close()

    def __enter__(self) -> "PaystackStandIn":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # What a test does in place of the customer

    def fault(self, operation: str, kind: str, **options: Any) -> None:
        """See `faults.Fault`: times=1, seconds=…, after=False."""
        self.faults.add(Fault(operation, kind, **options))

    def approve(self, reference: str) -> None:
        """The customer pays, by phone or card."""
        self.ledger.approve(reference)

    def refuse(self, reference: str) -> None:
        self.ledger.refuse(reference)

    def time_out(self, reference: str) -> None:
        self.ledger.time_out(reference)

    def transaction(self, reference: str) -> dict[str, Any]:
        return describe(self.ledger.transaction(reference))

    def refunds(self, reference: str) -> list[dict[str, Any]]:
        return self.ledger.list_refunds(reference)

    def settle_refunds(self) -> None:
        """Process every pending refund now."""
        for refund in self.store.all("SELECT id FROM refunds WHERE status = 'pending'"):
            self.ledger.process_refund(refund["id"])

    def reset(self) -> None:
        """Forget everything: ledger, settings, faults."""
        self.faults.clear()
        self.store.reset()

    def control(self, wishes: dict[str, Any]) -> dict[str, Any]:
        """The switches of POST /_control; returns the state. Raises ValueError on an unknown one."""
        known = {
            "reset",
            "clear_faults",
            "faults",
            "auto_approve_mpesa",
            "refund_delay",
            "refund_outcome",
            "webhook_url",
        }
        if unknown := set(wishes) - known:
            raise ValueError(f"Unknown switches: {', '.join(sorted(unknown))}. Known: {', '.join(sorted(known))}.")
        if wishes.get("reset"):
            self.reset()
        if wishes.get("clear_faults"):
            self.faults.clear()
        names = {field.name for field in fields(Fault)}
        for wish in wishes.get("faults", []):
            self.faults.add(Fault(**{name: value for name, value in wish.items() if name in names}))
        if "auto_approve_mpesa" in wishes:  # seconds, or null for "a person decides"
            self.store.set("auto_approve_mpesa", wishes["auto_approve_mpesa"])
        if "refund_delay" in wishes:
            self.store.set("refund_delay", float(wishes["refund_delay"]))
        if "refund_outcome" in wishes:
            if wishes["refund_outcome"] not in {"processed", "failed", "needs-attention"}:
                raise ValueError("refund_outcome is processed, failed or needs-attention")
            self.store.set("refund_outcome", wishes["refund_outcome"])
        if "webhook_url" in wishes:
            self.webhooks.url = wishes["webhook_url"]
            self._wake.set()
        return self.state()

    def state(self) -> dict[str, Any]:
        count = self.store.all("SELECT state, count(*) AS number FROM webhooks GROUP BY state")
        return {
            "faults": self.faults.state(),
            "calls": dict(self.faults.calls),
            "auto_approve_mpesa": self.store.setting("auto_approve_mpesa"),
            "refund_delay": self.store.setting("refund_delay", 3.0),
            "refund_outcome": self.store.setting("refund_outcome", "processed"),
            "webhook_url": self.webhooks.url,
            "webhooks": {row["state"]: row["number"] for row in count},
        }

    def _pass_time(self) -> None:
        while not self.stopping.wait(TICK):
            with _reported():
                self.ledger.tick()

    def _deliver(self) -> None:
        while not self.stopping.is_set():
            with _reported():
                self.webhooks.deliver_due()
                due = self.webhooks.next_due()
            self._wake.wait(timeout=0.5 if due is None else min(0.5, max(0.01, due - now())))
            self._wake.clear()


@contextlib.contextmanager
def _reported() -> Any:
    """A background thread goes on after a mistake, and says so."""
    try:
        yield
    except Exception as error:
        print(f"stand-in: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        time.sleep(0.5)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    standin: PaystackStandIn

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # not HTTPServer's, which asks the network for our name
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that went away is its own business
            super().handle_error(request, client_address)
