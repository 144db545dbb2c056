"""Logging: the schema on every line, and nothing that a patient typed."""

import logging
import re
import traceback
from collections.abc import Iterator
from types import TracebackType

from django.db import connection


class SchemaFilter(logging.Filter):
    """Adds `schema` to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.schema = getattr(connection, "schema_name", "-")
        return True


class TaskFilter(logging.Filter):
    """Celery names the exception in the line itself, message and all: only its class is left."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, dict) and "exc" in record.args:
            kind = record.exc_info[0] if record.exc_info else None
            record.args = {**record.args, "exc": kind.__name__ if kind else "an exception", "traceback": ""}
        return True


class LinkFilter(logging.Filter):
    """The address of an invitation is a key to it, and refused requests are logged with their address."""

    key = re.compile(r"(/join/staff/)[^/?\s]+")

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(self.key.sub(r"\1…", arg) if isinstance(arg, str) else arg for arg in record.args)
        return True


class CarefulFormatter(logging.Formatter):
    """Writes where an exception came from and what it is, never its message.

    Messages quote what failed: PostgreSQL the whole row, int() the text, a form what was typed. The class, the lines
    and, from the database, the SQLSTATE and the constraint's name are enough to find a fault.
    """

    def formatException(self, ei: tuple[type[BaseException] | None, BaseException | None, TracebackType | None]) -> str:
        parts = [_described(error) for error in _chain(ei[1])]
        return "\n-- then --\n".join(reversed(parts))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _described(error: BaseException) -> str:
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}"
    diag = getattr(error, "diag", None)
    facts = [fact for fact in (getattr(error, "sqlstate", None), getattr(diag, "constraint_name", None)) if fact]
    lines = "".join(traceback.format_tb(error.__traceback__))
    return f"{lines}{name}{' (' + ', '.join(facts) + ')' if facts else ''}"


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "schema": {"()": "precta.logs.SchemaFilter"},
        "task": {"()": "precta.logs.TaskFilter"},
        "link": {"()": "precta.logs.LinkFilter"},
    },
    "formatters": {
        "line": {
            "()": "precta.logs.CarefulFormatter",
            "format": "{asctime} {levelname} [{schema}] {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["schema", "task", "link"],
            "formatter": "line",
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        # They quote what stands in people's files; what is wrong with one is told to whoever brought it.
        "pypdf": {"level": "CRITICAL"},
        "PIL": {"level": "CRITICAL"},
    },
}
