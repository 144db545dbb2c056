"""What stands on a person's first page beside their visits: each part is registered by whoever owns it.

Apps to the right add theirs without this app knowing them. A part is drawn by its template, which finds its context as
`part`; it is handed the latest past visits of the page, of the person's own clinics.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from appointments.selectors_across import Visit


@dataclass(frozen=True, slots=True)
class HomePart:
    template: str
    context: dict[str, Any]


Maker = Callable[[HttpRequest, Sequence[Visit]], HomePart | None]

_makers: list[tuple[int, str, Maker]] = []


def home_part(*, order: int) -> Callable[[Maker], Maker]:
    """Register a part; lower orders stand first."""

    def register(maker: Maker) -> Maker:
        entry = (order, f"{maker.__module__}.{maker.__qualname__}", maker)
        if entry not in _makers:
            _makers.append(entry)
            _makers.sort(key=lambda found: found[:2])
        return maker

    return register


def parts_of(request: HttpRequest, lately: Sequence[Visit]) -> list[HomePart]:
    """The parts that have something to show to this person."""
    made = (maker(request, lately) for _order, _name, maker in _makers)
    return [part for part in made if part is not None]
