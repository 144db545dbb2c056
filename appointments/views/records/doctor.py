"""A patient's documents beside a visit, for its doctor. What is hidden from this doctor, or deleted, is a 404."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import Doctor
from appointments.models import Appointment, MedicalRecord
from appointments.selectors_records import records_for_visit
from appointments.selectors_workspace import visits_of_doctor
from appointments.views.doctor.guard import patients_workspace
from appointments.views.records.files import file_response, preview_response
from precta.audit.services import record as note


@patients_workspace
@require_safe
def record_list(request: HttpRequest, doctor: Doctor, visit_id: str) -> HttpResponse:
    visit = _visit(doctor, visit_id)
    records = list(records_for_visit(visit))
    note_listed(visit, records)
    context = {"visit": visit, "records": records}
    return render(request, "appointments/records/of_visit.html", context)


@patients_workspace
@require_safe
def file(request: HttpRequest, doctor: Doctor, visit_id: str, record_id: str) -> StreamingHttpResponse:
    visit = _visit(doctor, visit_id)
    return file_response(request, _record(visit, record_id), visit=visit.pk)


@patients_workspace
@require_safe
def preview(request: HttpRequest, doctor: Doctor, visit_id: str, record_id: str) -> StreamingHttpResponse:
    visit = _visit(doctor, visit_id)
    return preview_response(request, _record(visit, record_id), visit=visit.pk)


def note_listed(visit: Appointment, records: list[MedicalRecord]) -> None:
    """A list of documents tells something by itself; an empty one does not."""
    if records:
        note("record.listed", resource=visit, details={"records": len(records)})


def _visit(doctor: Doctor, visit_id: str) -> Appointment:
    visit = get_object_or_404(visits_of_doctor(doctor), pk=visit_id)
    visit.doctor = doctor
    return visit


def _record(visit: Appointment, record_id: str) -> MedicalRecord:
    return get_object_or_404(records_for_visit(visit), pk=record_id)
