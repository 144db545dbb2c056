"""One request: the provider's interface, the pages for people, the switches for machines."""

import contextlib
import http.server
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from . import pages
from .errors import Refusal
from .faults import Fault
from .ledger import describe

if TYPE_CHECKING:
    from .server import PaystackStandIn

LARGEST_BODY = 1_000_000


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    _headers_buffer: list[bytes]
    timeout = 60

    @property
    def standin(self) -> "PaystackStandIn":
        return self.server.standin  # type: ignore[attr-defined]

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
                self.standin.stopping.wait(fault.seconds)
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
        self._send(200, b"", length=len(answer), connection="close")
        pause = seconds / max(1, len(answer))
        for position in range(len(answer)):
            if self.standin.stopping.wait(pause):
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
        if "connection" in more:
            self.send_header("Connection", more["connection"])
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
