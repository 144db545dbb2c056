"""A patient's prescriptions over all clinics (platform host; patients only)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import Patient, Role
from accounts.selectors import patients_of
from appointments.selectors_across import clinics_of
from clinics.models import Clinic
from pharmacy.models import Prescription, PrescriptionState
from pharmacy.selectors_across import Issued, prescriptions_across
from pharmacy.services.papers import file_name, paper_of
from precta.access import role_required
from precta.audit.services import record
from precta.files.checks import PDF
from precta.files.responses import private_response
from precta.tenancy import clinic_context

PAGE_SIZE = 10


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL asks for; anything it does not know counts as not asked."""

    state: PrescriptionState
    person: Patient | None
    page: int

    def query(self, **changed: str) -> str:
        """The query string of the same list with `changed` filters ("" takes one away), without the page."""
        asked = {"state": self.state.value, "person": self.person.pk if self.person else ""} | changed
        return urlencode({name: value for name, value in asked.items() if value})


class Counted(Paginator):
    """A paginator over rows that the database has cut out already."""

    def __init__(self, rows: list[Issued], per_page: int, count: int) -> None:
        super().__init__(rows, per_page)
        self.__dict__["count"] = count  # stands in for the cached_property


@require_safe
@role_required(Role.PATIENT)
def prescriptions(request: HttpRequest) -> HttpResponse:
    """Every prescription of every clinic, suspended ones too."""
    people = list(patients_of(request.user))
    clinics = clinics_of(people)
    filters = _filters(request, people)
    page, counts = _page(filters, people, clinics)
    context: dict[str, Any] = {
        "page": page,
        "page_query": filters.query(),
        "state": filters.state.value,
        "several_people": len(people) > 1,
        "tabs": [
            {
                "label": state.label,
                "query": filters.query(state=state.value),
                "count": counts[state],
                "current": state == filters.state,
            }
            for state in PrescriptionState
        ],
        "people": [
            {"person": person, "query": filters.query(person=person.pk), "current": person == filters.person}
            for person in people
        ],
        "person": filters.person,
        "everyone_query": filters.query(person=""),
    }
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


def _filters(request: HttpRequest, people: list[Patient]) -> Filters:
    asked = request.GET
    states = {state.value: state for state in PrescriptionState}
    page = asked.get("page", "")
    return Filters(
        state=states.get(asked.get("state", ""), PrescriptionState.ACTIVE),
        person=next((person for person in people if person.pk == asked.get("person")), None),
        page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def _page(filters: Filters, people: list[Patient], clinics: list[Clinic]) -> tuple[Page, dict[PrescriptionState, int]]:
    """The asked page (the last one when there are fewer) and the counts of every state."""

    def read(number: int):
        return prescriptions_across(
            patients=[filters.person] if filters.person else people,
            clinics=clinics,
            state=filters.state,
            first=(number - 1) * PAGE_SIZE + 1,
            size=PAGE_SIZE,
        )

    number, found = filters.page, read(filters.page)
    count = found.counts[filters.state]
    last = max(1, -(-count // PAGE_SIZE))
    if number > last:
        number, found = last, read(last)
    return Page(found.rows, number, Counted(found.rows, PAGE_SIZE, count)), found.counts
