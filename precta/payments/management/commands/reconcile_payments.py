"""`manage.py reconcile_payments`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django_tenants.utils import get_tenant_model

from precta.payments.services.reconciling import reconcile_payments, sweep_refunds
from precta.tenancy import clinic_context


class Command(BaseCommand):
    help = (
        "Ask the provider about every payment that is open and every refund that is due, clinic by clinic, and record "
        "the outcome. Beat asks about what is due each minute; run it by hand after an outage. Safe to repeat. Exits "
        "with 1 when the provider left a question unanswered."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clinic", metavar="SLUG", help="only this clinic (default: all, suspended ones too)")

    def handle(self, *args: Any, **options: Any) -> None:
        clinics = get_tenant_model().objects.order_by("slug")
        if options["clinic"]:
            clinics = clinics.filter(slug=options["clinic"])
            if not clinics.exists():
                raise CommandError(f"There is no clinic with the slug {options['clinic']}.")
        unanswered = 0
        for clinic in clinics:
            with clinic_context(clinic):
                done = reconcile_payments(all_open=True)
                done.refunds = sweep_refunds()
            counts = ", ".join(f"{name} {number}" for name, number in done.as_dict().items())
            self.stdout.write(f"{clinic.slug}: {counts}")
            unanswered += done.unanswered
        if unanswered:
            raise CommandError(f"The provider left questions unanswered: {unanswered}. Try again later.")
