"""A list over all clinics of what is somebody's own or their wards', by state and person: orders and prescriptions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from django.http import HttpRequest

from accounts.models import Patient
from accounts.selectors import patients_of
from appointments.selectors_across import clinics_of
from precta.paging import asked_number, cut_page

PAGE_SIZE = 10


class Found(Protocol):
    """`rows` of one page, and how many there are in each state."""

    rows: list[Any]
    counts: dict[Any, int]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL asks for; anything it does not know counts as not asked."""

    state: Any
    person: Patient | None
    page: int

    @classmethod
    def read(cls, request: HttpRequest, states: Iterable[Any], first: Any, people: list[Patient]) -> "Filters":
        asked = request.GET
        known = {state.value: state for state in states}
        return cls(
            state=known.get(asked.get("state", ""), first),
            person=next((person for person in people if person.pk == asked.get("person")), None),
            page=asked_number(asked.get("page", "")),
        )

    def query(self, **changed: str) -> str:
        """The query string of the same list with `changed` filters ("" takes one away), without the page."""
        asked = {"state": self.state.value, "person": self.person.pk if self.person else ""} | changed
        return urlencode({name: value for name, value in asked.items() if value})


def own_list(request: HttpRequest, *, states: Any, first: Any, find: Callable[..., Found]) -> dict[str, Any]:
    """The context of the list: `states` is the enumeration of its tabs, `first` the one that opens.

    `find(patients=…, clinics=…, state=…, first=…, size=…)` reads one page. Past the end it is the last one.
    """
    people = list(patients_of(request.user))
    clinics = clinics_of(people)
    filters = Filters.read(request, states, first, people)

    def read(first: int) -> tuple[list[Any], int, Found]:
        who = [filters.person] if filters.person else people
        found = find(patients=who, clinics=clinics, state=filters.state, first=first, size=PAGE_SIZE)
        return found.rows, found.counts[filters.state], found

    page, found = cut_page(read, number=filters.page, size=PAGE_SIZE)
    return {
        "page": page,
        "page_query": filters.query(),
        "state": filters.state.value,
        "several_people": len(people) > 1,
        "tabs": [
            {
                "label": state.label,
                "query": filters.query(state=state.value),
                "count": found.counts[state],
                "current": state == filters.state,
            }
            for state in states
        ],
        "people": [
            {"person": person, "query": filters.query(person=person.pk), "current": person == filters.person}
            for person in people
        ],
        "person": filters.person,
        "everyone_query": filters.query(person=""),
    }
