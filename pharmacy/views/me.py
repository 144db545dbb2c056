"""A patient's prescriptions over all clinics (platform host; patients only)."""

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import Role
from accounts.selectors import patients_of
from appointments.selectors_across import clinics_of
from pharmacy.models import Prescription, PrescriptionState
from pharmacy.selectors_across import prescriptions_across
from pharmacy.services.papers import file_name, paper_of
from pharmacy.views.own_list import own_list
from precta.access import role_required
from precta.audit.services import record
from precta.files.checks import PDF
from precta.files.responses import private_response
from precta.tenancy import clinic_context


@require_safe
@role_required(Role.PATIENT)
def prescriptions(request: HttpRequest) -> HttpResponse:
    """Every prescription of every clinic, suspended ones too."""
    context = own_list(request, states=PrescriptionState, first=PrescriptionState.ACTIVE, find=prescriptions_across)
    return render(request, "pharmacy/me/prescriptions.html", context)


@require_safe
@role_required(Role.PATIENT)
def pdf(request: HttpRequest, clinic_id: str, prescription_id: str) -> HttpResponseBase:
    """The paper of one of them. Here, because the host of a suspended clinic shows one page only."""
    people = list(patients_of(request.user))
    clinic = next((clinic for clinic in clinics_of(people) if clinic.pk == clinic_id), None)
    if clinic is None:
        raise Http404
    with clinic_context(clinic):
        rows = Prescription.objects.with_people().filter(patient_id__in=[person.pk for person in people])
        prescription = get_object_or_404(rows, pk=prescription_id)
        key = paper_of(prescription=prescription, clinic=clinic)
        record("prescription.paper_viewed", resource=prescription)
        response = private_response(key, name=file_name(prescription), content_type=PDF)
        # Read whole in here: a clinic's file opens in that clinic's schema only.
        response.streaming_content = [b"".join(response.streaming_content)]
    return response
