"""`manage.py create_clinic`: a clinic from the shell."""

from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinics.exceptions import SlugRefused
from clinics.services.creation import create_clinic
from precta.hosts import clinic_host, origin


class Command(BaseCommand):
    help = (
        "Create a clinic: its row, its own migrated schema, the host name <slug>.<platform host> and, with --owner, "
        "the owner's membership. Nothing is left behind when a step fails."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "slug",
            help="address name: small letters, digits, hyphens; it never changes",
        )
        parser.add_argument("name", help="the clinic's name as patients read it")
        parser.add_argument("--owner", metavar="EMAIL", help="an existing user who becomes the owner")
        parser.add_argument("--city", default="")
        parser.add_argument("--region", default="", help="county")
        parser.add_argument("--address", default="")
        parser.add_argument("--phone", default="")
        parser.add_argument("--email", default="")
        parser.add_argument(
            "--time-zone",
            default="Africa/Nairobi",
            help="IANA name (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["time_zone"] not in available_timezones():
            raise CommandError(f"No time zone is called {options['time_zone']}.")
        owner = None
        if options["owner"]:
            owner = get_user_model().objects.filter(email__iexact=options["owner"]).first()
            if owner is None:
                raise CommandError(f"No user has the e-mail {options['owner']}.")
        details = {key: options[key] for key in ("city", "region", "address", "phone", "email")}
        try:
            clinic = create_clinic(
                name=options["name"],
                slug=options["slug"],
                owner=owner,
                settings={"time_zone": options["time_zone"]},
                **details,
            )
        except SlugRefused as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(self.style.SUCCESS(f"{clinic.name}: {origin(clinic_host(clinic))}/"))
