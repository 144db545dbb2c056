"""The visit that the desk has just booked: paid, waiting for its money, or let go. Who may: `visits.book`."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.selectors import guardians_of
from appointments.forms.booking import MpesaForm, as_written_at_home
from appointments.models import Appointment, AppointmentStatus
from appointments.selectors_booking import successor_of
from appointments.services.paying import begin_attempt, is_payable, take_cash_for
from appointments.views.desk_book.frame import BAD, TOO_MANY, UNAVAILABLE, address, page, payers_phone
from appointments.views.pay_pages import RINGS_OF_A_PHONE, seconds_left_of, what_to_show
from appointments.week import moment_key
from clinics.policies import can, capability_required, request_membership, require
from precta import clock
from precta.payments.exceptions import HoldEnded, PaymentClosed, ProviderError, TooManyAttempts
from precta.payments.models import PaymentMethod, PaymentStatus
from precta.payments.phones import mask_phone
from precta.payments.services import charge_mpesa, failure_text, payment_state
from precta.payments.services.starting import PROMPT_OPEN
from precta.ratelimit import limit, wait_for_phone

AGAIN_EVERY_SECONDS = 6


@capability_required("visits.book")
@require_http_methods(["GET", "HEAD", "POST"])
@limit("desk-pay", "30/m", "200/h")
def visit(request: HttpRequest, appointment_id: str) -> HttpResponse:
    """GET shows how it stands (`?check=1` asks the provider); POST `method` takes cash or sends a request to pay."""
    appointment = _find(request, appointment_id)
    if request.method == "POST":
        return _pay(request, appointment)
    if appointment.payment is not None and "check" in request.GET:
        payment_state(appointment.payment)
        appointment = _find(request, appointment_id)
    return _page(request, appointment)


@capability_required("visits.book")
@require_safe
def status(request: HttpRequest, appointment_id: str) -> JsonResponse:
    """What the waiting page polls; anything but `pending` loads it anew."""
    appointment = _find(request, appointment_id)
    state = payment_state(appointment.payment) if appointment.payment is not None else None
    appointment = _find(request, appointment_id)
    if appointment.status != AppointmentStatus.PENDING_PAYMENT or not is_payable(appointment, clock.now()):
        return JsonResponse({"status": "done"})
    if state is None:
        return JsonResponse({"status": "failed"})
    waits = state.status == PaymentStatus.PENDING and (state.seconds_left > 0 or request.GET.get("seen") == "over")
    return JsonResponse({"status": "pending" if waits else "over", "seconds_left": state.seconds_left})


def take_cash_now(request: HttpRequest, appointment: Appointment) -> None:
    """The desk has received the fee. What keeps it from counting is said on the visit's page."""
    require(request, "payments.take_cash")
    try:
        take_cash_for(appointment=appointment, taken_by=request.user)
    except HoldEnded:
        messages.error(request, _("The time is not held any more, so the cash was not recorded. Book again."))
    except PaymentClosed:
        pass  # paid otherwise by now, which the page shows
    except ProviderError:
        messages.error(
            request,
            _("A request to pay is still open and the payment service does not answer. Try again in a minute."),
        )


def send_prompt(request: HttpRequest, appointment: Appointment, phone: str) -> HttpResponse | None:
    """Ask `phone` for the fee; None when the request is on its way, else the visit's page that says why it is not."""
    if wait := wait_for_phone(phone, RINGS_OF_A_PHONE):
        message = _("This phone has been sent many requests in the last hour, and gets no more for now.")
        response = _page(request, appointment, error=message, status=TOO_MANY)
        response["Retry-After"] = str(wait)
        return response
    try:
        charge_mpesa(
            payment=begin_attempt(appointment=appointment, method=PaymentMethod.MPESA, phone=phone), phone=phone
        )
    except (HoldEnded, PaymentClosed):
        return None
    except TooManyAttempts:
        message = _("Many requests were sent for this visit already. Wait for the last one to end, or take cash.")
        return _page(request, _find(request, appointment.pk), error=message, status=TOO_MANY)
    except ProviderError:
        message = _("The payment service does not answer at the moment. The time stays held. Try again in a minute.")
        return _page(request, _find(request, appointment.pk), error=message, status=UNAVAILABLE)
    return None


