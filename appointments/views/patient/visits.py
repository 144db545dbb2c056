"""A patient's visits at this clinic (clinic host). A stranger signs in; to anybody else a visit is a 404."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Doctor, Role
from accounts.selectors import patients_of
from appointments import reasons
from appointments.calendar_file import calendar_file
from appointments.exceptions import InvalidTransition, RefundChanged, VisitBegan
from appointments.forms.visits import CancelForm
from appointments.models import Appointment, AppointmentStatus
from appointments.money import amount_due
from appointments.policies import may_patient_cancel, may_patient_move
from appointments.selectors import (
    appointments_for_patient_user,
    open_move_of,
    payments_of,
    settled_payments_of,
    successor_of,
)
from appointments.selectors_booking import successor_of as taken_again
from appointments.services.cancellation import Side, cancel_appointment, quote_refund
from appointments.services.rescheduling import last_moment_to_move
from appointments.services.time_off import is_displaced
from appointments.views.visit_lists import list_context, read_filters
from appointments.visit_parts import Audience, parts_of
from precta import clock
from precta.access import login_required, role_required
from precta.payments.models import Payment, PaymentMethod, RefundStatus

# For so long after paying, the page of the visit closes the booking as its fourth step.
JUST_DONE = timedelta(minutes=15)


def visit_or_404(request: HttpRequest, appointment_id: str) -> Appointment:
    visit = get_object_or_404(appointments_for_patient_user(request.user), pk=appointment_id)
    visit.clinic = request.clinic
    visit.doctor.clinic = request.clinic
    return visit


@require_safe
@role_required(Role.PATIENT)
def visit_list(request: HttpRequest) -> HttpResponse:
    people = list(patients_of(request.user))
    clinics = [request.clinic]
    return render(
        request,
        "appointments/patient/list.html",
        list_context(read_filters(request, people, clinics), people, clinics),
    )


@require_safe
@login_required
def detail(request: HttpRequest, appointment_id: str) -> HttpResponse:
    visit = visit_or_404(request, appointment_id)
    now = clock.now()
    payments = list(payments_of(visit))
    settled = [p for p in payments if p.paid_at is not None]
    context: dict[str, Any] = {
        "visit": visit,
        "payments": settled,
        "refunds": [refund for payment in settled for refund in payment.refunds.all()],
        "successor": successor_of(visit) or taken_again(visit),
        "open_move": open_move_of(visit, now=now) if visit.status == AppointmentStatus.CONFIRMED else None,
        "is_held": visit.status == AppointmentStatus.PENDING_PAYMENT and visit.hold_expires_at > now,
        "may_cancel": may_patient_cancel(visit, now=now),
        "may_move": may_patient_move(visit, now=now),
        "is_coming": visit.status == AppointmentStatus.CONFIRMED and visit.busy_until > now,
        "was_moved": visit.cancellation_reason in reasons.MOVES,
        "is_over": visit.status != AppointmentStatus.CONFIRMED or visit.busy_until <= now,
        "is_just_done": _is_just_done(visit, settled, now),
        "is_displaced": visit.status == AppointmentStatus.CONFIRMED and is_displaced(visit),
        "for_another": visit.patient_id != request.user.pk,
        "parts": parts_of(request, visit, Audience.PATIENT),
    }
    if context["is_over"] and not context["is_held"] and not context["successor"]:
        context["may_book_again"] = Doctor.objects.public().filter(pk=visit.doctor_id, clinic=request.clinic).exists()
    if context["is_held"]:
        context["due"] = amount_due(visit)
    if context["may_cancel"] and not context["is_held"]:
        context["quote"] = quote_refund(appointment=visit, by=Side.PATIENT, now=now)
        context["move_until"] = last_moment_to_move(visit)
    return render(request, "appointments/patient/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def cancel(request: HttpRequest, appointment_id: str) -> HttpResponse:
    """Shows what goes back and asks once; the amount shown travels along and is checked again."""
    visit = visit_or_404(request, appointment_id)
    now = clock.now()
    if visit.status == AppointmentStatus.CANCELLED:
        return redirect("appointments:patient:detail", visit.pk)
    if not may_patient_cancel(visit, now=now):
        messages.warning(request, _("This visit has begun or is over, so it cannot be cancelled here any more."))
        return redirect("appointments:patient:detail", visit.pk)
    quote = quote_refund(appointment=visit, by=Side.PATIENT, now=now)
    form = CancelForm(request.POST if request.method == "POST" else None, initial={"expected_refund": quote.amount})
    has_changed = False
    if request.method == "POST" and form.is_valid():
        try:
            cancel_appointment(
                appointment=visit,
                by_user=request.user,
                side=Side.PATIENT,
                reason=form.cleaned_data["reason"],
                expected_refund=form.cleaned_data["expected_refund"],
            )
        except RefundChanged as error:
            quote, has_changed = error.quote, True
            form = CancelForm(initial={"expected_refund": quote.amount, "reason": form.cleaned_data["reason"]})
        except (VisitBegan, InvalidTransition):
            messages.warning(request, _("This visit has begun or is over, so it cannot be cancelled here any more."))
            return redirect("appointments:patient:detail", visit.pk)
        else:
            messages.success(request, _("The visit is cancelled."))
            return redirect("appointments:patient:detail", visit.pk)
    status = 409 if has_changed else 400 if form.errors else 200
    context = {
        "visit": visit,
        "quote": quote,
        "form": form,
        "has_changed": has_changed,
        "for_another": visit.patient_id != request.user.pk,
        "is_held": visit.status == AppointmentStatus.PENDING_PAYMENT,
        "may_move": may_patient_move(visit, now=now),
    }
    return render(request, "appointments/patient/cancel.html", context, status=status)


@require_safe
@login_required
def calendar(request: HttpRequest, appointment_id: str) -> HttpResponse:
    visit = visit_or_404(request, appointment_id)
    if visit.status == AppointmentStatus.PENDING_PAYMENT:
        raise Http404
    response = HttpResponse(calendar_file(visit), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="visit-{visit.pk[:8]}.ics"'
    return response


@require_safe
@login_required
def receipt(request: HttpRequest, appointment_id: str) -> HttpResponse:
    """Only for a visit that money came in for."""
    visit = visit_or_404(request, appointment_id)
    payments = list(settled_payments_of(visit))
    if not payments:
        raise Http404
    context = {"visit": visit, **receipt_context(payments)}
    return render(request, "appointments/patient/receipt.html", context)


def receipt_context(payments: list[Payment]) -> dict[str, Any]:
    """What a receipt says of these payments, whoever prints it."""
    refunds = [refund for payment in payments for refund in payment.refunds.all()]
    paid = sum(payment.amount for payment in payments)
    # A refund that failed is shown as such; its money is still with the clinic, or goes back by another row.
    returned = sum(refund.amount for refund in refunds if refund.status != RefundStatus.FAILED)
    return {
        "payments": payments,
        "refunds": refunds,
        "paid": paid,
        "returned": returned,
        "kept": paid - returned,
        "only_cash": all(payment.method == PaymentMethod.CASH for payment in payments),
    }


def _is_just_done(visit: Appointment, settled: list[Any], now: Any) -> bool:
    if visit.status != AppointmentStatus.CONFIRMED or visit.scheduled_at <= now:
        return False
    since = max((payment.paid_at for payment in settled), default=visit.created_at)
    return now - max(since, visit.created_at) < JUST_DONE
