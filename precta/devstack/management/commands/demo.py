"""`manage.py demo`: the demo's data."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from precta.devstack.demo.build import SEED, build_demo, is_built


class Command(BaseCommand):
    help = (
        "Build the demo: 4 clinics, their doctors, patients and staff, and six weeks of visits to either side of "
        "today. Does nothing when the demo is there already."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=SEED, help="the same seed builds the same demo")

    def handle(self, *args: Any, **options: Any) -> None:
        if is_built():
            self.stdout.write("The demo is there already.")
            return
        build_demo(seed=options["seed"], say=lambda text: self.stdout.write(f"  {text}"))
        self.stdout.write(self.style.SUCCESS("The demo is ready."))
