"""Logging: the schema and the request's path on every line, and nothing that a patient typed."""

import logging

from django.db import connection


class SchemaFilter(logging.Filter):
    """Adds `schema` to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.schema = getattr(connection, "schema_name", "-")
        return True


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"schema": {"()": "precta.logs.SchemaFilter"}},
    "formatters": {
        "line": {
            "format": "{asctime} {levelname} [{schema}] {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["schema"],
            "formatter": "line",
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
}
