"""100ms, the configured alternative. Its rooms are named by our ids; tokens and codes never reach a browser but one.

Naming a room that exists gives that room again, so everything here may be repeated.
"""

import json
import logging
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings

from appointments.exceptions import VideoRefused, VideoUnavailable
from appointments.models import Appointment
from appointments.room.access import CLOSES_AFTER, OPENS_BEFORE, Place, Side
from precta import hosts
from precta.deadline import NO_ANSWER, exchange
from precta.security import hundredms_pages

logger = logging.getLogger(__name__)

# Under the ten seconds that a page may take, all calls together.
TOTAL_SECONDS = 9.0
TOKEN_SECONDS = 300
SECRET_HEADER = "X-Precta-Secret"  # noqa: S105 - the name of a header
# What 100ms' own templates call the two, and ours.
ROLES = {Side.DOCTOR: ("doctor", "host"), Side.PATIENT: ("patient", "guest")}
SHORTEST, LONGEST = 120, 43_200


class HundredMs:
    """One client for each use: it holds nothing open between calls."""

    name = "hundredms"
    is_own = False
    records = True

    def __init__(self, *, budget: float = TOTAL_SECONDS) -> None:
        self._budget = min(budget, TOTAL_SECONDS)
        self._ends: float | None = None

    def open_room(self, visit: Appointment) -> str:
        """Raises VideoRefused, VideoUnavailable."""
        length = visit.busy_until - visit.scheduled_at + OPENS_BEFORE + CLOSES_AFTER
        wanted: dict[str, Any] = {
            "name": room_name(visit),
            "description": "Precta",
            "template_id": settings.HUNDREDMS_TEMPLATE_ID,
            "size": 2,
            "max_duration_seconds": min(max(int(length.total_seconds()), SHORTEST), LONGEST),
        }
        if settings.HUNDREDMS_WEBHOOK_SECRET:
            wanted["webhook"] = {
                "url": hosts.platform_url("appointments:video:hundredms-webhook"),
                "headers": {SECRET_HEADER: settings.HUNDREDMS_WEBHOOK_SECRET},
            }
        room_id = _text(self._post("/v2/rooms", wanted).get("id"))
        if not room_id or len(room_id) > 100:
            raise VideoUnavailable("rooms: no id")
        return room_id

    def join_url(self, place: Place, room_id: str) -> str:
        """The provider's page for this person. Raises VideoRefused, VideoUnavailable."""
        found = self._post(f"/v2/room-codes/room/{quote(room_id, safe='')}", {}).get("data")
        codes = {
            _text(one.get("role")): _text(one.get("code"))
            for one in (found if isinstance(found, list) else [])
            if isinstance(one, Mapping) and one.get("enabled") is not False
        }
        code = next((codes[role] for role in ROLES[place.side] if codes.get(role)), "")
        if not code:
            raise VideoUnavailable("room-codes: none for this role")
        doctor = place.side is Side.DOCTOR
        # The provider learns no more of a patient than the first name that the doctor sees beside the picture.
        name = place.visit.doctor.display_name if doctor else place.visit.patient.first_name
        asked = urlencode({"userId": f"{place.visit.pk}-{place.side}", "name": name})
        return f"{hundredms_pages(settings.HUNDREDMS_SUBDOMAIN)}/meeting/{quote(code, safe='')}?{asked}"

    def close_room(self, visit: Appointment, room_id: str) -> None:
        """Raises VideoUnavailable: then nothing may have happened."""
        if not room_id:
            return
        ours = quote(room_id, safe="")
        try:
            self._post(f"/v2/active-rooms/{ours}/end-room", {"reason": "The visit is over", "lock": True})
        except VideoRefused:
            logger.info("100ms: nobody was in the room any more")
        # Codes never expire by themselves.
        self._post(f"/v2/rooms/{ours}", {"enabled": False})

    # The wire

    def _post(self, path: str, body: dict[str, Any]) -> Mapping[str, Any]:
        if not settings.HUNDREDMS_ACCESS_KEY or not settings.HUNDREDMS_SECRET:
            raise VideoUnavailable("HUNDREDMS_ACCESS_KEY or HUNDREDMS_SECRET is not set")
        if self._ends is None:
            self._ends = time.monotonic() + self._budget
        url = settings.HUNDREDMS_BASE_URL.rstrip("/") + path
        headers = {"Authorization": f"Bearer {management_token()}"}
        try:
            status, answer = exchange("POST", url, ends=self._ends, headers=headers, json=body)
        except NO_ANSWER as error:
            logger.warning("100ms %s: %s", path, type(error).__name__)
            raise VideoUnavailable(f"{path}: {type(error).__name__}") from error
        return _understand(path, status, answer)


def room_name(visit: Appointment) -> str:
    """`<clinic's code>-<visit>`: it tells an outsider nothing, and leads an event back to its clinic."""
    return f"{visit.clinic.code}-{visit.pk}"


def management_token(*, now: float | None = None) -> str:
    import jwt  # the built-in room needs none

    at = int(now or time.time())
    facts = {
        "access_key": settings.HUNDREDMS_ACCESS_KEY,
        "type": "management",
        "version": 2,
        "jti": str(uuid.uuid4()),
        "iat": at,
        "nbf": at,
        "exp": at + TOKEN_SECONDS,
    }
    return jwt.encode(facts, settings.HUNDREDMS_SECRET, algorithm="HS256")


def _understand(path: str, status: int, body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        answer = None
    if 200 <= status < 300 and isinstance(answer, dict):
        return answer
    # 401 and 403 are ours to repair (a wrong key), 429 passes.
    if answer is None or status >= 500 or status in {401, 403, 408, 429} or status < 400:
        logger.warning("100ms %s: answered %s", path, status)
        raise VideoUnavailable(f"{path}: {status}")
    raise VideoRefused(f"{path}: {status}")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
