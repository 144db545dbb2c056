"""A patient's history at this clinic, for a doctor who sees them. Who may: a verified doctor of this clinic with
a visit."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import Doctor
from appointments import selectors_workspace as selectors
from appointments.policies import SHOWS_RECORDS
from appointments.timeline.selectors import Entry
from appointments.timeline.sources import FOR_DOCTORS, EntryKind
from appointments.views.doctor.days import age_in_words
from appointments.views.doctor.guard import patients_workspace
from appointments.views.timeline.page import timeline_context
from appointments.wall_clock import local_date
from precta import clock
from precta.audit.services import record


@patients_workspace
@require_safe
def of_patient(request: HttpRequest, doctor: Doctor, patient_id: str) -> HttpResponse:
    """Their visits here, what was diagnosed and planned, prescriptions, and the documents not hidden from this doctor;
    of somebody who never came to this doctor the visits alone.

    Colleagues' notes show what the patient reads of them, never findings or private notes. Looking is in the trail.
    """
    patient = get_object_or_404(selectors.patients_of_doctor(doctor), pk=patient_id)
    record("patient.history_viewed", resource=patient)
    visits = selectors.visits_of_doctor(doctor).filter(patient=patient, status__in=SHOWS_RECORDS)
    through = visits.order_by("-scheduled_at").values_list("pk", flat=True).first()

    def page_of(entry: Entry) -> str:
        if entry.kind == EntryKind.RECORD:
            return reverse("appointments:doctor:record-file", args=[through, entry.id])
        if entry.doctor_id != doctor.pk:
            return ""
        if entry.kind == EntryKind.PRESCRIPTION:
            return reverse("pharmacy:patient:detail", args=[entry.id])
        if entry.kind == EntryKind.VISIT and entry.state not in selectors.SEEN_STATUSES:
            return ""  # the workspace has no page of it
        return reverse("appointments:doctor:visit", args=[entry.subject_id])

    context = timeline_context(
        request,
        people=[patient],
        clinics=[request.clinic],
        may_see=FOR_DOCTORS if through else [EntryKind.VISIT],
        tz=request.clinic.policy.tz,
        link=page_of,
        reader=doctor.pk,
    )
    today = local_date(clock.now(), request.clinic.policy.tz)
    context |= {"patient": patient, "age": age_in_words(patient.date_of_birth, today)}
    return render(request, "appointments/doctor/patient.html", context)
