"""What else stands on the platform's home page, registered by the apps that own it.

A part is drawn by its template, which finds its context as `part`. The home page is the busiest there is: a part may
cost one statement.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class HomePart:
    template: str
    context: dict[str, Any]


Maker = Callable[[], HomePart | None]

_makers: list[Maker] = []


def home_part(maker: Maker) -> Maker:
    """Register a part; None means that there is nothing to show."""
    if maker not in _makers:
        _makers.append(maker)
    return maker


def parts() -> list[HomePart]:
    return [part for part in (maker() for maker in _makers) if part is not None]
