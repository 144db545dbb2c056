"""The stand-in's HTTP side and its life."""

import contextlib
import http.server
import json
import socket
import socketserver
import sys
import threading
import time
from dataclasses import fields
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

from . import pages
from .errors import Refusal
from .faults import Fault, Faults
from .ledger import Ledger, describe
from .store import Store, now
from .webhooks import Webhooks

LARGEST_BODY = 1_000_000
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
        self._server = _Server((host, port), _Handler)
        self._server.standin = self
        self._wake = threading.Event()
        self._stop = threading.Event()
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
        self._stop.set()
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
        while not self._stop.wait(TICK):
            with _reported():
                self.ledger.tick()

    def _deliver(self) -> None:
        while not self._stop.is_set():
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


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    _headers_buffer: list[bytes]
    timeout = 60

    @property
    def standin(self) -> PaystackStandIn:
        return cast(_Server, self.server).standin

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._route("GET")

    def do_POST(self) -> None:
        self._route("POST")

    def _route(self, method: str) -> None:
        address = urlsplit(self.path)
        parts = [unquote(part) for part in address.path.strip("/").split("/") if part]
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(min(int(length) if length.isdigit() else 0, LARGEST_BODY))
        first = parts[0] if parts else ""
        if first in {"", "checkout", "mpesa", "style.css"}:
            self._page(method, parts, body)
        elif first in {"_control", "_ledger"}:
            self._machine(method, first, body)
        else:
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            self._api(method, parts, query, body)

    # The provider's interface

    def _api(self, method: str, parts: list[str], query: dict[str, str], body: bytes) -> None:
        operation = _operation(method, parts)
        fault = self.standin.faults.next(operation) if operation else None
        if fault and not fault.after and self._spoil(fault, None):
            return
        try:
            if operation is None:
                raise Refusal("Route not found", code="not_found", status=404)
            self._authorize()
            status, answer = 200, self._answer(operation, parts, query, _json(body) if method == "POST" else {})
        except Refusal as refusal:
            status, answer = refusal.status, refusal.body
        encoded = json.dumps(answer).encode()
        if fault and (fault.after or fault.kind == "trickle") and self._spoil(fault, encoded):
            return
        self._send(status, encoded)

    def _authorize(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {self.standin.secret_key}":
            raise Refusal(
                "Invalid key",
                code="invalid_Key",
                status=401,
                next_step="Ensure that you provide the correct authorization key for the request",
            )

    def _answer(self, operation: str, parts: list[str], query: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        ledger = self.standin.ledger
        data: Any
        match operation:
            case "initialize":
                message, data = "Authorization URL created", ledger.initialize(body, checkout=self.standin.url)
            case "verify":
                message, data = "Verification successful", describe(ledger.transaction(parts[2]))
            case "charge":
                message, data = "Charge attempted", ledger.charge(body)
            case "charge_status":
                ledger.tick()
                message, data = "Reference check successful", describe(ledger.transaction(parts[1]))
                if data["status"] not in {"success", "failed", "reversed"}:
                    data = {"reference": data["reference"], "status": "pending"}
                elif data["status"] == "reversed":
                    data["status"] = "success"
            case "refund":
                message, data = "Refund has been queued for processing", ledger.refund(body)
            case "refund_fetch":
                message, data = "Refund retrieved", ledger.fetch_refund(parts[1])
            case _:
                message, data = (
                    "Refunds retrieved",
                    ledger.list_refunds(query.get("transaction", query.get("reference"))),
                )
                page = {"total": len(data), "skipped": 0, "perPage": 200, "page": 1, "pageCount": 1}
                return {"status": True, "message": message, "data": data, "meta": page}
        return {"status": True, "message": message, "data": data}

    def _spoil(self, fault: Fault, answer: bytes | None) -> bool:
        """Misbehave; True when the request is thereby answered."""
        match fault.kind:
            case "hang":
                self.standin._stop.wait(fault.seconds)
                self._drop()
            case "drop":
                self._drop()
            case "500":
                body = {"status": False, "message": "An error occurred, please try again later", "type": "api_error"}
                self._send(500, json.dumps(body).encode())
            case "nonsense":
                self._send(200, b"<html><body>upstream \xff\xfe is resting</body></html>")
            case "trickle":
                if answer is None:
                    return False  # there must be something to trickle
                self._trickle(answer, fault.seconds)
        return True

    def _drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _trickle(self, answer: bytes, seconds: float) -> None:
        """One byte at a time: a time-out that starts afresh with each byte never fires."""
        self._send(200, b"", length=len(answer))
        pause = seconds / max(1, len(answer))
        for position in range(len(answer)):
            if self.standin._stop.wait(pause):
                break
            self.wfile.write(answer[position : position + 1])
        self.close_connection = True

    # Pages for people

    def _page(self, method: str, parts: list[str], body: bytes) -> None:
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        match parts:
            case []:
                self._html(pages.index())
            case ["style.css"]:
                self._send(200, pages.STYLE.encode(), kind="text/css; charset=utf-8")
            case ["mpesa"]:
                if method == "POST":
                    self._press(form)
                    self._redirect("/mpesa/")
                else:
                    self.standin.ledger.tick()
                    self._html(pages.prompts(self.standin.ledger.prompts()))
            case ["checkout", access_code]:
                self._checkout(method, access_code, form)
            case _:
                self._html(pages.missing(), status=404)

    def _press(self, form: dict[str, str]) -> None:
        reference, ledger = form.get("reference", ""), self.standin.ledger
        with contextlib.suppress(Refusal):
            match form.get("action"):
                case "approve":
                    ledger.approve(reference)
                case "refuse":
                    ledger.refuse(reference)
                case "time_out":
                    ledger.time_out(reference)

    def _checkout(self, method: str, access_code: str, form: dict[str, str]) -> None:
        ledger = self.standin.ledger
        found = ledger.by_access_code(access_code)
        if found is None:
            self._html(pages.missing(), status=404)
            return
        if method == "GET":
            ledger.opened(found["reference"])
            self._html(pages.checkout(found), policy=pages.security_policy(found))
            return
        match form.get("action"):
            case "pay":
                ledger.approve(found["reference"], channel="card")
            case "decline":
                ledger.refuse(found["reference"], "Declined", channel="card")
            case _:
                ledger.left(found["reference"])
        self._redirect(pages.return_address(found) or f"/checkout/{access_code}")

    # Switches for machines

    def _machine(self, method: str, name: str, body: bytes) -> None:
        try:
            if name == "_ledger":
                answer = self.standin.ledger.everything()
            else:
                answer = self.standin.control(_json(body)) if method == "POST" else self.standin.state()
        except (ValueError, TypeError, Refusal) as error:
            self._send(400, json.dumps({"error": str(error)}).encode())
            return
        self._send(200, json.dumps(answer, indent=1).encode())

    # Answers

    def _html(self, text: str, *, status: int = 200, policy: str | None = None) -> None:
        self._send(status, text.encode(), kind="text/html; charset=utf-8", policy=policy or pages.security_policy())

    def _redirect(self, target: str) -> None:
        self._send(303, b"", location=target)

    def _send(
        self,
        status: int,
        body: bytes,
        *,
        kind: str = "application/json; charset=utf-8",
        length: int | None = None,
        **more: str,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if "policy" in more:
            self.send_header("Content-Security-Policy", more["policy"])
        if "location" in more:
            self.send_header("Location", more["location"])
        self._headers_buffer.append(b"\r\n")
        self.wfile.write(b"".join(self._headers_buffer) + body)
        self._headers_buffer = []


def _operation(method: str, parts: list[str]) -> str | None:
    match [method, *parts]:
        case ["POST", "transaction", "initialize"]:
            return "initialize"
        case ["GET", "transaction", "verify", _]:
            return "verify"
        case ["POST", "charge"]:
            return "charge"
        case ["GET", "charge", _]:
            return "charge_status"
        case ["POST", "refund"]:
            return "refund"
        case ["GET", "refund", _]:
            return "refund_fetch"
        case ["GET", "refund"]:
            return "refund_list"
    return None


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError as error:
        raise Refusal("Malformed JSON in the request body", code="invalid_params") from error
    if not isinstance(found, dict):
        raise Refusal("The request body must be an object", code="invalid_params")
    return found
