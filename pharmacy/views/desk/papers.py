"""What the pharmacy prints for an order: the pick list as a page, the labels as a PDF."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinics.policies import capability_required
from pharmacy import selectors_desk as selectors
from pharmacy.pdf.labels import draw_labels
from pharmacy.states import today_at
from pharmacy.views.desk.page import around, order_or_404, order_url, page
from precta import clock
from precta.audit.services import record
from precta.files.responses import drawn_pdf


@capability_required("orders.dispense")
@require_safe
def pick_list(request: HttpRequest, order_id: str) -> HttpResponse:
    """What to take from which shelf, to carry along."""
    order = order_or_404(request, order_id)
    record("order.pick_list_printed", resource=order)
    context = around(order, title=_("Pick list")) | {
        "lines": selectors.lines_of(order, today_at(request.clinic)),
        "is_delivery": selectors.is_delivery(order),
        "now": clock.now(),
    }
    return page(request, "pick_list", context)


@capability_required("orders.dispense")
@require_safe
def labels(request: HttpRequest, order_id: str) -> HttpResponse:
    """One label for each dispensed line, in the patient's language."""
    order = order_or_404(request, order_id)
    lines = [line for line in selectors.lines_of(order, today_at(request.clinic)) if line.given]
    if not lines:
        messages.info(request, _("Nothing is dispensed yet, so there is nothing to label."))
        return redirect(order_url(order))
    record("order.labels_printed", resource=order, details={"labels": len(lines)})
    return drawn_pdf(draw_labels(order, lines, request.clinic), name=f"labels-{order.number}.pdf")
