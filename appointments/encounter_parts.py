"""What of the notes stands on the patient's own page of the visit."""

from django.http import HttpRequest

from appointments.follow_up import booking_url
from appointments.models import Appointment
from appointments.selectors_encounter import summary_of
from appointments.visit_parts import Audience, VisitPart, visit_part
from precta import clock


@visit_part(Audience.PATIENT, order=20)
def summary(request: HttpRequest, visit: Appointment) -> VisitPart | None:
    """Diagnosis, plan and follow-up, once they are signed."""
    notes = summary_of(visit)
    if notes is None:
        return None
    is_open = notes.follow_up_at is not None and notes.follow_up_at > clock.now()
    context = {"notes": notes, "can_take": is_open, "book": booking_url(visit, notes) if is_open else ""}
    return VisitPart("appointments/patient/_summary.html", context)
