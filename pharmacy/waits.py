"""The pharmacy's lines of the dashboard; its parts register themselves."""

from pharmacy import catalogue_waits, desk_waits  # noqa: F401
