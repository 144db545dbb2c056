"""Paying for a held visit, and waiting until the money is there."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from appointments.models import Appointment, AppointmentStatus
from appointments.selectors_booking import nearest_free, payable_appointments, successor_of
from appointments.services.paying import begin_attempt, is_payable
from appointments.views.pay_pages import PayPages
from precta import access
from precta.payments.models import Payment, PaymentStatus
from precta.payments.selectors import has_money_aside
from precta.ratelimit import limit


class VisitPages(PayPages):
    template = "appointments/patient/pay.html"
    pay_url = "appointments:patient:pay"
    status_url = "appointments:patient:pay-status"
    return_url = "appointments:patient:pay-return"

    def find(self, request: HttpRequest, subject_id: str) -> Appointment | None:
        return payable_appointments(request.user).filter(pk=subject_id).first()

    def done_url(self, held: Appointment) -> str | None:
        if held.status == AppointmentStatus.PENDING_PAYMENT:
            return None
        # Money that came late has taken the time again, as a new visit.
        is_cancelled = held.status == AppointmentStatus.CANCELLED
        visit = (successor_of(held) or (held if held.refund_due else None)) if is_cancelled else held
        return reverse("appointments:patient:detail", args=[visit.pk]) if visit is not None else None

    def is_payable(self, held: Appointment, now: datetime) -> bool:
        return is_payable(held, now)

    def begin_attempt(self, held: Appointment, *, method: str, phone: str = "") -> Payment:
        return begin_attempt(appointment=held, method=method, phone=phone)

    def context(self, held: Appointment) -> dict[str, Any]:
        return {"appointment": held, "doctor": held.doctor, "held_until": "appointments/patient/_held_until.html"}

    def still_held(self) -> str:
        return _(
            "The payment service does not answer at the moment. Your time stays held and nothing was charged. "
            "Try again in a minute."
        )

    def ended(self, request: HttpRequest, held: Appointment, now: datetime) -> HttpResponse:
        """The time is not held any more: nothing to pay, and where else to go."""
        # A visit that was to be moved stays where it is: what to do next is told there.
        days = (
            {}
            if held.rescheduled_from_id
            else nearest_free(
                doctor=held.doctor,
                clinic=request.clinic,
                mode=held.consultation_type,
                around=held.scheduled_at,
                now=now,
            )
        )
        context = {
            "appointment": held,
            "doctor": held.doctor,
            "days": days,
            "mode": held.consultation_type,
            "has_money_aside": has_money_aside(held.pk),
            "under_way": held.payment is not None
            and held.payment.status == PaymentStatus.PENDING
            and held.payment.charged_at is not None,
        }
        return render(request, "appointments/patient/hold_ended.html", context)


PAGES = VisitPages()


@access.login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limit("pay", "10/m", "40/h")  # each may ring a phone, which need not be the payer's
def pay(request: HttpRequest, appointment_id: str) -> HttpResponse:
    """The patient or guardian pays."""
    return PAGES.pay(request, appointment_id)


@access.login_required
@require_safe
def pay_status(request: HttpRequest, appointment_id: str) -> JsonResponse:
    return PAGES.status(request, appointment_id)


@access.login_required
@require_safe
def pay_return(request: HttpRequest, appointment_id: str) -> HttpResponse:
    return PAGES.back(request, appointment_id)
