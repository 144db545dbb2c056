"""What pgbench writes in the bench are rows that the tables take."""

import re

import pytest
from django.conf import settings
from django.db import connection

INSERTS = [
    pytest.param(table, set(columns.split(", ")), id=f"{name} {table}")
    for name in ("booking", "order")
    for table, columns in re.findall(
        r"INSERT INTO (\w+) \(([\w, ]+)\)", (settings.BASE_DIR / "bench" / f"{name}.sql").read_text()
    )
]
NEEDED = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'clinic_uzima' AND table_name = %s
  AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'
"""


@pytest.mark.django_db
@pytest.mark.parametrize(("table", "columns"), INSERTS)
def test_every_column_that_must_be_given_is_given(table, columns):
    with connection.cursor() as cursor:
        cursor.execute(NEEDED, [table])
        needed = {name for (name,) in cursor.fetchall()}
    assert needed and needed <= columns
