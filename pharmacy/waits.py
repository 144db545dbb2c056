"""The pharmacy's lines of the dashboards; its parts register themselves."""

from pharmacy import catalogue_waits  # noqa: F401
