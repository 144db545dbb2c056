"""Days and hours in which a doctor takes no visits, and the visits that were booked into them before."""

from datetime import timedelta

from appointments.models import Appointment, TimeOff


def is_displaced(appointment: Appointment) -> bool:
    """Whether the visit falls into a time off of its doctor, so that the patient may move it or have everything back.

    Slots never offer a time off, hence such a visit was booked before it. Only the visit itself counts, not the pause
    after it. Reads the active clinic's schema.
    """
    ends_at = appointment.scheduled_at + timedelta(minutes=appointment.duration_minutes)
    return TimeOff.objects.filter(
        doctor_id=appointment.doctor_id, starts_at__lt=ends_at, ends_at__gt=appointment.scheduled_at
    ).exists()
