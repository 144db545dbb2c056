"""What the lists of visits share: the filters in the URL, the pages, the people."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page
from django.http import HttpRequest

from accounts.models import Patient
from appointments.selectors_across import Visit, VisitKind, visits_across
from clinics.models import Clinic
from precta.paging import asked_number, cut_page

PAGE_SIZE = 10


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL asks for; anything it does not know counts as not asked."""

    kind: VisitKind
    person: Patient | None
    clinic: Clinic | None
    page: int

    def query(self, **changed: str) -> str:
        """The query string of the same list with `changed` filters ("" takes one away), without the page."""
        asked = {
            "when": self.kind.value,
            "person": self.person.pk if self.person else "",
            "clinic": self.clinic.slug if self.clinic else "",
        } | changed
        return urlencode({name: value for name, value in asked.items() if value})


def read_filters(request: HttpRequest, people: list[Patient], clinics: list[Clinic]) -> Filters:
    asked = request.GET
    kinds = {kind.value: kind for kind in VisitKind}
    return Filters(
        kind=kinds.get(asked.get("when", ""), VisitKind.COMING),
        person=next((person for person in people if person.pk == asked.get("person")), None),
        clinic=next((clinic for clinic in clinics if clinic.slug == asked.get("clinic")), None),
        page=asked_number(asked.get("page", "")),
    )


def page_of_visits(
    *, filters: Filters, people: list[Patient], clinics: list[Clinic]
) -> tuple[Page, dict[VisitKind, int]]:
    """The asked page (the last one when there are fewer) and the counts of every kind."""
    who = [filters.person] if filters.person else people
    where = [filters.clinic] if filters.clinic else clinics

    def read(first: int) -> tuple[list[Visit], int, dict[VisitKind, int]]:
        visits = visits_across(patients=who, clinics=where, kinds=[filters.kind], first=first, size=PAGE_SIZE)
        return visits.rows, visits.counts[filters.kind], visits.counts

    return cut_page(read, number=filters.page, size=PAGE_SIZE)


def list_context(filters: Filters, people: list[Patient], clinics: list[Clinic]) -> dict[str, Any]:
    """The template's part that every list of visits needs."""
    page, counts = page_of_visits(filters=filters, people=people, clinics=clinics)
    return {
        "page": page,
        "page_query": filters.query(),
        "filters": filters,
        "kind": filters.kind.value,
        "several_people": len(people) > 1,
        "tabs": {
            kind.value: {
                "query": filters.query(when=kind.value),
                "count": counts[kind],
                "current": kind == filters.kind,
            }
            for kind in VisitKind
        },
        "people": [
            {"person": person, "query": filters.query(person=person.pk), "current": person == filters.person}
            for person in people
        ],
        "everyone_query": filters.query(person=""),
        "places": [
            {"clinic": clinic, "query": filters.query(clinic=clinic.slug), "current": clinic == filters.clinic}
            for clinic in clinics
        ],
        "everywhere_query": filters.query(clinic=""),
    }
