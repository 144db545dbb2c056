"""The addresses that search engines should know, in sections: each is registered by the app that owns the pages.

A section is counted and read in parts, so that one of a hundred thousand addresses is never in memory as a whole.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple

# A site map may hold 50,000 addresses and 50 MB.
MOST = 49_000


class Address(NamedTuple):
    """An absolute address and, where it is known, when the page last changed (UTC)."""

    url: str
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """`read(start, number)` gives the addresses from `start` on, always in the same order."""

    name: str
    count: Callable[[], int]
    read: Callable[[int, int], Iterable[Address]]


_sections: dict[str, Section] = {}


def register(section: Section) -> None:
    """Add the pages of an app to the site map. They follow those that were registered before."""
    _sections[section.name] = section


def total() -> int:
    return sum(section.count() for section in _sections.values())


def part(number: int) -> Iterator[Address]:
    """The addresses of one site map: `number` from 1, each of at most MOST."""
    start, wanted = (number - 1) * MOST, MOST
    for section in _sections.values():
        count = section.count()
        if start >= count:
            start -= count
            continue
        taken = min(wanted, count - start)
        yield from islice(section.read(start, taken), taken)
        wanted -= taken
        start = 0
        if not wanted:
            return