def _find(request: HttpRequest, appointment_id: str) -> Appointment:
    appointment = (
        Appointment.objects.select_related("doctor", "patient__user", "payment", "booked_by")
        .filter(pk=appointment_id)
        .first()
    )
    if appointment is None:
        raise Http404
    appointment.clinic = request.clinic
    return appointment


def _pay(request: HttpRequest, appointment: Appointment) -> HttpResponse:
    here = redirect("admin:appointments_desk_book_visit", appointment.pk)
    if not is_payable(appointment, clock.now()):
        return here
    method = request.POST.get("method")
    if method == PaymentMethod.CASH:
        take_cash_now(request, appointment)
        return here
    if method == PaymentMethod.MPESA:
        form = MpesaForm(request.POST)
        if not form.is_valid():
            return _page(request, appointment, form=form, status=BAD)
        return send_prompt(request, appointment, form.cleaned_data["phone"]) or here
    return _page(request, appointment, error=_("Choose cash or M-Pesa."), status=BAD)


def _page(
    request: HttpRequest,
    appointment: Appointment,
    *,
    form: MpesaForm | None = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    view = _what(appointment, now)
    if view in {"wait", "over", "aside"} and (error or "change" in request.GET or (form is not None and form.errors)):
        view = "choose"
    payment = appointment.payment
    if form is None:
        known = (payment.payer_phone if payment else "") or payers_phone(appointment.patient)
        form = MpesaForm(initial={"phone": as_written_at_home(known)})
    carried = {"doctor": appointment.doctor_id, "mode": appointment.consultation_type}
    context = {
        "title": {"done": _("Booked"), "ended": _("The time is not held any more")}.get(view)
        or _("Payment for %(name)s") % {"name": appointment.patient.full_name},
        "appointment": appointment,
        "patient": appointment.patient,
        "doctor": appointment.doctor,
        "payment": payment,
        "view": view,
        "form": form,
        "error": error,
        "failure": failure_text(payment) if payment else "",
        "phone": mask_phone(payment.payer_phone) if payment and payment.payer_phone else "",
        "may_take_cash": can(request_membership(request), "payments.take_cash"),
        "prompt_until": payment.charged_at + PROMPT_OPEN if payment and payment.charged_at else None,
        "prompt_total": int(PROMPT_OPEN.total_seconds()),
        "seconds_left": seconds_left_of(payment, now) if payment else 0,
        "now": now,
        "again_every": AGAIN_EVERY_SECONDS,
        "told": _told(appointment) if view == "done" else "",
        "successor": successor_of(appointment) if view == "ended" else None,
        "again": address(
            "admin:appointments_desk_book_details",
            carried | {"at": moment_key(appointment.scheduled_at)},
            appointment.patient_id,
        ),
    }
    return page(request, "visit", context, status=status)


def _what(appointment: Appointment, now: datetime) -> str:
    """`done` (it stands, whatever came later), `ended` (let go or cancelled), else what the payment waits for."""
    if appointment.status == AppointmentStatus.CANCELLED:
        return "ended"
    if appointment.status != AppointmentStatus.PENDING_PAYMENT:
        return "done"
    payment = appointment.payment
    if payment is None or not is_payable(appointment, now):
        return "ended"
    if payment.method != PaymentMethod.MPESA:
        return "choose"
    return what_to_show(payment, now)


def _told(appointment: Appointment) -> str:
    """How the patient hears of the visit, as a sentence for the desk."""
    user = appointment.patient.user
    if user.has_email:
        return _("We have written to the patient's e-mail address.")
    if guardians_of(appointment.patient).exists():
        return _("We have written to the person who looks after the patient.")
    if user.reachable_phone:
        return _("An SMS is on its way to %(phone)s.") % {"phone": mask_phone(user.reachable_phone)}
    return _("We know neither an e-mail address nor a phone of the patient: please write the time down for them.")
