"""One order at the pharmacy's desk: its page, and what moves it on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.timesince import timesince
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.policies import can, capability_required, request_membership
from pharmacy import selectors_desk as selectors
from pharmacy.exceptions import OrderRefundChanged, PrescriptionReplaced
from pharmacy.forms.desk import LONGEST_DIRECTIONS, CourierForm, HandOverForm, ReasonForm
from pharmacy.models import OPEN_STATUSES, Order, OrderStatus
from pharmacy.selectors_stopped import is_stopped
from pharmacy.services import desk
from pharmacy.services.order_changes import cancel_order
from pharmacy.states import today_at
from pharmacy.views.desk.page import BAD, CONFLICT, REFUSALS, around, do, order_or_404, order_url, page, why
from precta import clock
from precta.audit.services import record
from precta.text import printable


@dataclass(frozen=True, slots=True)
class Refused:
    """What was typed at a line and why it was not done."""

    item_id: str
    says: str
    typed: Mapping[str, str]


@capability_required("orders.view")
@require_safe
def order(request: HttpRequest, order_id: str) -> HttpResponse:
    """The pick list with everything that stands beside it; who looked is kept in the trail."""
    return order_page(request, order_or_404(request, order_id))


def order_page(
    request: HttpRequest, found: Order, *, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    """The page of the order; what was `refused` stands at its line, with what was typed there."""
    now = clock.now()
    lines = selectors.lines_of(found, today_at(request.clinic))
    if refused is not None:
        _show_again(lines, refused)
    member = request_membership(request)
    refunds = selectors.refunds_of(found)
    since = selectors.waits_since(found)
    is_open = found.status in OPEN_STATUSES
    is_prepared = found.status == OrderStatus.PROCESSING
    may_dispense = can(member, "orders.dispense")
    context = around(found, title=_("Order %(number)s") % {"number": found.number}) | {
        "lines": lines,
        "age": timesince(since, now, depth=1) if since is not None and since < now else "",
        "late": selectors.lateness(found, now),
        "is_delivery": selectors.is_delivery(found),
        "is_open": is_open,
        "is_prepared": is_prepared,
        "is_complete": all(line.is_done and line.asked is None and not line.is_stopped for line in lines),
        "is_stopped": any(line.is_stopped for line in lines),
        "has_given": any(line.given for line in lines),
        "asked": sum(line.asked is not None for line in lines),
        "may_dispense": may_dispense,
        "label_language": get_language_info(found.patient.preferred_language)["name_translated"],
        "longest_directions": LONGEST_DIRECTIONS,
        "may_cancel": can(member, "orders.cancel"),
        "payments": selectors.payments_of(found),
        "refunds": refunds,
        "given_back": selectors.given_back(refunds),
    }
    record("order.viewed", resource=found)
    if found.prescription_id:
        record("prescription.viewed", resource=("prescription", found.prescription_id), details={"order": found.pk})
    return page(request, "order", context, status=status)


def _show_again(lines: list[selectors.Line], refused: Refused) -> None:
    for line in lines:
        if line.item.pk == refused.item_id:
            line.refusal = refused.says
            line.directions = refused.typed.get("directions", line.directions)
            for offer in line.offers:
                offer.typed = printable(refused.typed.get(f"batch-{offer.batch.pk}", "")[:6])


@capability_required("orders.dispense")
@require_POST
def begin(request: HttpRequest, order_id: str) -> HttpResponse:
    found = order_or_404(request, order_id)
    return do(
        request,
        found,
        lambda: desk.begin(order=found, by_user=request.user),
        _("You are preparing this order. The patient is told."),
    )


@capability_required("orders.dispense")
@require_http_methods(["GET", "HEAD", "POST"])
def dispatch(request: HttpRequest, order_id: str) -> HttpResponse:
    """Asks once: who brings it, or whether it may be collected now. It cannot be taken back."""
    found = order_or_404(request, order_id)
    if found.status != OrderStatus.PROCESSING or not desk.is_complete(found):
        return _not_now(request, found)
    if is_stopped(found):
        messages.error(request, why(PrescriptionReplaced()))
        return redirect(order_url(found))
    is_delivery = selectors.is_delivery(found)
    form = CourierForm(request.POST if request.method == "POST" else None) if is_delivery else None
    if request.method == "POST" and (form is None or form.is_valid()):
        courier = form.cleaned_data if form is not None else {}
        done = (
            _("It is on its way, and the patient is told.")
            if is_delivery
            else _("The patient is told that it is ready.")
        )
        return do(request, found, lambda: desk.dispatch(order=found, by_user=request.user, **courier), done)
    title = _("Send it off") if is_delivery else _("Ready to collect")
    context = around(found, title=title) | {"form": form, "is_delivery": is_delivery}
    return page(request, "dispatch", context, status=BAD if form is not None and form.errors else 200)


@capability_required("orders.dispense")
@require_http_methods(["GET", "HEAD", "POST"])
def courier(request: HttpRequest, order_id: str) -> HttpResponse:
    """Another courier, or their right number, while it is on its way."""
    found = order_or_404(request, order_id)
    if found.status != OrderStatus.DISPATCHED or not selectors.is_delivery(found):
        return _not_now(request, found)
    now = {"courier_name": found.courier_name, "courier_phone": found.courier_phone}
    form = CourierForm(request.POST if request.method == "POST" else None, initial=now)
    if request.method == "POST" and form.is_valid():
        return do(
            request,
            found,
            lambda: desk.correct_courier(order=found, by_user=request.user, **form.cleaned_data),
            _("The courier is corrected. The patient sees it with the order."),
        )
    context = around(found, title=_("Correct the courier")) | {"form": form, "is_delivery": True, "is_correction": True}
    return page(request, "dispatch", context, status=BAD if form.errors else 200)


@capability_required("orders.dispense")
@require_http_methods(["GET", "HEAD", "POST"])
def deliver(request: HttpRequest, order_id: str) -> HttpResponse:
    found = order_or_404(request, order_id)
    if found.status != OrderStatus.DISPATCHED:
        return _not_now(request, found)
    form = HandOverForm(
        request.POST if request.method == "POST" else None, initial={"received_by": found.patient.full_name}
    )
    if request.method == "POST" and form.is_valid():
        return do(
            request,
            found,
            lambda: desk.deliver(order=found, by_user=request.user, **form.cleaned_data),
            _("It is noted as handed over."),
        )
    context = around(found, title=_("Hand it over")) | {"form": form, "is_delivery": selectors.is_delivery(found)}
    return page(request, "deliver", context, status=BAD if form.errors else 200)


@capability_required("orders.cancel")
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, order_id: str) -> HttpResponse:
    """Says what goes back and that dispensed packs return to the shelf, then asks once. What was shown is checked."""
    found = order_or_404(request, order_id)
    if found.status not in OPEN_STATUSES:
        return _not_now(request, found)
    amount = selectors.kept_of(found)
    form = ReasonForm(request.POST if request.method == "POST" else None, initial={"shown": amount})
    has_changed = False
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            cancelled = cancel_order(
                order=found,
                by_user=request.user,
                side="clinic",
                reason=data["reason"],
                expected_refund=data["shown"],
            )
        except OrderRefundChanged:
            has_changed = True
            amount = selectors.kept_of(found)
            form = ReasonForm(initial={"shown": amount, "reason": data["reason"]})
        except REFUSALS as error:
            messages.error(request, why(error))
            return redirect(order_url(found))
        else:
            if cancelled.cancelled_by_id == request.user.pk:
                messages.success(request, _("The order is cancelled, and the patient is told."))
            else:
                messages.info(request, _("Somebody else had cancelled this order a moment ago."))
            return redirect(order_url(found))
    context = around(found, title=_("Cancel the order")) | {
        "form": form,
        "amount": amount,
        "has_changed": has_changed,
        "given": sum(line.given_packs for line in selectors.lines_of(found, today_at(request.clinic))),
    }
    return page(request, "cancel", context, status=CONFLICT if has_changed else BAD if form.errors else 200)


def _not_now(request: HttpRequest, found: Order) -> HttpResponse:
    status: Any = OrderStatus(found.status)
    if found.status == OrderStatus.PROCESSING:
        words = _("Not every line is dispensed in full. Nothing leaves the house until it is.")
    else:
        words = _("This order is “%(state)s” now, so there is nothing to do here.") % {"state": status.label}
    messages.info(request, words)
    return redirect(order_url(found))
