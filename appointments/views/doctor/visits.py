"""What a doctor does with a visit. Who may: the doctor of the visit; any other id is 404."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Doctor
from appointments.exceptions import InvalidTransition, NotYet
from appointments.models import Appointment, AppointmentStatus
from appointments.selectors_workspace import visits_of_doctor
from appointments.services import attendance
from appointments.services.cancellation import Side, cancel_appointment, quote_refund
from appointments.views.doctor.forms import CancelForm
from appointments.views.doctor.guard import workspace


@workspace
@require_POST
def arrived(request: HttpRequest, doctor: Doctor, visit_id: str) -> HttpResponse:
    visit = _visit(doctor, visit_id)
    done = _("%(name)s is marked as arrived.") % {"name": visit.patient.full_name}
    return _do(request, visit, attendance.mark_arrived, done)


@workspace
@require_POST
def not_arrived(request: HttpRequest, doctor: Doctor, visit_id: str) -> HttpResponse:
    visit = _visit(doctor, visit_id)
    done = _("%(name)s is no longer marked as arrived.") % {"name": visit.patient.full_name}
    return _do(request, visit, attendance.undo_arrived, done)


@workspace
@require_POST
def completed(request: HttpRequest, doctor: Doctor, visit_id: str) -> HttpResponse:
    visit = _visit(doctor, visit_id)
    done = _("The visit of %(name)s is completed.") % {"name": visit.patient.full_name}
    return _do(request, visit, attendance.mark_completed, done)


@workspace
@require_http_methods(["GET", "HEAD", "POST"])
def no_show(request: HttpRequest, doctor: Doctor, visit_id: str) -> HttpResponse:
    """Asks once, because it cannot be taken back and nothing is paid back."""
    visit = _visit(doctor, visit_id)
    if request.method == "POST":
        done = _("It is noted that %(name)s did not come.") % {"name": visit.patient.full_name}
        return _do(request, visit, attendance.mark_no_show, done)
    context = {"visit": visit, "has_come": attendance.has_come(visit), "back": day_url(request, visit)}
    return render(request, "appointments/doctor/no_show.html", context)


@workspace
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, doctor: Doctor, visit_id: str) -> HttpResponse:
    """Asks once and says what is paid back: all of it, because the doctor cancels."""
    visit = _visit(doctor, visit_id)
    if visit.status != AppointmentStatus.CONFIRMED:
        messages.error(request, _("Somebody changed this visit a moment ago. Look at it again, please."))
        return redirect(day_url(request, visit))
    form = CancelForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        done = _("The visit of %(name)s is cancelled, and they are told.") % {"name": visit.patient.full_name}
        service = partial(cancel_appointment, side=Side.DOCTOR, reason=form.cleaned_data["reason"])
        return _do(request, visit, service, done)
    quote = quote_refund(appointment=visit, by=Side.DOCTOR)
    context = {"visit": visit, "quote": quote, "form": form, "back": day_url(request, visit)}
    return render(request, "appointments/doctor/cancel.html", context, status=400 if form.errors else 200)


def day_url(request: HttpRequest, visit: Appointment) -> str:
    day = visit.scheduled_at.astimezone(request.clinic.policy.tz).date()
    return f"{reverse('appointments:doctor:today')}?day={day.isoformat()}"


def _visit(doctor: Doctor, visit_id: str) -> Appointment:
    return get_object_or_404(visits_of_doctor(doctor), pk=visit_id)


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


def why_not(visit: Appointment, error: InvalidTransition) -> str:
    """Why nothing was done to the visit, for whoever works at the clinic."""
    if (error.current, error.to) == (attendance.ARRIVED, AppointmentStatus.NO_SHOW):
        return _("%(name)s has come, so this visit was not missed.") % {"name": visit.patient.full_name}
    if error.current == attendance.UNVERIFIED:
        return _("The doctor was not verified at that time, so no visit could take place. Cancel it: all goes back.")
    return _("Somebody changed this visit a moment ago. Look at it again, please.")
