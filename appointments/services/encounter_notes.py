"""What the doctor writes about a visit: saved many times, finished once, added to afterwards.

A save names the `notes_version` that its window has read and is a compare-and-swap on it. Who comes second changes
nothing and is handed what the first one saved.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts.models import User
from appointments.exceptions import NotEnded, NotesChanged, NotesIncomplete, NotesLocked, NotesOpen, NotTheDoctor
from appointments.models import NOTE_FIELDS, AppointmentStatus, Consultation, ConsultationAddendum
from precta import clock
from precta.audit.services import record
from precta.inserts import insert
from precta.outbox.services import emit

WITH_NOTES = (AppointmentStatus.IN_PROGRESS, AppointmentStatus.COMPLETED)
# Autosave comes every few seconds; the trail has one line for so long a stretch of writing.
ONE_ACT = timedelta(minutes=10)
# The same addition within so long is one form that was sent twice; later it is said again, and stands again.
SENT_TWICE = timedelta(minutes=1)


def save_notes(
    *, consultation: Consultation, by_user: User, values: Mapping[str, Any], version: int, now: datetime | None = None
) -> Consultation:
    """Write `values` (of NOTE_FIELDS; what is not named stays) and count the version up; the notes as they then stand.

    Without a recommended follow-up there is no proposed time either. What stands there already is not written again,
    so a save whose answer was lost may be repeated. Raises NotTheDoctor for everybody but the visit's doctor,
    NotesLocked when they are finished or the visit was missed, NotesChanged when `version` is not the present one.
    """
    now = now or clock.now()
    values = _whole(values)
    with transaction.atomic():
        notes = _fresh(consultation, by_user)
        if not _is_open(notes):
            raise NotesLocked(notes)
        if _stands(notes, values):
            return notes
        _swap(notes, values, version, notes_saved_at=now)
        if notes.notes_saved_at is None or now - notes.notes_saved_at >= ONE_ACT:
            record("consultation.noted", resource=notes, user=by_user, details={"appointment_id": notes.appointment_id})
    return _fresh(consultation, by_user)


def finish_notes(
    *, consultation: Consultation, by_user: User, values: Mapping[str, Any], version: int, now: datetime | None = None
) -> Consultation:
    """Write `values`, sign the notes and lock them for good; the patient is told that there is a summary.

    Repeating it with the same values changes nothing. Raises what `save_notes` raises, NotEnded while the visit goes
    on, NotesIncomplete without a diagnosis and a plan; nothing was written then.
    """
    now = now or clock.now()
    values = _whole(values)
    with transaction.atomic():
        notes = _fresh(consultation, by_user)
        if notes.finished_at is not None and _stands(notes, values):
            return notes
        if not _is_open(notes):
            raise NotesLocked(notes)
        if notes.ended_at is None:
            raise NotEnded
        if not any(values.get(name, getattr(notes, name)).strip() for name in ("diagnosis", "plan")):
            raise NotesIncomplete
        _swap(notes, values, version, notes_saved_at=now, finished_at=now)
        details = {"appointment_id": notes.appointment_id}
        record("consultation.finished", resource=notes, user=by_user, details=details)
        emit("consultation.finished", consultation_id=notes.pk, **details)
    return _fresh(consultation, by_user)


def add_addendum(
    *, consultation: Consultation, by_user: User, text: str, now: datetime | None = None
) -> ConsultationAddendum:
    """Add `text`, dated and signed, to finished notes. The latest one again within SENT_TWICE is the one that is there.

    Raises NotTheDoctor for everybody but the visit's doctor, NotesOpen before the notes are finished.
    """
    now = now or clock.now()
    with transaction.atomic():
        notes = _fresh(consultation, by_user, lock=True)
        if notes.finished_at is None:
            raise NotesOpen
        latest = notes.addenda.last()
        if latest is not None and latest.text == text and now - latest.created_at < SENT_TWICE:
            return latest
        added = insert(ConsultationAddendum(consultation=notes, author=by_user, text=text))
        record("consultation.added_to", resource=notes, user=by_user, details={"appointment_id": notes.appointment_id})
    return added


def _fresh(consultation: Consultation, by_user: User, *, lock: bool = False) -> Consultation:
    rows = Consultation.objects.select_related("appointment")
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))
    notes = rows.get(pk=consultation.pk)
    if by_user.pk != notes.appointment.doctor_id:
        raise NotTheDoctor
    return notes


def _is_open(notes: Consultation) -> bool:
    return notes.finished_at is None and notes.appointment.status in WITH_NOTES


def _whole(values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(values) - set(NOTE_FIELDS)
    if unknown:
        raise ValueError(f"no part of the notes: {', '.join(sorted(unknown))}")
    result = dict(values)
    if result.get("follow_up_recommended") is False:
        result |= {"follow_up_at": None, "follow_up_mode": ""}
    return result


def _stands(notes: Consultation, values: Mapping[str, Any]) -> bool:
    return all(getattr(notes, name) == value for name, value in values.items())


def _swap(notes: Consultation, values: Mapping[str, Any], version: int, **more: Any) -> None:
    """The update waits for a transaction that holds the row, and then looks at its version and lock anew."""
    written = Consultation.objects.filter(pk=notes.pk, notes_version=version, finished_at__isnull=True).update(
        **values, **more, notes_version=F("notes_version") + 1
    )
    if written:
        return
    now_there = Consultation.objects.select_related("appointment").get(pk=notes.pk)
    raise NotesChanged(now_there) if now_there.finished_at is None else NotesLocked(now_there)
