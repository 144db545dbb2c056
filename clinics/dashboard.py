"""What waits for whom, on the first page of the two admin sites: a registry that each app adds its own lines to.

An app's lines stand in its `waits.py`, which is imported when the apps are ready. All lines of a page together
stay under 15 statements, so that it opens at once in the morning (tests/clinics/test_dashboard.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from django.http import HttpRequest

Site = Literal["platform", "clinic"]
Tone = Literal["", "brand", "ok", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Wait:
    """`count` things of one kind wait behind `url`; `note` says more in a few words, such as the age of the oldest."""

    label: str
    count: int
    url: str
    tone: Tone = ""
    note: str = ""


Line = Callable[[HttpRequest], Wait | None]

_lines: dict[Site, list[tuple[int, str, Line]]] = {"platform": [], "clinic": []}


def waits(site: Site, *, order: int = 100) -> Callable[[Line], Line]:
    """Register a line. It returns None for who may not see it, and a count of 0 when nothing waits."""

    def register(line: Line) -> Line:
        entry = (order, f"{line.__module__}.{line.__qualname__}", line)
        if entry not in _lines[site]:
            _lines[site].append(entry)
            _lines[site].sort(key=lambda known: known[:2])
        return line

    return register


def lines_for(request: HttpRequest, site: Site) -> list[Wait]:
    """The lines that this person sees, in their order, those without anything to do included."""
    return [wait for _order, _name, line in _lines[site] if (wait := line(request)) is not None]
