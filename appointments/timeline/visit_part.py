"""The patient's latest history beside the notes of a visit."""

from django.http import HttpRequest

from appointments.models import Appointment
from appointments.policies import may_doctor_see_records
from appointments.timeline.selectors import Asked, timeline
from appointments.timeline.sources import FOR_DOCTORS
from appointments.visit_parts import Audience, VisitPart, visit_part

SHOWN = 6


@visit_part(Audience.DOCTOR, order=50)
def history(_request: HttpRequest, visit: Appointment) -> VisitPart | None:
    """What came before this visit at this clinic, unless the patient never came to it; the encounter page itself notes
    who looked."""
    if not may_doctor_see_records(visit):
        return None
    found = timeline(
        patients=[visit.patient_id],
        clinics=[visit.clinic],
        may_see=FOR_DOCTORS,
        asked=Asked(kinds=FOR_DOCTORS, before=visit.scheduled_at),
        reader=visit.doctor_id,
        size=SHOWN,
    )
    context = {
        "entries": found.entries,
        "more": max(0, sum(found.counts.values()) - SHOWN),
        "patient_id": visit.patient_id,
    }
    return VisitPart("appointments/doctor/_history.html", context)
