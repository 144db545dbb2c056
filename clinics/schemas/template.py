"""The schema that every new clinic is cloned from: a clinic's tables without a clinic.

It belongs to no tenant row, so it is in no list and no host leads to it. `migrate_schemas` brings it up to date right
after `public` (see `clinics.apps`), and whoever creates a clinic looks once more.
"""

from functools import cache

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from precta.tenancy import public_context

TEMPLATE_SCHEMA = "precta_template"
# One at a time: two that each hold a lock on a public table and want a stronger one would wait for each other.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('precta:clinic-schemas', 0))"


def lock_schemas() -> None:
    """Wait until no other transaction creates a clinic or changes the template; held until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)


def refresh_template(*, rebuild: bool = False) -> list[tuple[str, str]]:
    """Bring the template up to the migrations of this code; the migrations that were missing.

    One transaction: whoever creates a clinic meanwhile waits, and nothing is left when a migration fails. Migrations
    that the template has and this code has not (an older process during a deployment) are left alone; `rebuild` makes
    the template anew.
    """
    with public_context(), transaction.atomic():
        lock_schemas()
        with connection.cursor() as cursor:
            if rebuild:
                cursor.execute(f"DROP SCHEMA IF EXISTS {TEMPLATE_SCHEMA} CASCADE")
            missing = missing_migrations()
            if not missing:
                return []
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {TEMPLATE_SCHEMA}")
        migrate_schema(TEMPLATE_SCHEMA)
    return missing


def missing_migrations() -> list[tuple[str, str]]:
    """(app, name) of this code's migrations that the template has not seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"{TEMPLATE_SCHEMA}.django_migrations"])
        if cursor.fetchone()[0] is None:
            return sorted(_migrations_of_this_code())
        cursor.execute(f"SELECT app, name FROM {TEMPLATE_SCHEMA}.django_migrations")
        return sorted(_migrations_of_this_code() - set(cursor.fetchall()))


def migrate_schema(schema: str) -> None:
    """Run all migrations in `schema`, which exists; leaves the connection in public."""
    with public_context():
        call_command("migrate_schemas", tenant=True, schema_name=schema, interactive=False, verbosity=0)


@cache
def _migrations_of_this_code() -> frozenset[tuple[str, str]]:
    loader = MigrationLoader(None)
    return frozenset(loader.disk_migrations or ())
