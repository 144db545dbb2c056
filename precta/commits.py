"""What follows a commit and must not undo or hide it."""

from collections.abc import Callable
from typing import Any

from django.db import transaction


def after_commit(act: Callable[..., Any], *args: Any, **named: Any) -> None:
    """Call `act(*args, **named)` once the present transaction stands (at once outside one).

    When that fails, it is logged and the request goes on: what was committed is true, a sweep makes up for the rest.

    A `functools.partial` in its place breaks Django's own handling: it logs the hook's `__qualname__`, which a partial
    does not have, and the request ends with a 500 after the commit.
    """

    def act_then() -> None:
        act(*args, **named)

    act_then.__qualname__ = getattr(act, "__qualname__", repr(act))
    transaction.on_commit(act_then, robust=True)
