"""Lines of the clinic's dashboard: what the pharmacy runs out of, and what runs out of date."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.dashboard import Wait, waits
from clinics.first_steps import Step, first_step
from clinics.policies import can, request_membership
from pharmacy.waiting import counts


def _keeps_it(request: HttpRequest) -> bool:
    sells = request.clinic.policy.sells_medicines  # type: ignore[attr-defined]
    return sells and can(request_membership(request), "pharmacy.catalogue")


@waits("clinic", order=60)
def low_stock(request: HttpRequest) -> Wait | None:
    if not _keeps_it(request):
        return None
    url = reverse("admin:pharmacy_medicine_changelist") + "?stock=low"
    return Wait(_("Medicines that are low or sold out"), counts(request).low, url, "warn")


@waits("clinic", order=61)
def batches_that_end(request: HttpRequest) -> Wait | None:
    if not _keeps_it(request):
        return None
    url = reverse("admin:pharmacy_medicine_changelist") + "?expiry=60"
    return Wait(_("Batches that expire within 60 days"), counts(request).ending, url, "warn")


@first_step(order=60)
def catalogue(request: HttpRequest) -> Step | None:
    if not _keeps_it(request):
        return None
    return Step(
        _("Fill the pharmacy's catalogue"),
        _("Import your list as a CSV file, or add the medicines one by one. Patients can order what is on sale."),
        reverse("admin:pharmacy_medicine_import"),
        counts(request).has_catalogue,
    )
