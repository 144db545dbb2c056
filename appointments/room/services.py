"""What changes in a room: who came and went, what was written beside the picture, who agrees to a recording."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from appointments.exceptions import AlreadyRecorded, NotYet, RoomClosed, TooManyMessages
from appointments.models import Appointment, Consultation, RoomMessage
from appointments.room import signalling
from appointments.room.access import Place, Side, why_closed
from precta import clock
from precta.audit.services import record

MOST_MESSAGES = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AGREED = {
    Side.PATIENT: "patient_agreed_to_recording_at",
    Side.DOCTOR: "doctor_agreed_to_recording_at",
}


def join_room(*, place: Place, page: str) -> None:
    """This page of the person holds the call from now on. Raises signalling.Away."""
    signalling.take_over(place.visit.pk, place.side, page)
    _note_joined(place)


def exchange(
    *, place: Place, page: str, state: dict[str, Any], signals: Sequence[dict[str, Any]], after: str
) -> signalling.Heard:
    """As `signalling.exchange`. A page that comes into the call without asking first is in the trail as well."""
    heard = signalling.exchange(place.visit.pk, place.side, page=page, state=state, signals=signals, after=after)
    if heard.is_new:
        _note_joined(place)
    return heard


def _note_joined(place: Place) -> None:
    record("room.joined", resource=place.visit, user=place.user, details={"side": str(place.side)})


def leave_room(*, place: Place, page: str) -> None:
    """The person hung up or closed the page; nothing happens when another page holds the call by now."""
    try:
        has_left = signalling.leave(place.visit.pk, place.side, page)
    except signalling.Away:
        has_left = True
    if has_left:
        record("room.left", resource=place.visit, user=place.user, details={"side": str(place.side)})


def write_message(*, place: Place, text: str, now: datetime | None = None) -> RoomMessage:
    """Write a line beside the picture. Raises RoomClosed when the visit ended meanwhile, TooManyMessages.

    The visit's row is locked, so that lines become visible in the order of their times and nobody who reads on from
    the last one misses any.
    """
    with transaction.atomic():
        visit = Appointment.objects.select_for_update(no_key=True).get(pk=place.visit.pk)
        if why_closed(visit, now=now or clock.now()) is not None:
            raise RoomClosed
        if RoomMessage.objects.filter(appointment=visit).count() >= MOST_MESSAGES:
            raise TooManyMessages
        return RoomMessage.objects.create(appointment=visit, sender=place.user, text=text)


def messages_of(visit: Appointment, *, after: int = 0) -> list[RoomMessage]:
    """The lines of a room, oldest first; with `after`, those behind that `mark_of` a line."""
    lines = RoomMessage.objects.filter(appointment=visit)
    if after:
        lines = lines.filter(created_at__gt=_EPOCH + timedelta(microseconds=after))
    return list(lines.order_by("created_at", "pk")[:MOST_MESSAGES])


def mark_of(message: RoomMessage) -> int:
    """The line's time in microseconds of Unix time."""
    return (message.created_at - _EPOCH) // timedelta(microseconds=1)


def set_recording_consent(*, place: Place, agrees: bool, now: datetime | None = None) -> Consultation:
    """Agree to a recording of this visit, or take that back. Repeating changes nothing.

    Raises NotYet before the consultation began, AlreadyRecorded when there is a recording to which it was given.
    """
    column = AGREED[place.side]
    with transaction.atomic():
        consultation = Consultation.objects.select_for_update().filter(appointment=place.visit).first()
        if consultation is None:
            raise NotYet
        if agrees == (getattr(consultation, column) is not None):
            return consultation
        if not agrees and consultation.recording_url:
            raise AlreadyRecorded
        setattr(consultation, column, (now or clock.now()) if agrees else None)
        consultation.save(update_fields=[column])
        act = "consultation.recording_agreed" if agrees else "consultation.recording_refused"
        record(act, resource=consultation, user=place.user, details=_of(place))
    return consultation


def _of(place: Place) -> dict[str, Any]:
    return {"appointment_id": place.visit.pk, "side": str(place.side)}
