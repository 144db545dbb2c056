"""Recognising which of our database constraints refused a row."""

from django.db import DatabaseError


def violated(error: DatabaseError, name: str) -> bool:
    """Whether `error` comes from the constraint `name` (or one whose name begins so).

    A prefix suffices: on a cluster the constraint's name carries a suffix and may reach us in the message only.
    """
    cause = error.__cause__
    reported = getattr(getattr(cause, "diag", None), "constraint_name", None) or ""
    return reported.startswith(name) or f'"{name}' in str(error)


def sqlstate(error: DatabaseError) -> str:
    """PostgreSQL's five characters, empty when the error did not come from the server."""
    return getattr(error.__cause__, "sqlstate", None) or ""
