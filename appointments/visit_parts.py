"""What belongs on a visit's pages beside the visit itself: each part is registered by whoever owns it.

Apps to the right (prescriptions, orders) add theirs without this app knowing them. A part is drawn by its template,
which finds its context as `part`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.http import HttpRequest

from appointments.models import Appointment


class Audience(StrEnum):
    DOCTOR = "doctor"  # the encounter page in the workspace
    PATIENT = "patient"  # the patient's own page of the visit


@dataclass(frozen=True, slots=True)
class VisitPart:
    template: str
    context: dict[str, Any]


Maker = Callable[[HttpRequest, Appointment], VisitPart | None]

_makers: dict[Audience, list[tuple[int, str, Maker]]] = {audience: [] for audience in Audience}


def visit_part(audience: Audience, *, order: int) -> Callable[[Maker], Maker]:
    """Register a part of the pages for `audience`; lower orders stand first. The caller has checked who asks."""

    def register(maker: Maker) -> Maker:
        entry = (order, f"{maker.__module__}.{maker.__qualname__}", maker)
        if entry not in _makers[audience]:
            _makers[audience].append(entry)
            _makers[audience].sort(key=lambda found: found[:2])
        return maker

    return register


def parts_of(request: HttpRequest, visit: Appointment, audience: Audience) -> list[VisitPart]:
    """The parts that have something to show for this visit."""
    made = (maker(request, visit) for _order, _name, maker in _makers[audience])
    return [part for part in made if part is not None]
