"""What 100ms tells of its rooms. It signs nothing: a secret of ours in a header is all that makes an event genuine.

An event ends no visit that goes on. It supplies an end that nobody set, and a recording to which both agreed.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.dateparse import parse_datetime
from django_tenants.utils import get_tenant_model

from appointments.exceptions import BadVideoEvent, BadVideoSecret
from appointments.models import Appointment, AppointmentStatus, Consultation
from appointments.services.consultation import close
from precta import clock
from precta.audit.models import AuditLog
from precta.audit.services import record
from precta.ids import IdField
from precta.tenancy import clinic_context
from precta.text import printable

logger = logging.getLogger(__name__)

LONGEST_URL = 500
RECORDINGS = frozenset({"recording.success", "beam.recording.success"})
THING = "video_event"


def receive_event(*, body: bytes, secret: str, now: datetime | None = None) -> None:
    """Act once on a genuine event; call it in the public schema. Raises BadVideoSecret, BadVideoEvent.

    One that belongs to no consultation leaves an audit row in the public trail.
    """
    if not is_genuine(secret):
        raise BadVideoSecret
    kind, key, data, told_at = _read(body)
    code, _dash, visit_id = _name(data).partition("-")
    clinic = get_tenant_model().objects.filter(code=code).first() if code else None
    if clinic is not None and visit_id:
        with clinic_context(clinic), transaction.atomic():
            visit = Appointment.objects.select_for_update(no_key=True, of=("self",)).filter(pk=visit_id).first()
            consultation = Consultation.objects.select_for_update().filter(appointment=visit_id).first()
            if visit is not None and consultation is not None:
                visit.clinic = clinic
                _act(kind, key, data, told_at, visit, consultation, now or clock.now())
                return
    _put_aside(kind, key)


def is_genuine(secret: str) -> bool:
    """Whether the sender knows HUNDREDMS_WEBHOOK_SECRET; compared in constant time. Nobody does while it is unset."""
    wanted = settings.HUNDREDMS_WEBHOOK_SECRET
    return bool(wanted) and hmac.compare_digest(wanted.encode(), secret.encode("utf-8", "replace"))


def _act(
    kind: str,
    key: str,
    data: Mapping[str, Any],
    told_at: datetime | None,
    visit: Appointment,
    consultation: Consultation,
    now: datetime,
) -> None:
    """The visit's lock is held, so the trail tells for certain whether this event was here before."""
    if AuditLog.objects.filter(resource_type=THING, resource_id=key).exists():
        return
    facts: dict[str, Any] = {"kind": kind, "consultation_id": consultation.pk}
    if kind == "session.close.success":
        # While the booked time lasts both may come back: a session that closes then was a lost connection.
        if visit.status == AppointmentStatus.IN_PROGRESS and now > visit.busy_until:
            close(visit, at=min(_end(data, told_at, now), now), by_user=None)
            facts["supplied"] = "end"
    elif kind in RECORDINGS:
        url = _recording(data)
        agreed = consultation.patient_agreed_to_recording_at and consultation.doctor_agreed_to_recording_at
        if url and agreed:
            Consultation.objects.filter(pk=consultation.pk).update(recording_url=url)
            record("consultation.recorded", resource=consultation, details={"appointment_id": visit.pk})
        elif url:
            record("consultation.recording_dropped", resource=consultation, details={"appointment_id": visit.pk})
    record("video_event.received", resource=(THING, key), details=facts)


def _read(body: bytes) -> tuple[str, str, Mapping[str, Any], datetime | None]:
    """(type, a key of its id, data, timestamp)."""
    try:
        found = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadVideoEvent from error
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in ("type", "id")):
        raise BadVideoEvent
    data = found.get("data")
    # Their ids are as long as they please; the trail's are not.
    key = hashlib.sha256(found["id"].encode("utf-8", "replace")).hexdigest()[:36]
    return printable(found["type"])[:60], key, data if isinstance(data, dict) else {}, _moment(found.get("timestamp"))


def _name(data: Mapping[str, Any]) -> str:
    """The room's name, which is ours: `<clinic's code>-<visit>`."""
    name = data.get("room_name")
    longest = 2 * IdField().max_length
    return name if isinstance(name, str) and name.isascii() and name.isprintable() and len(name) <= longest else ""


def _end(data: Mapping[str, Any], told_at: datetime | None, now: datetime) -> datetime:
    """When the session ended: as told, or its start and length, or the moment of the telling."""
    if (stopped := _moment(data.get("session_stopped_at"))) is not None:
        return stopped
    began, length = _moment(data.get("session_started_at")), data.get("session_duration")
    if began is not None and isinstance(length, int | float) and 0 <= length < 86_400:
        return min(began, now) + timedelta(seconds=length)
    return told_at or now


def _recording(data: Mapping[str, Any]) -> str:
    """Where the recording is: an address that fits, or its path in the clinic's own bucket."""
    for name in ("recording_url", "recording_presigned_url", "recording_path", "location"):
        found = data.get(name)
        if not isinstance(found, str) or not found.startswith(("https://", "s3://")):
            continue
        if found.isprintable() and len(found) <= LONGEST_URL:
            return found
    return ""


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = parse_datetime(value)
    except ValueError:
        return None
    if moment is None:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _put_aside(kind: str, key: str) -> None:
    if not AuditLog.objects.filter(resource_type=THING, resource_id=key).exists():
        logger.warning("video event %s of an unknown room", kind)
        record("video_event.unknown", resource=(THING, key), details={"kind": kind})
