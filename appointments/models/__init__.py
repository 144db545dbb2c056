from appointments.models.appointment import (
    LIVE_STATUSES,
    TRANSITIONS,
    Appointment,
    AppointmentStatus,
)
from appointments.models.availability import (
    AvailabilityException,
    AvailabilityRevision,
    DoctorAvailability,
    TimeOff,
)

__all__ = [
    "LIVE_STATUSES",
    "TRANSITIONS",
    "Appointment",
    "AppointmentStatus",
    "AvailabilityException",
    "AvailabilityRevision",
    "DoctorAvailability",
    "TimeOff",
]
