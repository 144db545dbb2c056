"""The room on the pages of a visit: the way in, who is there already, and afterwards what was written in it."""

from django.http import HttpRequest

from accounts.models import ConsultationMode
from appointments.models import Appointment
from appointments.room import signalling
from appointments.room.access import Side, Why, may_doctor_enter, opens_at, why_closed
from appointments.room.services import messages_of
from appointments.visit_parts import Audience, VisitPart, visit_part
from precta import clock


@visit_part(Audience.PATIENT, order=0)
def for_patient(request: HttpRequest, visit: Appointment) -> VisitPart | None:
    return _part(request, visit, Side.PATIENT)


@visit_part(Audience.DOCTOR, order=0)
def for_doctor(request: HttpRequest, visit: Appointment) -> VisitPart | None:
    return _part(request, visit, Side.DOCTOR)


def _part(request: HttpRequest, visit: Appointment, side: Side) -> VisitPart | None:
    if visit.consultation_type != ConsultationMode.VIDEO:
        return None
    why = why_closed(visit, now=clock.now())
    if side is Side.DOCTOR and why in {None, Why.TOO_EARLY} and not may_doctor_enter(visit):
        return None
    context = {"visit": visit, "side": str(side), "opens_at": opens_at(visit)}
    if why is None:
        there = signalling.who_is_here([visit.pk]).get(visit.pk, set())
        return VisitPart(
            "appointments/room/_part.html", context | {"is_open": True, "other_is_here": side.other in there}
        )
    if why is Why.TOO_EARLY:
        return VisitPart("appointments/room/_part.html", context | {"is_open": False})
    lines = [(line, line.sender_id == request.user.pk) for line in messages_of(visit)] if why is Why.ENDED else []
    name = visit.doctor.display_name if side is Side.PATIENT else visit.patient.full_name
    return VisitPart("appointments/room/_written.html", context | {"lines": lines, "other": name}) if lines else None
