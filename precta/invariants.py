"""What must always be true of the data, as queries that return no row. `manage.py check_invariants` runs them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

Check = Callable[[], Iterable[str]]


class NotChecked(str):
    """What a check yields in place of an offender when the outside world that it asks does not answer: why."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Invariant:
    number: str
    says: str
    where: str  # "clinic": in every clinic's schema; "public": once
    check: Check
    on_request: bool = False  # asks the outside world: only when named


INVARIANTS: list[Invariant] = []


def invariant(number: str, says: str, *, where: str = "clinic", on_request: bool = False) -> Callable[[Check], Check]:
    """Register a check that yields the ids (with a word on why) of whatever breaks the rule.

    With `on_request` it runs only when it is named: it asks the outside world.
    """

    def register(check: Check) -> Check:
        INVARIANTS.append(Invariant(number, says, where, check, on_request))
        return check

    return register


def offenders(sql: str, *params: Any) -> list[str]:
    """The first column of each row that the query finds in the active schema."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        return [str(row[0]) for row in cursor.fetchall()]
