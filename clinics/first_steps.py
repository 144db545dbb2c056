"""What whoever runs a new clinic does first, on the first page of its administration: a registry of steps.

The list goes away when all is done, and a month after the clinic came into being in any case.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest

from clinics.policies import RUNS_IT, request_membership
from precta import clock

SHOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Step:
    label: str
    note: str
    url: str
    is_done: bool


Line = Callable[[HttpRequest], Step | None]
_steps: list[tuple[int, str, Line]] = []


def first_step(*, order: int) -> Callable[[Line], Line]:
    """Register a step; it may ask the database once, and returns None where it means nothing."""

    def register(line: Line) -> Line:
        entry = (order, f"{line.__module__}.{line.__qualname__}", line)
        if entry not in _steps:
            _steps.append(entry)
            _steps.sort(key=lambda known: known[:2])
        return line

    return register


def first_steps(request: HttpRequest) -> list[Step]:
    """All steps in their order, done ones too; none when there is nothing left, or for who does not run the clinic."""
    clinic, membership = request.clinic, request_membership(request)  # type: ignore[attr-defined]
    if membership is None or membership.role not in RUNS_IT or clinic.created_at < clock.now() - SHOWN_FOR:
        return []
    found = [step for _order, _name, line in _steps if (step := line(request)) is not None]
    return found if not all(step.is_done for step in found) else []
