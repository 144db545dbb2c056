"""A patient's history in the clinic's admin: what the role may see of it. Who may: holders of `patients.view`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import ClinicPatient
from appointments.timeline.selectors import Entry
from appointments.timeline.sources import EntryKind
from appointments.views.desk.page import page
from appointments.views.timeline.page import timeline_context
from clinics.policies import can, capability_required, request_membership
from precta.audit.services import record

# What a role has to hold to see a kind. Notes and documents are between patients and their doctors.
NEEDS = {
    EntryKind.VISIT: "visits.view",
    EntryKind.PRESCRIPTION: "prescriptions.view",
    EntryKind.ORDER: "orders.view",
}
PAGES = {
    EntryKind.VISIT: "admin:appointments_appointment_change",
    EntryKind.PRESCRIPTION: "admin:pharmacy_prescription_change",
    EntryKind.ORDER: "admin:pharmacy_order_change",
}


@capability_required("patients.view")
@require_safe
def of_patient(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Looking is written into the clinic's trail."""
    links = ClinicPatient.objects.select_related("patient").filter(clinic=request.clinic.pk)
    link = get_object_or_404(links, patient_id=patient_id)
    record("patient.history_viewed", resource=link.patient, details={"where": "desk"})
    member = request_membership(request)
    context = timeline_context(
        request,
        people=[link.patient],
        clinics=[request.clinic],
        may_see=[kind for kind, capability in NEEDS.items() if can(member, capability)],
        tz=request.clinic.policy.tz,
        link=_page_of,
    )
    context |= {
        "title": _("History of %(name)s") % {"name": link.patient.full_name},
        "patient": link.patient,
        "back_url": reverse("admin:accounts_clinicpatient_change", args=[link.pk]),
    }
    return page(request, "timeline", context)


def _page_of(entry: Entry) -> str:
    return reverse(PAGES[entry.kind], args=[entry.id])
