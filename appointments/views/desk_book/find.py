"""Whom the visit is for: a patient of this clinic, or a new one. Who may: the capabilities `visits.book` and, to add
somebody, `patients.link`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.exceptions import PossibleTwin
from accounts.forms.desk import NewPatientForm
from accounts.services.desk_patients import add_patient
from appointments.forms.booking import as_written_at_home
from appointments.selectors_desk import find_patients
from appointments.views.desk_book.frame import BAD, CONFLICT, address, asked_time, page, proof_of
from clinics.policies import capability_required
from precta import clock
from precta.text import printable

LONGEST_SEARCH = 60
MOST_TWINS_SEEN = 20


@capability_required("visits.book")
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """GET `q`: this clinic's patients by name or phone; htmx asks for the list alone while one types."""
    words = printable(request.GET.get("q", "")[:LONGEST_SEARCH])
    carried = asked_time(request)
    found = find_patients(request.clinic, words, now=clock.now()) if words else None
    context = {
        "title": _("Book a visit"),
        "words": words,
        "carried": carried,
        "found": [(row, address("admin:appointments_desk_book_details", carried, row.link.patient_id)) for row in found]
        if found is not None
        else None,
        "new_url": address("admin:appointments_desk_book_new", carried),
        "link_url": address("admin:appointments_desk_book_link", carried),
    }
    return page(request, "_found" if request.htmx else "find", context)


@capability_required("patients.link")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A patient whom the portal does not know: made with the consent that the desk has heard."""
    carried = asked_time(request)
    phone = proof_of(request).phone
    initial = {"language": request.LANGUAGE_CODE, "phone": as_written_at_home(phone) if "known" in request.GET else ""}
    form = NewPatientForm(request.POST if request.method == "POST" else None, clinic=request.clinic, initial=initial)
    twins = []
    status = 200
    if request.method == "POST":
        status = BAD
        if form.is_valid():
            data = form.cleaned_data
            try:
                patient = add_patient(
                    clinic=request.clinic,
                    by=request.user,
                    first_name=data["first_name"],
                    last_name=data["last_name"],
                    date_of_birth=data["date_of_birth"],
                    phone=data["phone"],
                    language=data["language"],
                    twins_seen=request.POST.getlist("twin")[:MOST_TWINS_SEEN],
                )
            except PossibleTwin as error:
                twins, status = error.twins, CONFLICT
            else:
                return redirect(address("admin:appointments_desk_book_details", carried, patient.pk))
    context = {
        "title": _("New patient"),
        "form": form,
        "carried": carried,
        "twins": [(twin, address("admin:appointments_desk_book_details", carried, twin.pk)) for twin in twins],
        "back": address("admin:appointments_desk_book", carried),
    }
    return page(request, "new", context, status=status)
