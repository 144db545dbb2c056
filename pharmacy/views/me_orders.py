"""A patient's orders over all clinics (platform host; patients only)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Patient, Role
from accounts.selectors import patients_of
from appointments.selectors_across import clinics_of
from clinics.models import Clinic
from pharmacy.selectors_orders_across import Group, orders_across
from pharmacy.views.me import Counted
from precta.access import role_required

PAGE_SIZE = 10


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL asks for; anything it does not know counts as not asked."""

    group: Group
    person: Patient | None
    page: int

    def query(self, **changed: str) -> str:
        """The query string of the same list with `changed` filters ("" takes one away), without the page."""
        asked = {"state": self.group.value, "person": self.person.pk if self.person else ""} | changed
        return urlencode({name: value for name, value in asked.items() if value})


@require_safe
@role_required(Role.PATIENT)
def orders(request: HttpRequest) -> HttpResponse:
    """Every order of every clinic, suspended ones too."""
    people = list(patients_of(request.user))
    clinics = clinics_of(people)
    filters = _filters(request, people)
    page, counts = _page(filters, people, clinics)
    context: dict[str, Any] = {
        "page": page,
        "page_query": filters.query(),
        "group": filters.group.value,
        "several_people": len(people) > 1,
        "tabs": [
            {
                "label": group.label,
                "query": filters.query(state=group.value),
                "count": counts[group],
                "current": group == filters.group,
            }
            for group in Group
        ],
        "people": [
            {"person": person, "query": filters.query(person=person.pk), "current": person == filters.person}
            for person in people
        ],
        "person": filters.person,
        "everyone_query": filters.query(person=""),
    }
    return render(request, "pharmacy/me/orders.html", context)


def _filters(request: HttpRequest, people: list[Patient]) -> Filters:
    asked = request.GET
    groups = {group.value: group for group in Group}
    page = asked.get("page", "")
    return Filters(
        group=groups.get(asked.get("state", ""), Group.OPEN),
        person=next((person for person in people if person.pk == asked.get("person")), None),
        page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def _page(filters: Filters, people: list[Patient], clinics: list[Clinic]) -> tuple[Page, dict[Group, int]]:
    """The asked page (the last one when there are fewer) and the counts of every group."""

    def read(number: int):
        return orders_across(
            patients=[filters.person] if filters.person else people,
            clinics=clinics,
            group=filters.group,
            first=(number - 1) * PAGE_SIZE + 1,
            size=PAGE_SIZE,
        )

    number, found = filters.page, read(filters.page)
    count = found.counts[filters.group]
    last = max(1, -(-count // PAGE_SIZE))
    if number > last:
        number, found = last, read(last)
    return Page(found.rows, number, Counted(found.rows, PAGE_SIZE, count)), found.counts
