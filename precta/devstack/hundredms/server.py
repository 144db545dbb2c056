"""The stand-in's rooms, its HTTP side and its life. Everything lives in memory."""

import contextlib
import http.server
import json
import secrets
import socket
import socketserver
import sys
import threading
import uuid
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import Request, urlopen

import jwt

DEFAULT_KEY = "access_key_stand_in"
DEFAULT_SECRET = "secret_of_the_stand_in_that_is_long_enough"  # noqa: S105 - opens nothing but the stand-in
LARGEST_BODY = 1_000_000
ROLES = ("host", "guest")
FAULTS = ("hang", "500", "nonsense", "drop")


class HundredMsStandIn:
    """One provider. `url` is what HUNDREDMS_BASE_URL and HUNDREDMS_SUBDOMAIN should be.

    A room is a dictionary as the API shows it, with `codes` and `was_ended` beside.
    """

    def __init__(
        self, port: int = 0, *, access_key: str = DEFAULT_KEY, secret: str = DEFAULT_SECRET, host: str = "127.0.0.1"
    ) -> None:
        self.access_key = access_key
        self.secret = secret
        self.rooms: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.fault = ""  # one of FAULTS, for the next call only
        self.stopping = threading.Event()
        self._server = _Server((host, port), _Handler)
        self._server.standin = self
        self._thread = threading.Thread(
            target=lambda: self._server.serve_forever(poll_interval=0.1), name="hundredms-http", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://{self._server.server_name}:{self._server.server_port}"

    def start(self) -> "HundredMsStandIn":
        self._thread.start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=12)

    def __enter__(self) -> "HundredMsStandIn":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # What the API does

    def make_room(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """A name that exists gives that room again, overwritten."""
        name = wanted.get("name") or str(uuid.uuid4())
        found = next((room for room in self.rooms.values() if room["name"] == name), None)
        room = found or {
            "id": secrets.token_hex(12),
            "created_at": datetime.now(UTC).isoformat(),
            "codes": {role: f"{secrets.token_hex(2)}-{secrets.token_hex(2)}-{role[:4]}" for role in ROLES},
            "was_ended": False,
        }
        room |= {"enabled": True, "region": "in", "template_id": "", "webhook": None, **wanted, "name": name}
        self.rooms[room["id"]] = room
        return room

    def tell(
        self, room_id: str, kind: str, *, event_id: str = "", secret_header: str | None = None, **data: Any
    ) -> int:
        """Deliver an event to the room's webhook; the status of the answer."""
        room = self.rooms[room_id]
        body = event(kind, event_id=event_id, room_id=room_id, room_name=room["name"], **data)
        headers = {"Content-Type": "application/json", **(room["webhook"] or {}).get("headers", {})}
        if secret_header is not None:
            headers = {name: secret_header if name.startswith("X-") else value for name, value in headers.items()}
        with contextlib.closing(urlopen(Request(room["webhook"]["url"], body, headers), timeout=10)) as answer:
            return answer.status


def event(kind: str, *, event_id: str = "", **data: Any) -> bytes:
    """An event in the provider's envelope."""
    now = datetime.now(UTC).isoformat()
    envelope = {"version": "2.0", "id": event_id or str(uuid.uuid4()), "account_id": "stand-in", "timestamp": now}
    return json.dumps({**envelope, "type": kind, "data": data}).encode()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    @property
    def standin(self) -> HundredMsStandIn:
        return self.server.standin  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        parts = [unquote(part) for part in address.path.strip("/").split("/") if part]
        match parts:
            case ["meeting", code]:
                asked = {name: values[0] for name, values in parse_qs(address.query).items()}
                self._meeting(code, asked.get("name", ""))
            case ["_rooms"]:
                self._answer(200, list(self.standin.rooms.values()))
            case _:
                self._answer(404, {"code": 404, "message": "not found"})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(min(int(length) if length.isdigit() else 0, LARGEST_BODY))
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/") if part]
        self.standin.calls.append("/".join(parts))
        if self._spoil():
            return
        try:
            given = json.loads(body or b"{}")
        except ValueError:
            self._answer(400, {"code": 400, "message": "malformed JSON"})
            return
        if not self._is_authorized():
            self._answer(401, {"code": 401, "message": "token validation error"})
            return
        self._answer(*self._act(parts, given))

    def _act(self, parts: list[str], given: dict[str, Any]) -> tuple[int, Any]:
        rooms = self.standin.rooms
        missing = (404, {"code": 404, "message": "room not found"})
        match parts:
            case ["v2", "rooms"]:
                room = self.standin.make_room(given)
                return 200, {name: value for name, value in room.items() if name not in {"codes", "was_ended"}}
            case ["v2", "rooms", room_id]:
                if room_id not in rooms:
                    return missing
                rooms[room_id] |= {"enabled": given.get("enabled", rooms[room_id]["enabled"])}
                return 200, {"id": room_id, "enabled": rooms[room_id]["enabled"]}
            case ["v2", "room-codes", "room", room_id]:
                if room_id not in rooms:
                    return missing
                codes = rooms[room_id]["codes"].items()
                return 200, {
                    "data": [{"code": code, "room_id": room_id, "role": role, "enabled": True} for role, code in codes]
                }
            case ["v2", "active-rooms", room_id, "end-room"]:
                if room_id not in rooms:
                    return missing
                rooms[room_id]["was_ended"] = True
                return 200, {"message": "session is ending"}
        return 404, {"code": 404, "message": "not found"}

    def _is_authorized(self) -> bool:
        """A management token as their documentation has it: HS256 under the secret, of our access key, version 2."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            facts = jwt.decode(token, self.standin.secret, algorithms=["HS256"], options={"require": ["exp", "nbf"]})
        except jwt.InvalidTokenError:
            return False
        wanted = {"access_key": self.standin.access_key, "type": "management", "version": 2}
        return all(facts.get(name) == value for name, value in wanted.items()) and bool(facts.get("jti"))

    def _meeting(self, code: str, name: str) -> None:
        room = next((room for room in self.standin.rooms.values() if code in room["codes"].values()), None)
        open_ = room is not None and room["enabled"]
        words = f"100ms stand-in: {escape(name)} is in the room." if open_ else "This room is closed."
        page = f'<!doctype html><html lang="en"><title>Meeting</title><main><h1>{words}</h1></main></html>'
        self._send(200 if open_ else 404, page.encode(), "text/html; charset=utf-8")

    def _spoil(self) -> bool:
        fault, self.standin.fault = self.standin.fault, ""
        match fault:
            case "hang":
                self.standin.stopping.wait(30)
                self._drop()
            case "drop":
                self._drop()
            case "500":
                self._answer(500, {"code": 500, "message": "internal"})
            case "nonsense":
                self._send(200, b"<html>\xff", "text/html")
        return bool(fault)

    def _drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, status: int, facts: Any) -> None:
        self._send(status, json.dumps(facts).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    standin: HundredMsStandIn

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # not HTTPServer's, which asks the network for our name
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # a client that went away is its own business
            super().handle_error(request, client_address)
