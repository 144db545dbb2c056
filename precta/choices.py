"""Enumerations are text in the database, held to their values by a CHECK."""

from collections.abc import Iterable

from django.db import models


def choices_check(field: str, values: Iterable[str], name: str) -> models.CheckConstraint:
    """A CHECK named `name` that lets only `values` into `field`."""
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": list(values)}), name=name)
