"""One statement over the tables of several clinics' schemas."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import connection
from psycopg import sql

from clinics.models import Clinic

# What a branch may name beside {schema} and {clinic}, reckoned from its clinic.
Literals = Mapping[str, Callable[[Clinic], Any]]


def rows_across(
    clinics: Sequence[Clinic],
    *,
    branches: Sequence[str],
    whole: str,
    parameters: Mapping[str, Any],
    literals: Literals | None = None,
) -> list[dict[str, Any]]:
    """The rows of `whole`, by their columns' names, in one statement whatever the number of clinics (one at least).

    `whole` names {branches}: each of `branches` for each clinic, with UNION ALL between them. A branch is written for
    psycopg's `sql`: {schema} is the clinic's schema, {clinic} its id, any other name one of `literals`.
    """
    read = sql.SQL(" UNION ALL ").join(
        sql.SQL(branch).format(
            clinic=sql.Literal(clinic.pk),
            schema=sql.Identifier(clinic.schema_name),
            **{name: sql.Literal(of(clinic)) for name, of in (literals or {}).items()},
        )
        for clinic in clinics
        for branch in branches
    )
    connection.ensure_connection()
    statement = sql.SQL(whole).format(branches=read).as_string(connection.connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
