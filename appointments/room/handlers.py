"""What follows in a room when its visit begins, ends or is called off."""

from accounts.models import ConsultationMode
from appointments.models import Appointment, Consultation
from appointments.room.access import why_closed
from appointments.room.providers import video_provider
from precta import clock
from precta.audit.models import AuditLog
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


@on("consultation.ended", "appointment.completed", "appointment.no_show", "appointment.cancelled")
def close_room(event: OutboxEvent) -> None:
    _close(_visit(event))


@on("appointment.rescheduled")
def close_room_of_old_time(event: OutboxEvent) -> None:
    """The two may have been inside already: a visit can be moved until its time has come."""
    _close(_visit(event, named="from_id"))


def _close(visit: Appointment | None) -> None:
    if visit is None or visit.consultation_type != ConsultationMode.VIDEO:
        return
    provider = video_provider()
    consultation = Consultation.objects.filter(appointment=visit).first()
    room_id = consultation.room_id if consultation is not None else ""
    if not room_id and not provider.is_own and _was_entered(visit):
        # Whoever went in before the beginning still has an address that lets them in, and no row keeps the room's id.
        room_id = provider.open_room(visit)
    provider.close_room(visit, room_id)


def _was_entered(visit: Appointment) -> bool:
    return AuditLog.objects.filter(resource_type="appointment", resource_id=visit.pk, action="room.joined").exists()


def _visit(event: OutboxEvent, *, named: str = "appointment_id") -> Appointment | None:
    clinic = current_clinic()
    if clinic is None:
        return None
    visit = Appointment.objects.filter(pk=event.payload.get(named)).first()
    if visit is not None:
        visit.clinic = clinic
    return visit
