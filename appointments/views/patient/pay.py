"""Paying for a held visit, and waiting until the money is there."""

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from appointments import exceptions
from appointments.forms.booking import MpesaForm, as_written_at_home
from appointments.models import Appointment, AppointmentStatus
from appointments.selectors_booking import nearest_free, payable_appointments, successor_of
from appointments.services.paying import begin_attempt, is_payable
from precta import access, clock, hosts
from precta.payments.exceptions import PaymentClosed, ProviderError
from precta.payments.models import Payment, PaymentMethod, PaymentStatus
from precta.payments.phones import mask_phone
from precta.payments.services import (
    charge_mpesa,
    failure_text,
    open_card_checkout,
    payment_state,
)
from precta.payments.services.starting import PROMPT_OPEN
from precta.ratelimit import limit, wait_for_phone

BAD, TOO_MANY, UNAVAILABLE = 400, 429, 503
AGAIN_EVERY_SECONDS = 6
# How often one phone is rung, however many accounts ask for it.
RINGS_OF_A_PHONE = "12/h"


@access.login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limit("pay", "10/m", "40/h")  # each may ring a phone, which need not be the payer's
def pay(request: HttpRequest, appointment_id: str) -> HttpResponse:
    """The patient or guardian pays: GET shows how it stands (`?check=1` asks the provider), POST begins an attempt."""
    appointment = _find(request, appointment_id)
    if request.method == "POST":
        return _begin(request, appointment)
    if appointment.payment is not None and "check" in request.GET:
        payment_state(appointment.payment)
        appointment = _find(request, appointment_id)
    return _onwards(appointment) or _page(request, appointment)


@access.login_required
@require_safe
def pay_status(request: HttpRequest, appointment_id: str) -> JsonResponse:
    """What the waiting page polls: `{status, message, seconds_left[, redirect]}`; all but `pending` reload it."""
    appointment = _find(request, appointment_id)
    state = payment_state(appointment.payment) if appointment.payment is not None else None
    appointment = _find(request, appointment_id)
    onwards = _onwards(appointment)
    if onwards is not None:
        return JsonResponse({"status": "done", "redirect": onwards["Location"]})
    if not is_payable(appointment, clock.now()):
        return JsonResponse({"status": "ended"})
    if state is None:
        return JsonResponse({"status": "failed"})
    # Once the prompt is over the page has something else to say, and says it after a reload.
    waits = state.status == PaymentStatus.PENDING and (
        state.seconds_left > 0 or request.GET.get("seen") in {"over", "card"}
    )
    status = "pending" if waits else "over" if state.status == PaymentStatus.PENDING else state.status
    return JsonResponse({"status": status, "message": state.message, "seconds_left": state.seconds_left})


@access.login_required
@require_safe
def pay_return(request: HttpRequest, appointment_id: str) -> HttpResponse:
    """Where the provider's card page leads back to: ask how it went, then on to the visit or back to the payment,
    whose page goes on asking."""
    appointment = _find(request, appointment_id)
    if appointment.payment is not None:
        payment_state(appointment.payment)
        appointment = _find(request, appointment_id)
    return _onwards(appointment) or redirect("appointments:patient:pay", appointment.pk)


def _find(request: HttpRequest, appointment_id: str) -> Appointment:
    appointment = payable_appointments(request.user).filter(pk=appointment_id).first()
    if appointment is None:
        raise Http404
    return appointment


def _onwards(appointment: Appointment) -> HttpResponse | None:
    """To the visit when there is nothing left to pay; None while there is, and when the hold ended without money."""
    if appointment.status == AppointmentStatus.PENDING_PAYMENT:
        return None
    if appointment.status != AppointmentStatus.CANCELLED:
        return redirect("appointments:patient:detail", appointment.pk)
    # Money that came late has taken the time again, as a new visit.
    successor = successor_of(appointment)
    if successor is not None:
        return redirect("appointments:patient:detail", successor.pk)
    if appointment.refund_due:
        return redirect("appointments:patient:detail", appointment.pk)
    return None


