"""What belongs on a doctor's public profile beside the doctor: each part is registered by whoever owns it.

Apps to the right (reviews) add theirs without this one knowing them. A part is drawn by its template, which finds its
context as `part`; it neither reads nor starts a session, as the profile does not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from accounts.models import Doctor


@dataclass(frozen=True, slots=True)
class ProfilePart:
    """`css` is the static file of its style, if it has one."""

    template: str
    context: dict[str, Any]
    css: str = ""


Maker = Callable[[HttpRequest, Doctor], ProfilePart | None]

_makers: list[tuple[int, str, Maker]] = []


def profile_part(*, order: int) -> Callable[[Maker], Maker]:
    """Register a part; lower orders stand first. The doctor is one whom anybody may see."""

    def register(maker: Maker) -> Maker:
        entry = (order, f"{maker.__module__}.{maker.__qualname__}", maker)
        if entry not in _makers:
            _makers.append(entry)
            _makers.sort(key=lambda found: found[:2])
        return maker

    return register


def parts_of(request: HttpRequest, doctor: Doctor) -> list[ProfilePart]:
    """The parts that have something to show for this doctor."""
    made = (maker(request, doctor) for _order, _name, maker in _makers)
    return [part for part in made if part is not None]
