"""`manage.py reset_second_factor`: for the platform admin whom no other admin can help."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.services.users import reset_second_factor


class Command(BaseCommand):
    help = (
        "Take the second factor and the recovery codes off an account, end all its sessions and tell the person. They "
        "sign in with the password and set up a new one. The other admins do the same on the person's page."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--reason", required=True, help="how you know who asked; goes into the audit trail")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"No user has the e-mail {options['email']}.")
        if not reset_second_factor(user=user, by=None, reason=options["reason"]):
            raise CommandError("There is no second factor to reset.")
        self.stdout.write(self.style.SUCCESS("The second factor is reset; every session of the account has ended."))
