"""`manage.py rotate_file_keys`: put keys of files under new ones."""

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django_tenants.utils import get_public_schema_name, get_tenant_model

from precta.files.exceptions import FileUnreadable
from precta.files.keys import masters
from precta.files.rotation import rotate
from precta.tenancy import public_context

HELP = """\
Change the keys under which private files are encrypted. Safe while the portal runs, may be broken off at any
moment and run again: every file opens all the time.

Each file has a key of its own; a key of its clinic wraps it (table files_filekey); a master key of FILES_KEY
wraps that.

To change the master key:
  1. openssl rand -hex 32, put the new key before the old one in FILES_KEY with a comma between, restart.
  2. manage.py rotate_file_keys
     Wraps the keys of all clinics and of the platform under the first master. Only rows change: quick.
  3. When it ends without an error, take the old key out of FILES_KEY and restart.

To change the clinics' own keys as well (a database and a master may have been read by somebody):
  manage.py rotate_file_keys --new-keys [--clinic SLUG]
     Makes a new key and puts every file under it: the first 72 bytes of each are written anew, so it takes as
     long as copying the store. Files of the first format (sealed by the master itself) become new ones on the
     way; while such files exist, the old master must stay. The older key is retired, and removed by a run an
     hour or more later, when no file needs it.

A run without --new-keys finishes what an earlier one with it began. Exits with 1 when a key or a file does not
open."""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--new-keys", action="store_true", help="also make new keys and put all files under them")
        parser.add_argument("--clinic", metavar="SLUG", help='this clinic only; "public" for the platform\'s own files')

    def handle(self, *args: Any, **options: Any) -> None:
        masters()
        broken = False
        for schema in self._schemas(options["clinic"]):
            try:
                done = rotate(schema, new_key=options["new_keys"])
            except FileUnreadable as error:
                broken = True
                self.stdout.write(self.style.ERROR(f"{schema}: a key does not open: {error}"))
                continue
            broken = broken or bool(done.unreadable)
            self.stdout.write(
                f"{schema}: {done.keys} keys rewrapped, {done.files} files put under the active key, "
                f"{done.removed} retired keys removed, {done.retired} kept for now"
            )
            if done.unreadable:
                self.stdout.write(self.style.ERROR(f"{schema}: {done.unreadable} files do not open"))
        if broken:
            raise SystemExit(1)

    def _schemas(self, slug: str | None) -> list[str]:
        public = get_public_schema_name()
        if slug == public:
            return [public]
        with public_context():
            clinics = get_tenant_model().objects.order_by("slug")
            if slug:
                clinics = clinics.filter(slug=slug)
            schemas = list(clinics.values_list("schema_name", flat=True))
        if slug and not schemas:
            raise CommandError(f"No clinic has the slug {slug}.")
        return schemas if slug else [public, *schemas]
