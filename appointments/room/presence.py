"""Whether the patient's side came to the room of a video visit."""

from accounts.models import ConsultationMode
from appointments.models import Appointment
from appointments.room.access import Side
from appointments.room.signalling import who_is_here
from precta.audit.models import AuditLog


def patient_came(visit: Appointment) -> bool:
    """Whether they have the room or its lobby open now, or were in the room at any time; False for other visits."""
    if visit.consultation_type != ConsultationMode.VIDEO:
        return False
    if Side.PATIENT in who_is_here([visit.pk]).get(visit.pk, ()):
        return True
    joined = AuditLog.objects.filter(resource_type="appointment", resource_id=visit.pk, action="room.joined")
    return joined.filter(details__side=str(Side.PATIENT)).exists()
