"""Reminding patients of visits to come."""

from datetime import datetime, timedelta

from appointments.models import Appointment, AppointmentStatus
from precta import clock
from precta.outbox.models import OutboxEvent
from precta.outbox.services import emit_once

# (hours before the visit, how late the reminder may still come after an interruption)
REMINDERS = ((24, timedelta(hours=6)), (2, timedelta(hours=1)))


def remind(now: datetime | None = None) -> int:
    """Emit `appointment.reminder` for visits of the active clinic a day or two hours ahead; the number emitted.

    Each visit is reminded of once for each of the two moments, however often this runs, and not at all for a moment
    that was over when it was booked.
    """
    now = now or clock.now()
    emitted = 0
    for hours, late in REMINDERS:
        ahead = timedelta(hours=hours)
        due = Appointment.objects.filter(
            status=AppointmentStatus.CONFIRMED,
            scheduled_at__gt=now + ahead - late,
            scheduled_at__lte=now + ahead,
        ).values_list("pk", "created_at", "scheduled_at")
        wanted = {
            f"remind-{hours}h-{pk}": pk for pk, booked_at, scheduled_at in due if booked_at <= scheduled_at - ahead
        }
        known = set(OutboxEvent.objects.filter(pk__in=wanted).values_list("pk", flat=True))
        for event_id, pk in wanted.items():
            if event_id not in known:
                emitted += emit_once(event_id, "appointment.reminder", appointment_id=pk, hours=hours)
    return emitted