def _begin(request: HttpRequest, appointment: Appointment) -> HttpResponse:
    if (onwards := _onwards(appointment)) is not None:
        return onwards
    method = request.POST.get("method")
    if method not in {PaymentMethod.MPESA, PaymentMethod.CARD}:
        return _page(request, appointment, error=_("Choose M-Pesa or card."), status=BAD)
    form = MpesaForm(request.POST) if method == PaymentMethod.MPESA else None
    if form is not None and not form.is_valid():
        return _page(request, appointment, form=form, status=BAD)
    if form is not None and (wait := wait_for_phone(form.cleaned_data["phone"], RINGS_OF_A_PHONE)):
        message = _(
            "This phone has been sent many requests in the last hour, and gets no more for now. Pay with another "
            "number or by card."
        )
        response = _page(request, appointment, form=form, error=message, status=TOO_MANY)
        response["Retry-After"] = str(wait)
        return response
    here = redirect("appointments:patient:pay", appointment.pk)
    try:
        if form is not None:
            phone = form.cleaned_data["phone"]
            charge_mpesa(payment=begin_attempt(appointment=appointment, method=method, phone=phone), phone=phone)
            return here
        payment = begin_attempt(appointment=appointment, method=method)
        back = hosts.clinic_url(request.clinic, "appointments:patient:pay-return", appointment.pk)
        open_card_checkout(payment=payment, callback_url=back)
    except (exceptions.HoldEnded, PaymentClosed):
        return here
    except (exceptions.TooManyAttempts, ProviderError) as error:
        tired = isinstance(error, exceptions.TooManyAttempts)
        message = (
            _("You have tried many times. Wait for the last request to end, or call the clinic.")
            if tired
            else _(
                "The payment service does not answer at the moment. Your time stays held and nothing was charged. "
                "Try again in a minute."
            )
        )
        status = TOO_MANY if tired else UNAVAILABLE
        return _page(request, _find(request, appointment.pk), form=form, error=message, status=status)
    # Not straight to the provider: browsers hold a form's redirects to our own hosts (CSP form-action).
    return redirect(reverse("appointments:patient:pay", args=[appointment.pk]) + "?go=card")


def _page(
    request: HttpRequest,
    appointment: Appointment,
    *,
    form: MpesaForm | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    if not is_payable(appointment, now):
        return _ended(request, appointment, now)
    payment = appointment.payment
    assert payment is not None
    view = what_to_show(payment, now)
    if (form is not None and form.errors) or error or "change" in request.GET:
        view = "choose"
    if form is None:
        form = MpesaForm(initial={"phone": as_written_at_home(_known_phone(request, payment))})
    context = {
        "appointment": appointment,
        "doctor": appointment.doctor,
        "payment": payment,
        "view": view,
        "failure": failure_text(payment),
        "form": form,
        "error": error,
        "phone": mask_phone(payment.payer_phone) if payment.payer_phone else "",
        "prompt_until": payment.charged_at + PROMPT_OPEN if payment.charged_at else None,
        "prompt_total": int(PROMPT_OPEN.total_seconds()),
        "seconds_left": seconds_left_of(payment, now),
        "hold_left": int((appointment.hold_expires_at - now).total_seconds()) if appointment.hold_expires_at else 0,
        "now": now,
        "start": payment.method if view == "choose" and "start" in request.GET and not error else "",
        "go": payment.checkout_url if request.GET.get("go") == "card" and view == "card" else "",
        "again_every": AGAIN_EVERY_SECONDS,
        "method": payment.method,
        "step": "3",
    }
    return render(request, "appointments/patient/pay.html", context, status=status)


def what_to_show(payment: Payment, now: datetime) -> str:
    """`choose` (nothing went out), `wait` (a prompt is on the phone), `over` (it should have been answered),
    `card` (the card page is open), `failed`, or `aside` (a person at the clinic looks at it)."""
    if payment.put_aside_at is not None:
        return "aside"
    if payment.status == PaymentStatus.FAILED:
        return "failed"
    if payment.charged_at is None:
        return "choose"
    if payment.method == PaymentMethod.CARD:
        return "card"
    return "wait" if seconds_left_of(payment, now) else "over"


def seconds_left_of(payment: Payment, now: datetime) -> int:
    if payment.charged_at is None or payment.method != PaymentMethod.MPESA:
        return 0
    return max(0, int((payment.charged_at + PROMPT_OPEN - now).total_seconds()))


def _known_phone(request: HttpRequest, payment: Payment) -> str:
    if payment.payer_phone:
        return payment.payer_phone
    return str(request.user.phone or "")


def _ended(request: HttpRequest, appointment: Appointment, now: datetime) -> HttpResponse:
    """The time is not held any more: nothing to pay, and where else to go."""
    # A visit that was to be moved stays where it is: what to do next is told there.
    days = (
        {}
        if appointment.rescheduled_from_id
        else nearest_free(
            doctor=appointment.doctor,
            clinic=request.clinic,
            mode=appointment.consultation_type,
            around=appointment.scheduled_at,
            now=now,
        )
    )
    context = {
        "appointment": appointment,
        "doctor": appointment.doctor,
        "days": days,
        "mode": appointment.consultation_type,
        "under_way": appointment.payment is not None
        and appointment.payment.status == PaymentStatus.PENDING
        and appointment.payment.charged_at is not None,
    }
    return render(request, "appointments/patient/hold_ended.html", context)
