"""Documents on the pages of a visit."""

from django.http import HttpRequest

from appointments.models import Appointment, MedicalRecord
from appointments.policies import may_doctor_see_records
from appointments.selectors_records import records_for_visit
from appointments.visit_parts import Audience, VisitPart, visit_part

ORDER = 40
SHOWN = 6


@visit_part(Audience.DOCTOR, order=ORDER)
def for_doctor(request: HttpRequest, visit: Appointment) -> VisitPart | None:
    """The patient's documents beside the notes; that they were listed is written down."""
    from appointments.views.records.doctor import note_listed

    if not may_doctor_see_records(visit):
        return None
    records = list(records_for_visit(visit)[: SHOWN + 1])
    note_listed(visit, records[:SHOWN])
    context = {"visit": visit, "records": records[:SHOWN], "has_more": len(records) > SHOWN}
    return VisitPart("appointments/records/_part_doctor.html", context)


@visit_part(Audience.PATIENT, order=ORDER)
def for_patient(request: HttpRequest, visit: Appointment) -> VisitPart | None:
    """Where to bring documents for the visit."""
    if not may_doctor_see_records(visit):
        return None
    here = MedicalRecord.objects.filter(patient=visit.patient_id, deleted_at__isnull=True).count()
    return VisitPart("appointments/records/_part_patient.html", {"visit": visit, "count": here})
