"""Writing one new row at the price of its statement.

A booking inserts four rows. For each of them the ORM builds the same sentence anew, which takes longer than PostgreSQL
needs to carry it out; here it is built once for each model.
"""

from functools import cache
from typing import NamedTuple, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


class _Insert(NamedTuple):
    sql: str
    written: tuple[models.Field, ...]
    returned: tuple[models.Field, ...]


def insert(row: Row) -> Row:
    """Insert `row`, a new instance, into the active schema; defaults, `auto_now_add` and generated columns are filled.

    As `row.save(force_insert=True)`, but no signal is sent. Raises what the database raises.
    """
    statement = _statement(type(row))
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in statement.written]
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, values)
        if statement.returned:
            for field, value in zip(statement.returned, cursor.fetchone(), strict=True):
                setattr(row, field.attname, value)
    row._state.adding = False
    row._state.db = connection.alias
    return row


@cache
def _statement(model: type[models.Model]) -> _Insert:
    written = tuple(field for field in model._meta.concrete_fields if not field.generated)
    returned = tuple(field for field in model._meta.concrete_fields if field.generated)
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in written)
    sql = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({', '.join(['%s'] * len(written))})"  # noqa: S608
    if returned:
        sql += " RETURNING " + ", ".join(quote(str(field.column)) for field in returned)
    return _Insert(sql, written, returned)
