"""What follows in a room when its visit begins or ends."""

from appointments.models import Appointment, Consultation
from appointments.room.access import why_closed
from appointments.room.providers import video_provider
from precta import clock
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.tenancy import current_clinic


def keep_room_id(visit: Appointment) -> str:
    """Make the provider's room of this visit or find it again, and keep its id where its events look for it.

    Call it outside transactions. Raises VideoError.
    """
    room_id = video_provider().open_room(visit)
    if room_id:
        Consultation.objects.filter(appointment=visit).exclude(room_id=room_id).update(room_id=room_id)
    return room_id


@on("consultation.started")
def open_room(event: OutboxEvent) -> None:
    visit = _visit(event)
    # Whoever opened the room before the consultation began had no row to keep its id in.
    if visit is not None and why_closed(visit, now=clock.now()) is None and not video_provider().is_own:
        keep_room_id(visit)


@on("consultation.ended", "appointment.completed", "appointment.no_show")
def close_room(event: OutboxEvent) -> None:
    visit = _visit(event)
    if visit is not None and visit.consultation_type == "video":
        consultation = Consultation.objects.filter(appointment=visit).first()
        video_provider().close_room(visit, consultation.room_id if consultation is not None else "")


def _visit(event: OutboxEvent) -> Appointment | None:
    clinic = current_clinic()
    if clinic is None:
        return None
    visit = Appointment.objects.filter(pk=event.payload["appointment_id"]).first()
    if visit is not None:
        visit.clinic = clinic
    return visit
