"""A patient's order at this clinic (clinic host). A stranger signs in; to anybody else an order is a 404."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from appointments.views.patient.visits import receipt_context
from pharmacy import order_reasons as reasons
from pharmacy.exceptions import OrderLeft, OrderRefundChanged
from pharmacy.forms.checkout import CancelOrderForm
from pharmacy.models import Order, OrderStatus
from pharmacy.order_steps import status_words, steps_of
from pharmacy.selectors_orders import orders_of, payments_of, successor_of
from pharmacy.selectors_substitutions import open_for
from pharmacy.services.order_changes import CANCELLABLE, Side, cancel_order, quote_refund
from precta import clock
from precta.access import login_required
from precta.audit.services import record

CONFLICT, BAD = 409, 400


def order_or_404(request: HttpRequest, order_id: str) -> Order:
    return get_object_or_404(orders_of(request.user), pk=order_id)


@require_safe
@login_required
def detail(request: HttpRequest, order_id: str) -> HttpResponse:
    order = order_or_404(request, order_id)
    payments = payments_of(order)
    is_over = order.status == OrderStatus.CANCELLED
    context: dict[str, Any] = {
        "order": order,
        "items": list(order.items.all()),
        "words": status_words(order),
        "steps": steps_of(order),
        "payments": payments,
        "refunds": [refund for payment in payments for refund in payment.refunds.all()],
        "is_held": order.status == OrderStatus.PENDING_PAYMENT and order.hold_expires_at > clock.now(),
        "may_cancel": order.status in CANCELLABLE,
        "was_never_placed": is_over and order.cancellation_reason in reasons.NEVER_PLACED,
        "was_replaced": is_over and order.cancellation_reason == reasons.PRESCRIPTION_REPLACED,
        "was_closed": is_over and order.cancellation_reason == reasons.CLINIC_SUSPENDED,
        "own_reason": order.cancellation_reason if order.cancellation_reason not in reasons.OF_THE_PORTAL else "",
        "successor": successor_of(order) if is_over else None,
        "for_another": order.patient_id != request.user.pk,
        "substitutions": open_for(order),
    }
    record("order.viewed", resource=order)
    return render(request, "pharmacy/orders/order.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def cancel(request: HttpRequest, order_id: str) -> HttpResponse:
    """Shows what goes back and asks once; the amount shown travels along and is checked again."""
    order = order_or_404(request, order_id)
    if order.status == OrderStatus.CANCELLED:
        return redirect("pharmacy:orders:order", order.pk)
    if order.status not in CANCELLABLE:
        return _left(request, order)
    amount = quote_refund(order)
    form = CancelOrderForm(request.POST if request.method == "POST" else None, initial={"expected_refund": amount})
    has_changed = False
    if request.method == "POST" and form.is_valid():
        try:
            cancel_order(
                order=order,
                by_user=request.user,
                side=Side.PATIENT,
                reason=form.cleaned_data["reason"],
                expected_refund=form.cleaned_data["expected_refund"],
            )
        except OrderRefundChanged as error:
            amount, has_changed = error.amount, True
            form = CancelOrderForm(initial={"expected_refund": amount, "reason": form.cleaned_data["reason"]})
        except OrderLeft:
            return _left(request, order)
        else:
            messages.success(request, _("The order is cancelled."))
            return redirect("pharmacy:orders:order", order.pk)
    context = {
        "order": order,
        "items": list(order.items.all()),
        "amount": amount,
        "form": form,
        "has_changed": has_changed,
        "is_held": order.status == OrderStatus.PENDING_PAYMENT,
        "for_another": order.patient_id != request.user.pk,
    }
    status = CONFLICT if has_changed else BAD if form.errors else 200
    return render(request, "pharmacy/orders/cancel.html", context, status=status)


def _left(request: HttpRequest, order: Order) -> HttpResponse:
    messages.warning(request, _("This order has left the pharmacy, so it cannot be cancelled here any more."))
    return redirect("pharmacy:orders:order", order.pk)


@require_safe
@login_required
def receipt(request: HttpRequest, order_id: str) -> HttpResponse:
    """Only for an order that money came in for."""
    order = order_or_404(request, order_id)
    payments = payments_of(order)
    if not payments:
        raise Http404
    context = {"order": order, "items": list(order.items.all()), **receipt_context(payments)}
    return render(request, "pharmacy/orders/receipt.html", context)
