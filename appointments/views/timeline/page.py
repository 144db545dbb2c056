"""What the timelines of the three audiences share: the filters in the URL, the pages, the way to print."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from accounts.models import Patient
from appointments.timeline.selectors import Asked, Entry, Timeline, timeline
from appointments.timeline.sources import EntryKind, sources
from appointments.views.doctor.days import read_day
from appointments.wall_clock import day_bounds, start_of_day
from clinics.models import Clinic
from precta.paging import asked_number, cut_page

PAGE_SIZE = 20
# One sheet of all: what is longer is narrowed by days first.
MOST_PRINTED = 500
Link = Callable[[Entry], str]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL asks for; anything it does not know counts as not asked."""

    kind: EntryKind | None
    person: Patient | None
    clinic: Clinic | None
    since: date | None
    until: date | None
    page: int
    is_whole: bool

    def query(self, **changed: str) -> str:
        """The query string of the same timeline with `changed` filters ("" takes one away), without the page."""
        asked = {
            "kind": self.kind.value if self.kind else "",
            "person": self.person.pk if self.person else "",
            "clinic": self.clinic.slug if self.clinic else "",
            "from": self.since.isoformat() if self.since else "",
            "to": self.until.isoformat() if self.until else "",
        } | changed
        return urlencode({name: value for name, value in asked.items() if value})

    @property
    def narrows(self) -> bool:
        return bool(self.query())

    def asked(self, may_see: Collection[EntryKind], tz: tzinfo) -> Asked:
        return Asked(
            kinds=[self.kind] if self.kind else list(may_see),
            since=start_of_day(self.since, tz) if self.since else None,
            before=day_bounds(self.until, 1, tz)[1] if self.until else None,
        )


def read_filters(
    request: HttpRequest, may_see: Collection[EntryKind], *, people: Sequence[Patient], clinics: Sequence[Clinic]
) -> Filters:
    asked = request.GET
    return Filters(
        kind=next((kind for kind in may_see if kind.value == asked.get("kind")), None),
        person=next((person for person in people if person.pk == asked.get("person")), None),
        clinic=next((clinic for clinic in clinics if clinic.slug == asked.get("clinic")), None),
        since=_day(asked.get("from")),
        until=_day(asked.get("to")),
        page=asked_number(asked.get("page", "")),
        is_whole=asked.get("all") == "1",
    )


def timeline_context(
    request: HttpRequest,
    *,
    people: Sequence[Patient],
    clinics: Sequence[Clinic],
    may_see: Collection[EntryKind],
    tz: tzinfo,
    link: Link,
    reader: str = "",
) -> dict[str, Any]:
    """The template's part that every timeline needs. `link` is where an entry leads, empty for nowhere."""
    filters = read_filters(request, may_see, people=people, clinics=clinics)
    who = [filters.person] if filters.person else people
    where = [filters.clinic] if filters.clinic else clinics
    size = MOST_PRINTED if filters.is_whole else PAGE_SIZE

    def read(first: int) -> tuple[list[tuple[Entry, str]], int, Timeline]:
        found = timeline(
            patients=[person.pk for person in who],
            clinics=where,
            may_see=may_see,
            asked=filters.asked(may_see, tz),
            reader=reader,
            first=first,
            size=size,
        )
        count = found.counts.get(filters.kind, 0) if filters.kind else sum(found.counts.values())
        return [(entry, link(entry)) for entry in found.entries], count, found

    page, found = cut_page(read, number=1 if filters.is_whole else filters.page, size=size)
    return {
        "filters": filters,
        "page": page,
        "page_query": filters.query(),
        "whole_query": filters.query(all="1"),
        "back_query": filters.query(),
        "total": page.paginator.count,
        "is_cut": filters.is_whole and page.paginator.count > size,
        "most_printed": MOST_PRINTED,
        "several_people": len(people) > 1,
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
        "kinds": [
            {
                "label": source.label,
                "icon": source.icon,
                "count": found.counts.get(source.kind, 0),
                "query": filters.query(kind=source.kind.value),
                "current": source.kind == filters.kind,
            }
            for source in sources()
            if source.kind in may_see
        ],
        "every_kind_query": filters.query(kind=""),
    }


def _day(raw: str | None) -> date | None:
    day = read_day(raw, date.min)
    return None if day == date.min else day
