"""The doctor's patients at this clinic. Who may: a verified doctor of this clinic."""

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Doctor
from appointments import selectors_workspace as selectors
from appointments.views.doctor.guard import patients_workspace

PAGE_SIZE = 25
LONGEST_SEARCH = 60


@patients_workspace
@require_safe
def patients(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    search = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    page = Paginator(selectors.patients_of_doctor(doctor, search=search), PAGE_SIZE).get_page(request.GET.get("page"))
    last = selectors.last_visits(doctor, [patient.pk for patient in page.object_list])
    context = {
        "page": page,
        "rows": [(patient, last[patient.pk]) for patient in page.object_list],
        "q": search,
        "query": urlencode({"q": search}) if search else "",
    }
    return render(request, "appointments/doctor/patients.html", context)
