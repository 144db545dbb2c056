"""A patient's documents at all clinics (platform host). Those of a suspended clinic are given out here."""

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.models import Role
from accounts.selectors import patients_of
from appointments.models import RecordType
from appointments.selectors_across import clinics_of
from appointments.selectors_records import records_for_patient_user
from appointments.selectors_records_across import RecordAcross, records_across
from appointments.views.records.files import file_response
from precta.access import role_required
from precta.paging import asked_number, cut_page
from precta.tenancy import clinic_context

PAGE_SIZE = 12


@require_safe
@role_required(Role.PATIENT)
def record_list(request: HttpRequest) -> HttpResponse:
    people = list(patients_of(request.user))
    clinics = clinics_of(people)
    asked = request.GET
    person = next((person for person in people if person.pk == asked.get("person")), None)
    clinic = next((clinic for clinic in clinics if clinic.slug == asked.get("clinic")), None)
    kind = asked.get("kind", "") if asked.get("kind", "") in RecordType.values else ""

    def read(first: int) -> tuple[list[RecordAcross], int, None]:
        rows, total = records_across(
            patients=[person] if person else people,
            clinics=[clinic] if clinic else clinics,
            kind=kind,
            first=first,
            size=PAGE_SIZE,
        )
        return rows, total, None

    page, _ = cut_page(read, number=asked_number(asked.get("page", "")), size=PAGE_SIZE)
    here = {"person": person.pk if person else "", "clinic": clinic.slug if clinic else "", "kind": kind}

    def query(**changed: str) -> str:
        return urlencode({name: value for name, value in (here | changed).items() if value})

    context = {
        "page": page,
        "page_query": query(),
        "is_filtered": any(here.values()),
        "several_people": len(people) > 1,
        "people": [{"person": p, "query": query(person=p.pk), "current": p == person} for p in people],
        "everyone_query": query(person=""),
        "everyone_current": person is None,
        "places": [{"clinic": c, "query": query(clinic=c.slug), "current": c == clinic} for c in clinics],
        "everywhere_query": query(clinic=""),
        "everywhere_current": clinic is None,
        "kinds": [{"label": k.label, "query": query(kind=k.value), "current": k.value == kind} for k in RecordType],
        "every_kind_query": query(kind=""),
        "every_kind_current": not kind,
        "open_clinics": [clinic for clinic in clinics if clinic.is_open],
    }
    return render(request, "appointments/me/records.html", context)


@require_safe
@role_required(Role.PATIENT)
def file(request: HttpRequest, clinic_id: str, record_id: str) -> StreamingHttpResponse:
    """From the platform's host because a suspended clinic's does not answer; its patients keep what is theirs.

    Read in the clinic's schema and written into its trail.
    """
    clinic = next((c for c in clinics_of(patients_of(request.user)) if c.pk == clinic_id), None)
    if clinic is None:
        raise Http404
    with clinic_context(clinic):
        record = get_object_or_404(records_for_patient_user(request.user), pk=record_id)
        return file_response(request, record)
