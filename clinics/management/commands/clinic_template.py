"""`manage.py clinic_template`: the schema that new clinics are cloned from."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from clinics.schemas.template import TEMPLATE_SCHEMA, refresh_template


class Command(BaseCommand):
    help = (
        f"Bring {TEMPLATE_SCHEMA}, the schema that every new clinic is cloned from, up to the migrations of this code. "
        "migrate_schemas does this by itself and whoever creates a clinic looks again; after going back to older "
        "migrations, or when somebody changed the schema by hand, make it anew with --rebuild. It holds no data."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rebuild", action="store_true", help="drop it first and make it anew")

    def handle(self, *args: Any, **options: Any) -> None:
        done = refresh_template(rebuild=options["rebuild"])
        self.stdout.write(f"{TEMPLATE_SCHEMA}: {len(done)} migrations were missing" if done else "up to date")
