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
from appointments.models.consultation import NOTE_FIELDS, Consultation, ConsultationAddendum, RoomMessage
from appointments.models.record import HiddenRecord, MedicalRecord, RecordType

__all__ = [
    "LIVE_STATUSES",
    "NOTE_FIELDS",
    "TRANSITIONS",
    "Appointment",
    "AppointmentStatus",
    "AvailabilityException",
    "AvailabilityRevision",
    "Consultation",
    "ConsultationAddendum",
    "DoctorAvailability",
    "HiddenRecord",
    "MedicalRecord",
    "RecordType",
    "RoomMessage",
    "TimeOff",
]
