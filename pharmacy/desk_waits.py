"""Lines of the clinic's dashboard about orders: by whom they wait, and for how long."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from clinics.dashboard import Wait, waits
from clinics.policies import can, request_membership
from pharmacy.selectors_desk import WARN_AFTER
from pharmacy.waiting import counts
from precta import clock


def _tab(name: str) -> str:
    return reverse("admin:pharmacy_desk") + f"?tab={name}"


@waits("clinic", order=32)
def to_prepare(request: HttpRequest) -> Wait | None:
    if not can(request_membership(request), "orders.view"):
        return None
    found, now = counts(request), clock.now()
    oldest, note, tone = found.oldest, "", "brand"
    if oldest is not None and oldest < now:
        note = _("the oldest since %(age)s") % {"age": timesince(oldest, now, depth=1)}
        tone = "warn" if now - oldest >= WARN_AFTER else "brand"
    return Wait(_("Orders to prepare"), found.placed, _tab("prepare"), tone, note)  # type: ignore[arg-type]


@waits("clinic", order=34)
def being_prepared(request: HttpRequest) -> Wait | None:
    if not can(request_membership(request), "orders.view"):
        return None
    return Wait(_("Orders being prepared"), counts(request).processing, _tab("preparing"), "brand")


@waits("clinic", order=36)
def waiting_for_answers(request: HttpRequest) -> Wait | None:
    if not can(request_membership(request), "orders.view"):
        return None
    return Wait(_("Orders that wait for a patient's answer"), counts(request).asked, _tab("preparing"), "warn")
