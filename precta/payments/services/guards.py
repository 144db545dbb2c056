"""What every service here keeps to about transactions."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import OperationalError, transaction

T = TypeVar("T")
# Deadlock and serialisation failure: the other side has won, the same work then simply succeeds.
_PASSING = {"40P01", "40001"}


def forbid_transaction() -> None:
    """Raises RuntimeError inside a transaction: the provider may take ten seconds, and locks would be held as long."""
    with transaction.atomic(durable=True):
        pass


class SubjectMoved(Exception):
    """A payment came to pay for something else while its locks were taken."""


def retried(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """`work` in a transaction of its own, again when the first try met somebody else's."""
    try:
        return work(*args, **kwargs)
    except SubjectMoved:
        return work(*args, **kwargs)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) not in _PASSING:
            raise
        return work(*args, **kwargs)
