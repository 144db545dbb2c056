"""Moving a visit for its patient. Who may: holders of `visits.move`."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import Doctor
from appointments import exceptions
from appointments.forms.visits import MoveForm
from appointments.models import Appointment, AppointmentStatus
from appointments.services.cancellation import Side
from appointments.services.rescheduling import last_moment_to_move, quote_reschedule, reschedule_appointment
from appointments.views.desk.page import day_url, page, read_back, visit_or_404
from appointments.week import Week, moment_key, parse_moment, read_week
from clinics.policies import capability_required
from precta import clock
from precta.ids import new_id
from precta.templatetags.precta_tags import clinic_time

BAD, CONFLICT = 400, 409


@capability_required("visits.move")
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, visit_id: str) -> HttpResponse:
    """GET chooses a time of the same doctor and shows what it means for the money; POST moves."""
    visit = visit_or_404(request, visit_id)
    refusal = _refusal(visit)
    if refusal:
        messages.warning(request, refusal)
        return redirect(day_url(request, visit))
    if request.method == "POST":
        return _move(request, visit)
    week = _week(visit, request.GET)
    return _page(request, visit, week, status=CONFLICT if week.was_taken else BAD if week.error else 200)


def _refusal(visit: Appointment) -> str:
    if visit.status == AppointmentStatus.PENDING_PAYMENT:
        return _("This time is not paid yet, so it cannot be moved. Cancel it and book another one.")
    if visit.status != AppointmentStatus.CONFIRMED:
        return _("This visit is not ahead any more, so it cannot be moved.")
    if clock.now() > last_moment_to_move(visit, side=Side.CLINIC):
        return _("This visit's time has begun, so it cannot be moved any more.")
    if not Doctor.objects.public().filter(pk=visit.doctor_id, clinic=visit.clinic).exists():
        return _("This doctor takes no new visits at the moment.")
    return ""


def _week(visit: Appointment, asked: Any) -> Week:
    own_day = visit.scheduled_at.astimezone(visit.clinic.policy.tz).date().isoformat()
    return read_week(
        doctor=visit.doctor,
        clinic=visit.clinic,
        now=clock.now(),
        mode=asked.get("mode", "")[:20] or visit.consultation_type,
        day=asked.get("day", "")[:20] or own_day,
        at=asked.get("at", "")[:60],
        moving=visit,
        within_lead=True,
    )


def _page(
    request: HttpRequest, visit: Appointment, week: Week, *, status: int = 200, notice: str = "", key: str = ""
) -> HttpResponse:
    context: dict[str, Any] = {
        "title": _("Move a visit"),
        "visit": visit,
        "week": week,
        "notice": notice,
        "back_url": day_url(request, visit),
        "back": urlencode(read_back(request)),
        "chosen": moment_key(week.at.starts_at) if week.at else "",
    }
    if week.at is not None:
        quote = quote_reschedule(appointment=visit, starts_at=week.at.starts_at, side=Side.CLINIC)
        context["quote"] = quote
        context["form"] = MoveForm(initial={"expected_fee": quote.fee, "key": key or new_id()})
    return page(request, "move", context, status=status)


def _move(request: HttpRequest, visit: Appointment) -> HttpResponse:
    form = MoveForm(request.POST)
    at = parse_moment(request.POST.get("at", "")[:60])
    mode = request.POST.get("mode", "")[:20]
    if at is None or mode not in visit.doctor.consultation_modes or not form.is_valid():
        return _page(request, visit, _week(visit, request.POST), status=BAD)
    try:
        new = reschedule_appointment(
            appointment=visit,
            starts_at=at,
            mode=mode,
            by_user=request.user,
            side=Side.CLINIC,
            idempotency_key=form.cleaned_data["key"],
            expected_fee=form.cleaned_data["expected_fee"],
        )
    except exceptions.FeeChanged:
        notice = _("The price has changed since this page was shown. Nothing was moved; this is the new one.")
        return _page(request, visit, _week(visit, request.POST), status=CONFLICT, notice=notice)
    except exceptions.SlotTaken:
        week = _week(visit, request.POST)
        week.at = None
        week.error = week.error or _("This time has been taken. Choose another one below.")
        week.was_taken = True
        return _page(request, visit, week, status=CONFLICT)
    except (exceptions.SlotNotOffered, exceptions.NothingToMove, exceptions.KeyReused):
        week = _week(visit, request.POST)
        if not week.error and week.at is None:
            week.error = _("The doctor does not offer this time. Choose one of the free times below.")
        return _page(request, visit, week, status=BAD)
    except (exceptions.TooLateToMove, exceptions.InvalidTransition):
        messages.error(request, _("Somebody changed this visit a moment ago. Look at it again, please."))
        return redirect(day_url(request, visit))
    words = _("The visit of %(name)s is moved to %(time)s, and they are told.")
    messages.success(
        request, words % {"name": visit.patient.full_name, "time": clinic_time(new.scheduled_at, visit.clinic)}
    )
    return redirect(day_url(request, new))
