"""An issued prescription and its paper (clinic host): for the patient's side, its doctor and those who dispense."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.selectors import patients_of
from clinics.policies import request_membership
from pharmacy.models import Prescription, PrescriptionState
from pharmacy.policies import Reader, reader_at
from pharmacy.selectors import readable_by
from pharmacy.selectors_orders import orders_of_prescription
from pharmacy.services.papers import file_name, paper_of
from pharmacy.states import today_at
from precta.access import login_required
from precta.audit.services import record
from precta.files.checks import PDF
from precta.files.responses import private_response

CONFLICT = 409


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def detail(request: HttpRequest, prescription_id: str) -> HttpResponse:
    """What stands in it. It takes no change: whoever sends one is told so beside it (409)."""
    reader, prescription = _asked(request, prescription_id)
    is_mine = reader.doctor is not None and prescription.doctor_id == reader.doctor.pk
    state = prescription.state(today_at(request.clinic))
    is_patients = reader.doctor is None and patients_of(request.user).filter(pk=prescription.patient_id).exists()
    is_sold = state == PrescriptionState.ACTIVE and request.clinic.policy.sells_medicines
    context = {
        "prescription": prescription,
        "state": state,
        "may_order": is_patients and is_sold,
        "orders": orders_of_prescription(prescription, request.user) if is_patients else [],
        "replacement": prescription.replacement,
        "replaces": prescription.replaces,
        "for_doctor": reader.doctor is not None or reader.is_staff,
        "may_replace": is_mine and prescription.appointment_id and prescription.replacement is None,
        "for_another": prescription.patient_id != request.user.pk,
    }
    record("prescription.viewed", resource=prescription)
    if request.method == "POST":
        context["refused"] = _("An issued prescription does not change. Its doctor can replace it by another one.")
        return render(request, _template(reader), context, status=CONFLICT)
    return render(request, _template(reader), context)


@require_safe
@login_required
def pdf(request: HttpRequest, prescription_id: str) -> HttpResponseBase:
    """The paper, decrypted as it goes out; drawn first when the task has not come to it yet."""
    _reader, prescription = _asked(request, prescription_id)
    key = paper_of(prescription=prescription, clinic=request.clinic)
    record("prescription.paper_viewed", resource=prescription)
    return private_response(key, name=file_name(prescription), content_type=PDF)


def _asked(request: HttpRequest, prescription_id: str) -> tuple[Reader, Prescription]:
    reader = reader_at(request.clinic, request.user, request_membership(request))
    prescription = get_object_or_404(readable_by(reader), pk=prescription_id)
    prescription.doctor.clinic = request.clinic
    return reader, prescription


def _template(reader: Reader) -> str:
    return "pharmacy/doctor/detail.html" if reader.doctor is not None else "pharmacy/patient/detail.html"
