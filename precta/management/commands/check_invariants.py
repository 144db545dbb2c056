"""`manage.py check_invariants`: is the data what it must be?"""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import autodiscover_modules
from django_tenants.utils import get_tenant_model

from precta.invariants import INVARIANTS, Invariant, NotChecked
from precta.tenancy import clinic_context, public_context


class Command(BaseCommand):
    help = (
        "Check the invariants of docs/operations.md in the public schema and in every clinic, suspended ones "
        "included. Prints each broken one with the offending ids and exits with 1; exits with 0 when all hold. What "
        "cannot be checked because the payment provider does not answer is said, and is an error, too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clinic", metavar="SLUG", help="this clinic only")
        parser.add_argument(
            "--only",
            metavar="I1,I2",
            help="these invariants only; I4 asks the provider about every payment and runs only so",
        )
        parser.add_argument("--json", action="store_true", help="print {invariant: {schema: [ids]}} instead")

    def handle(self, *args: Any, **options: Any) -> None:
        autodiscover_modules("invariants")
        wanted = set(options["only"].split(",")) if options["only"] else None
        if wanted and (unknown := wanted - {item.number for item in INVARIANTS}):
            raise CommandError(f"No invariant is called {', '.join(sorted(unknown))}.")
        chosen = [
            item
            for item in sorted(INVARIANTS, key=lambda item: item.number)
            if (item.number in wanted if wanted is not None else not item.on_request)
        ]
        broken: dict[str, dict[str, list[str]]] = {}
        self.unchecked: dict[str, str] = {}
        with public_context():
            clinics = get_tenant_model().objects.order_by("slug")
            if options["clinic"]:
                clinics = clinics.filter(slug=options["clinic"])
                if not clinics.exists():
                    raise CommandError(f"There is no clinic with the slug {options['clinic']}.")
            else:
                self._run(chosen, "public", "public", broken)
            clinics = list(clinics)
        for clinic in clinics:
            with clinic_context(clinic):
                self._run(chosen, "clinic", clinic.schema_name, broken)
        if options["json"]:
            self.stdout.write(json.dumps(broken, indent=2))
        else:
            for item in chosen:
                found = broken.get(item.number, {})
                mark = self._mark(item.number, found)
                self.stdout.write(f"{item.number:4} {mark}  {item.says}")
                for schema, ids in found.items():
                    self.stdout.write(f"       {schema}: {', '.join(ids[:20])}{' …' if len(ids) > 20 else ''}")
        for number, why in self.unchecked.items():
            self.stderr.write(f"{number:4} not checked: {why}")
        if broken or self.unchecked:
            raise SystemExit(1)

    def _mark(self, number: str, found: dict[str, list[str]]) -> str:
        if found:
            return self.style.ERROR("broken")
        return self.style.WARNING("not checked") if number in self.unchecked else self.style.SUCCESS("holds")

    def _run(self, chosen: list[Invariant], where: str, schema: str, broken: dict[str, dict[str, list[str]]]) -> None:
        for item in chosen:
            # What did not answer for one clinic is not waited for at the next.
            if item.where not in {where, "both"} or item.number in self.unchecked:
                continue
            found = list(item.check())
            for why in [one for one in found if isinstance(one, NotChecked)][:1]:
                self.unchecked[item.number] = f"{schema}: {why}"
            if ids := [one for one in found if not isinstance(one, NotChecked)]:
                broken.setdefault(item.number, {}).setdefault(schema, []).extend(ids)
