"""Moving a visit: the doctor's week again, what the new time costs, and the move."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import Doctor
from appointments import exceptions
from appointments.forms.visits import MoveForm
from appointments.models import Appointment, AppointmentStatus
from appointments.policies import may_patient_move
from appointments.services.rescheduling import quote_reschedule, reschedule_appointment
from appointments.services.time_off import is_displaced
from appointments.views.patient.visits import visit_or_404
from appointments.week import Week, moment_key, parse_moment, read_week
from precta import clock
from precta.access import login_required
from precta.ids import new_id

BAD, CONFLICT = 400, 409


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def reschedule(request: HttpRequest, appointment_id: str) -> HttpResponse:
    """The patient or guardian. GET chooses a time and shows the difference, which changes nothing; POST moves."""
    visit = visit_or_404(request, appointment_id)
    now = clock.now()
    refusal = _refusal(visit, now)
    if refusal:
        messages.warning(request, refusal)
        return redirect("appointments:patient:detail", visit.pk)
    if request.method == "POST":
        return _move(request, visit, now)
    week = _week(visit, request.GET, now)
    status = CONFLICT if week.was_taken else BAD if week.error else 200
    return _page(request, visit, week, status=status)


def _refusal(visit: Appointment, now: datetime) -> str:
    """Why this visit cannot be moved here; empty when it can."""
    if visit.status == AppointmentStatus.PENDING_PAYMENT:
        return _("This time is not paid yet. Pay for it first, or let it go and choose another one.")
    if visit.status != AppointmentStatus.CONFIRMED:
        return _("This visit is not ahead any more, so it cannot be moved.")
    if not may_patient_move(visit, now=now):
        return _("It is too late to move this visit. Please call the clinic.")
    if not Doctor.objects.public().filter(pk=visit.doctor_id, clinic=visit.clinic).exists():
        return _("This doctor takes no new visits at the moment. Please call the clinic.")
    return ""


def _week(visit: Appointment, asked: Any, now: datetime) -> Week:
    own_day = visit.scheduled_at.astimezone(visit.clinic.policy.tz).date().isoformat()
    return read_week(
        doctor=visit.doctor,
        clinic=visit.clinic,
        now=now,
        mode=asked.get("mode", "")[:20] or visit.consultation_type,
        day=asked.get("day", "")[:20] or own_day,
        at=asked.get("at", "")[:60],
        moving=visit,
    )


def _page(
    request: HttpRequest, visit: Appointment, week: Week, *, status: int = 200, notice: str = "", key: str = ""
) -> HttpResponse:
    context: dict[str, Any] = {
        "visit": visit,
        "week": week,
        "notice": notice,
        "is_displaced": is_displaced(visit),
        "chosen": moment_key(week.at.starts_at) if week.at else "",
    }
    if week.at is not None:
        quote = quote_reschedule(appointment=visit, starts_at=week.at.starts_at)
        context["quote"] = quote
        context["form"] = MoveForm(initial={"expected_fee": quote.fee, "key": key or new_id()})
    return render(request, "appointments/patient/reschedule.html", context, status=status)


def _move(request: HttpRequest, visit: Appointment, now: datetime) -> HttpResponse:
    form = MoveForm(request.POST)
    at = parse_moment(request.POST.get("at", "")[:60])
    mode = request.POST.get("mode", "")[:20]
    if at is None or mode not in visit.doctor.consultation_modes or not form.is_valid():
        return _page(request, visit, _week(visit, request.POST, now), status=BAD)
    try:
        new = reschedule_appointment(
            appointment=visit,
            starts_at=at,
            mode=mode,
            by_user=request.user,
            idempotency_key=form.cleaned_data["key"],
            expected_fee=form.cleaned_data["expected_fee"],
        )
    except exceptions.FeeChanged:
        notice = _("The price has changed since this page was shown. Nothing was moved; this is the new one.")
        return _page(request, visit, _week(visit, request.POST, now), status=CONFLICT, notice=notice)
    except exceptions.SlotTaken:
        week = _week(visit, request.POST, now)
        week.at = None
        week.error = week.error or _("This time has been taken. Choose another one below.")
        week.was_taken = True
        return _page(request, visit, week, status=CONFLICT)
    except (exceptions.SlotNotOffered, exceptions.NothingToMove, exceptions.KeyReused):
        week = _week(visit, request.POST, now)
        if not week.error and week.at is None:
            week.error = _("The doctor does not offer this time. Choose one of the free times below.")
        return _page(request, visit, week, status=BAD)
    except (exceptions.TooLateToMove, exceptions.InvalidTransition):
        messages.warning(request, _("This visit cannot be moved any more: it was changed a moment ago."))
        return redirect("appointments:patient:detail", visit.pk)
    if new.status == AppointmentStatus.PENDING_PAYMENT:
        return redirect("appointments:patient:pay", new.pk)
    return redirect("appointments:patient:detail", new.pk)
