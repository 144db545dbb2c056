"""Cash and refunds at the desk. Who may: holders of the `payments.…` capability that each page names."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from appointments import exceptions
from appointments.forms.desk import PartForm
from appointments.models import Appointment
from appointments.selectors_desk import visits_of_clinic
from appointments.services.goodwill import STANDING, give_back_part
from appointments.services.paying import take_cash_for
from appointments.views.desk.page import day_url, page
from clinics.policies import capability_required
from precta.ids import new_id
from precta.payments.exceptions import (
    HoldEnded,
    InvalidAmount,
    NotRefundable,
    PaymentClosed,
    ProviderUnavailable,
    RefundTooLarge,
)
from precta.payments.models import Payment, PaymentMethod, PaymentStatus, Refund, RefundStatus
from precta.payments.selectors import net_received
from precta.payments.services import hand_back_cash, retry_refund
from precta.payments.subjects import Subject, subject_of
from precta.templatetags.precta_tags import money

CONFLICT, BAD = 409, 400


@capability_required("payments.take_cash")
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, payment_id: str) -> HttpResponse:
    """Cash for what waits to be paid, whichever way it was to be paid before."""
    payment = _payment(payment_id)
    visit = _visit(payment)
    back = day_url(request, visit) if visit is not None else _payment_url(payment)
    if payment.status != PaymentStatus.PENDING:
        messages.info(request, _("This payment does not wait for money any more."))
        return redirect(back)
    subject = subject_of(request, payment) if visit is None else None
    if visit is None and (subject is None or subject.take_cash is None):
        messages.error(request, _nothing_held(visit))
        return redirect(back)
    if request.method == "POST":
        try:
            taken = _take(visit, subject, request.user)
        except HoldEnded:
            messages.error(request, _nothing_held(visit))
        except PaymentClosed:
            messages.info(request, _("This payment does not wait for money any more."))
        except ProviderUnavailable:
            messages.error(
                request,
                _("Whether it was paid another way cannot be learnt right now. Nothing was changed; try again soon."),
            )
        else:
            words = _("%(amount)s in cash is noted as taken by you.")
            messages.success(request, words % {"amount": money(taken.amount, taken.currency)})
        return redirect(back)
    context = {"title": _("Take cash"), "payment": payment, "visit": visit, "subject": subject, "back_url": back}
    return page(request, "take_cash", context)


def _take(visit: Appointment | None, subject: Subject | None, user: Any) -> Payment:
    """Raises PaymentClosed when the money came another way in the meantime, HoldEnded when there is nothing to pay."""
    if visit is not None:
        return take_cash_for(appointment=visit, taken_by=user)
    if subject is None or subject.take_cash is None:
        raise HoldEnded
    return subject.take_cash(taken_by=user)


def _nothing_held(visit: Appointment | None) -> str:
    if visit is not None:
        return _("The time is not held any more, so the cash was not recorded. Book again.")
    return _("What this was to pay for is not held any more: take no cash for it. Nothing was recorded.")


@capability_required("payments.hand_back_cash")
@require_http_methods(["GET", "HEAD", "POST"])
def hand_back(request: HttpRequest, refund_id: str) -> HttpResponse:
    refund = _refund(refund_id)
    if refund.payment.method != PaymentMethod.CASH or refund.status != RefundStatus.QUEUED:
        messages.info(request, _("This money is not waiting to be handed back."))
        return redirect(_payment_url(refund.payment))
    if request.method == "POST":
        done = hand_back_cash(refund=refund, handed_by=request.user)
        if done.handed_by_id == request.user.pk:
            words = _("%(amount)s in cash is noted as handed back by you.")
            messages.success(request, words % {"amount": money(done.amount, done.currency)})
        else:
            messages.info(request, _("Somebody else has noted it as handed back a moment ago."))
        return redirect(_payment_url(refund.payment))
    context = {"title": _("Hand back cash"), "refund": refund, "payment": refund.payment}
    return page(request, "hand_back", context | _of_payment(refund.payment))


@capability_required("payments.retry_refund")
@require_http_methods(["GET", "HEAD", "POST"])
def retry(request: HttpRequest, refund_id: str) -> HttpResponse:
    refund = _refund(refund_id)
    if refund.status != RefundStatus.FAILED or Refund.objects.filter(key=f"again:{refund.pk}").exists():
        messages.info(request, _("This refund is on its way or done; there is nothing to try again."))
        return redirect(_payment_url(refund.payment))
    if request.method == "POST":
        try:
            retry_refund(refund=refund, user=request.user)
        except (NotRefundable, RefundTooLarge):
            messages.error(request, _("The money of this payment went back another way. Nothing was changed."))
        else:
            messages.success(request, _("The refund is sent again. You see here how it goes."))
        return redirect(_payment_url(refund.payment))
    context = {"title": _("Try the refund again"), "refund": refund}
    return page(request, "retry", context | _of_payment(refund.payment))


@capability_required("payments.refund")
@require_http_methods(["GET", "HEAD", "POST"])
def part(request: HttpRequest, payment_id: str) -> HttpResponse:
    """Giving back beyond the clinic's rules, with a reason for the books."""
    payment = _payment(payment_id)
    visit = _visit(payment)
    left = net_received(payment)
    if visit is None or left <= 0:
        messages.info(request, _("No money of this payment is with the clinic."))
        return redirect(_payment_url(payment))
    form = PartForm(request.POST if request.method == "POST" else None, initial={"shown_left": left, "key": new_id()})
    has_changed = False
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            refund = give_back_part(
                payment=payment,
                amount=data["amount"],
                reason=data["reason"],
                by_user=request.user,
                key=data["key"],
                expected_left=data["shown_left"],
            )
        except (exceptions.PaymentChanged, exceptions.RefundOutOfRange, NotRefundable, RefundTooLarge, InvalidAmount):
            has_changed = True
            payment.refresh_from_db()
            left = net_received(payment)
            again = {"shown_left": left, "key": data["key"], "amount": data["amount"], "reason": data["reason"]}
            form = PartForm(initial=again)
        else:
            messages.success(request, _done(refund, payment))
            return redirect(_payment_url(payment))
    context = {
        "title": _("Give back a part"),
        "form": form,
        "left": left,
        "has_changed": has_changed,
        "stands": visit.status in STANDING,
    }
    status = CONFLICT if has_changed else BAD if form.errors else 200
    return page(request, "part", context | _of_payment(payment), status=status)


def _done(refund: Refund, payment: Payment) -> str:
    amount = {"amount": money(refund.amount, refund.currency)}
    if payment.method == PaymentMethod.CASH:
        return _("%(amount)s waits to be handed back in cash.") % amount
    return _("%(amount)s is on its way back to the patient.") % amount


def _payment(payment_id: str) -> Payment:
    payment = Payment.objects.select_related("user").filter(pk=payment_id).first()
    if payment is None:
        raise Http404
    return payment


def _refund(refund_id: str) -> Refund:
    refund = Refund.objects.select_related("payment__user").filter(pk=refund_id).first()
    if refund is None:
        raise Http404
    return refund


def _visit(payment: Payment) -> Appointment | None:
    return visits_of_clinic().filter(pk=payment.subject_id).first()


def _of_payment(payment: Payment) -> dict[str, Any]:
    return {"payment": payment, "visit": _visit(payment), "back_url": _payment_url(payment)}


def _payment_url(payment: Payment) -> str:
    return reverse("admin:payments_payment_change", args=[payment.pk])
