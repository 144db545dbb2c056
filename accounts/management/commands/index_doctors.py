"""`manage.py index_doctors`: after a change of the words in accounts/specialties.py."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts.services.search_index import index_all


class Command(BaseCommand):
    help = "Write the search words of every doctor anew. Safe at any time; what changes by itself needs no command."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(self.style.SUCCESS(f"{index_all()} doctors are indexed."))
