"""Paying for a held order (clinic host): the pages that visits are paid on, with the order beside them."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from appointments.views.pay_pages import PayPages
from pharmacy.models import Order, OrderStatus
from pharmacy.selectors_orders import payable_orders, successor_of
from pharmacy.services.order_paying import begin_attempt, is_payable
from precta import access
from precta.payments.models import Payment, PaymentStatus
from precta.payments.selectors import has_money_aside
from precta.ratelimit import limit


class OrderPages(PayPages):
    template = "pharmacy/orders/pay.html"
    pay_url = "pharmacy:orders:pay"
    status_url = "pharmacy:orders:pay-status"
    return_url = "pharmacy:orders:pay-return"

    def find(self, request: HttpRequest, subject_id: str) -> Order | None:
        return payable_orders(request.user).filter(pk=subject_id).first()

    def done_url(self, held: Order) -> str | None:
        if held.status == OrderStatus.PENDING_PAYMENT:
            return None
        # Money that came late has taken the packs again, as a new order.
        is_cancelled = held.status == OrderStatus.CANCELLED
        order = (successor_of(held) or (held if held.refund_due else None)) if is_cancelled else held
        return reverse("pharmacy:orders:order", args=[order.pk]) if order is not None else None

    def is_payable(self, held: Order, now: datetime) -> bool:
        return is_payable(held, now)

    def begin_attempt(self, held: Order, *, method: str, phone: str = "") -> Payment:
        return begin_attempt(order=held, method=method, phone=phone)

    def context(self, held: Order) -> dict[str, Any]:
        return {"order": held, "held_until": "pharmacy/orders/_held_until.html"}

    def still_held(self) -> str:
        return _(
            "The payment service does not answer at the moment. Your order stays held and nothing was charged. "
            "Try again in a minute."
        )

    def ended(self, request: HttpRequest, held: Order, now: datetime) -> HttpResponse:
        payment = held.payment
        context = {
            "order": held,
            "has_money_aside": has_money_aside(held.pk),
            "under_way": payment is not None
            and payment.status == PaymentStatus.PENDING
            and payment.charged_at is not None,
        }
        return render(request, "pharmacy/orders/hold_ended.html", context)


PAGES = OrderPages()


@access.login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limit("pay", "10/m", "40/h")  # each may ring a phone, which need not be the payer's
def pay(request: HttpRequest, order_id: str) -> HttpResponse:
    """The patient or guardian pays."""
    return PAGES.pay(request, order_id)


@access.login_required
@require_safe
def pay_status(request: HttpRequest, order_id: str) -> JsonResponse:
    return PAGES.status(request, order_id)


@access.login_required
@require_safe
def pay_return(request: HttpRequest, order_id: str) -> HttpResponse:
    return PAGES.back(request, order_id)
