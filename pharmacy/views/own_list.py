"""A list over all clinics of what is somebody's own or their wards', by state and person: orders and prescriptions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

from accounts.models import Patient
from accounts.selectors import patients_of
from appointments.selectors_across import clinics_of

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
        page = asked.get("page", "")
        return cls(
            state=known.get(asked.get("state", ""), first),
            person=next((person for person in people if person.pk == asked.get("person")), None),
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
        )

    def query(self, **changed: str) -> str:
        """The query string of the same list with `changed` filters ("" takes one away), without the page."""
        asked = {"state": self.state.value, "person": self.person.pk if self.person else ""} | changed
        return urlencode({name: value for name, value in asked.items() if value})


class Counted(Paginator):
    """A paginator over rows that the database has cut out already."""

    def __init__(self, rows: list[Any], per_page: int, count: int) -> None:
        super().__init__(rows, per_page)
        self.__dict__["count"] = count  # stands in for the cached_property


def own_list(request: HttpRequest, *, states: Any, first: Any, find: Callable[..., Found]) -> dict[str, Any]:
    """The context of the list: `states` is the enumeration of its tabs, `first` the one that opens.

    `find(patients=…, clinics=…, state=…, first=…, size=…)` reads one page. Past the end it is the last one.
    """
    people = list(patients_of(request.user))
    clinics = clinics_of(people)
    filters = Filters.read(request, states, first, people)

    def read(number: int) -> Found:
        return find(
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
    return {
        "page": Page(found.rows, number, Counted(found.rows, PAGE_SIZE, count)),
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
