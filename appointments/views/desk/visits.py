"""What the desk does with one visit. Who may: holders of `visits.attend`, `visits.cancel`; other ids are 404."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appointments.exceptions import InvalidTransition, NotYet, RefundChanged, RefundOutOfRange
from appointments.forms.desk import CancelForm
from appointments.models import Appointment, AppointmentStatus
from appointments.selectors import settled_payments_of
from appointments.services import attendance
from appointments.services.cancellation import Side, cancel_appointment, quote_refund
from appointments.views.desk.page import day_url, page, read_back, visit_or_404
from appointments.views.doctor.visits import why_not
from appointments.views.patient.visits import receipt_context
from clinics.policies import can, capability_required, request_membership

BAD, CONFLICT = 400, 409
OPEN = (AppointmentStatus.PENDING_PAYMENT, AppointmentStatus.CONFIRMED)


@capability_required("visits.attend")
@require_POST
def arrived(request: HttpRequest, visit_id: str) -> HttpResponse:
    visit = visit_or_404(request, visit_id)
    done = _("%(name)s is marked as arrived.") % {"name": visit.patient.full_name}
    return _do(request, visit, attendance.mark_arrived, done)


@capability_required("visits.attend")
@require_POST
def not_arrived(request: HttpRequest, visit_id: str) -> HttpResponse:
    visit = visit_or_404(request, visit_id)
    done = _("%(name)s is no longer marked as arrived.") % {"name": visit.patient.full_name}
    return _do(request, visit, attendance.undo_arrived, done)


@capability_required("visits.attend")
@require_http_methods(["GET", "HEAD", "POST"])
def no_show(request: HttpRequest, visit_id: str) -> HttpResponse:
    """Asks once, because it cannot be taken back and nothing is paid back."""
    visit = visit_or_404(request, visit_id)
    if request.method == "POST":
        done = _("It is noted that %(name)s did not come.") % {"name": visit.patient.full_name}
        return _do(request, visit, attendance.mark_no_show, done)
    has_come = {"has_come": attendance.has_come(visit)}
    return page(request, "no_show", _context(request, visit, title=_("Did not come")) | has_come)


@capability_required("visits.cancel")
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, visit_id: str) -> HttpResponse:
    """Says what goes back in either case and who is told, then asks once. What was shown is checked again."""
    visit = visit_or_404(request, visit_id)
    if visit.status not in OPEN:
        return _changed(request, visit)
    may_choose = can(request_membership(request), "payments.refund")
    quotes = {side: quote_refund(appointment=visit, by=side) for side in (Side.PATIENT, Side.CLINIC)}
    shown = {f"shown_{side}": quote.amount for side, quote in quotes.items()}
    form = CancelForm(
        request.POST if request.method == "POST" else None, initial=shown, may_choose=may_choose, quotes=quotes
    )
    has_changed = False
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            cancelled = cancel_appointment(
                appointment=visit,
                by_user=request.user,
                side=Side.CLINIC,
                cause=data["cause"],
                reason=data["reason"],
                expected_refund=data[f"shown_{data['cause']}"],
                refund=data.get("refund"),
            )
        except (RefundChanged, RefundOutOfRange):
            has_changed = True
            quotes = {side: quote_refund(appointment=visit, by=side) for side in quotes}
            again = {"cause": data["cause"], "reason": data["reason"]}
            shown = {f"shown_{side}": quote.amount for side, quote in quotes.items()}
            form = CancelForm(initial=shown | again, may_choose=may_choose, quotes=quotes)
        except InvalidTransition:
            return _changed(request, visit)
        else:
            if cancelled.cancelled_by_id == request.user.pk:
                words = _("The visit of %(name)s is cancelled, and they are told.")
                messages.success(request, words % {"name": visit.patient.full_name})
            else:
                messages.info(request, _("Somebody else had cancelled this visit a moment ago."))
            return redirect(day_url(request, visit))
    context = _context(request, visit, title=_("Cancel a visit")) | {
        "form": form,
        "by_rule": quotes[Side.PATIENT],
        "whole": quotes[Side.CLINIC],
        "has_changed": has_changed,
        "is_held": visit.status == AppointmentStatus.PENDING_PAYMENT,
    }
    return page(request, "cancel", context, status=CONFLICT if has_changed else BAD if form.errors else 200)


@capability_required("payments.view")
@require_safe
def receipt(request: HttpRequest, visit_id: str) -> HttpResponse:
    """The patient's receipt, to print for them; only for a visit that money came in for."""
    visit = visit_or_404(request, visit_id)
    payments = list(settled_payments_of(visit))
    if not payments:
        raise Http404
    context = _context(request, visit, title=_("Receipt")) | receipt_context(payments)
    return page(request, "receipt", context)


def _context(request: HttpRequest, visit: Appointment, *, title: str) -> dict[str, Any]:
    return {
        "title": title,
        "visit": visit,
        "back_url": day_url(request, visit),
        "back": urlencode(read_back(request)),
    }


def _do(request: HttpRequest, visit: Appointment, service: Callable[..., Appointment], done: str) -> HttpResponse:
    try:
        service(appointment=visit, by_user=request.user)
    except NotYet:
        messages.error(request, _("It is too early for that. Nothing was changed."))
    except InvalidTransition as error:
        messages.error(request, why_not(visit, error))
    else:
        messages.success(request, done)
    return redirect(day_url(request, visit))


def _changed(request: HttpRequest, visit: Appointment) -> HttpResponse:
    messages.error(request, _("Somebody changed this visit a moment ago. Look at it again, please."))
    return redirect(day_url(request, visit))
