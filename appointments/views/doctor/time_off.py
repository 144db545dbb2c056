"""Days and hours off. Who may: a doctor of this clinic, and only their own times off (others are 404)."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Doctor
from appointments import selectors_workspace as selectors
from appointments.exceptions import AppointmentError, TimeOffInPast, TimeOffOverlaps, TimeOffReversed, VisitsInTheWay
from appointments.models import Appointment, TimeOff
from appointments.services import time_off as service
from appointments.views.doctor.days import range_in_words
from appointments.views.doctor.forms import TimeOffForm
from appointments.views.doctor.guard import workspace
from precta import clock

HOME = "appointments:doctor:time-off"
PAST_SHOWN = 10
TELL, CANCEL = "tell", "cancel"


@workspace
@require_safe
def time_off(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    now = clock.now()
    tz = request.clinic.policy.tz
    coming = list(TimeOff.objects.filter(doctor=doctor, ends_at__gt=now).order_by("starts_at"))
    past = TimeOff.objects.filter(doctor=doctor, ends_at__lte=now).order_by("-starts_at")[:PAST_SHOWN]
    waiting = selectors.visits_in_times_off(doctor, coming, now=now)
    context = {
        "coming": [(each, range_in_words(each.starts_at, each.ends_at, tz), waiting[each.pk]) for each in coming],
        "past": [(each, range_in_words(each.starts_at, each.ends_at, tz)) for each in past],
    }
    return render(request, "appointments/doctor/time_off.html", context)


@workspace
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    """The form; then, when visits are booked in that time, a page that lists them and asks what to do with them."""
    tz = request.clinic.policy.tz
    form = TimeOffForm(request.POST if request.method == "POST" else None, tz=tz)
    if request.method != "POST":
        return _form(request, form, 200)
    if not form.is_valid():
        return _form(request, form, 400)
    data = form.cleaned_data
    span = {"starts_at": data["starts_at"], "ends_at": data["ends_at"]}
    decision = request.POST.get("decision")
    try:
        if decision not in {TELL, CANCEL}:
            starts_at, ends_at = service.check_range(doctor=doctor, **span)
            visits = service.visits_in_the_way(doctor=doctor, starts_at=starts_at, ends_at=ends_at)
            if visits:
                return _preview(request, form, visits, is_changed=False)
        added = service.add_time_off(
            doctor=doctor,
            by_user=request.user,
            reason=data["reason"],
            cancel_visits=decision == CANCEL,
            shown=request.POST.getlist("shown"),
            **span,
        )
    except VisitsInTheWay as changed:
        return _preview(request, form, changed.visits, is_changed=decision in {TELL, CANCEL})
    except AppointmentError as error:
        form.add_error(None, _explain(error, tz))
        return _form(request, form, 409)
    _say_done(request, added, decision, tz)
    return redirect(HOME)


@workspace
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, doctor: Doctor, time_off_id: str) -> HttpResponse:
    now = clock.now()
    found = get_object_or_404(TimeOff, pk=time_off_id, doctor=doctor, ends_at__gt=now)
    if request.method == "POST":
        try:
            service.remove_time_off(doctor=doctor, by_user=request.user, time_off_id=found.pk)
        except (TimeOff.DoesNotExist, TimeOffInPast):
            messages.error(request, _("This time off is gone or over already."))
        else:
            messages.success(request, _("Patients can book this time again."))
        return redirect(HOME)
    context = {
        "time_off": found,
        "span": range_in_words(found.starts_at, found.ends_at, request.clinic.policy.tz),
        "visits": selectors.visits_in_times_off(doctor, [found], now=now)[found.pk],
    }
    return render(request, "appointments/doctor/time_off_remove.html", context)


def _form(request: HttpRequest, form: TimeOffForm, status: int) -> HttpResponse:
    return render(request, "appointments/doctor/time_off_add.html", {"form": form}, status=status)


def _preview(
    request: HttpRequest, form: TimeOffForm, visits: Sequence[Appointment], *, is_changed: bool
) -> HttpResponse:
    data = form.cleaned_data
    paid = selectors.net_paid_of(visits)
    context: dict[str, Any] = {
        "form": form,
        "span": range_in_words(data["starts_at"], data["ends_at"], request.clinic.policy.tz),
        "visits": [(visit, paid[visit.pk]) for visit in visits],
        "total": sum(paid.values()),
        "currency": request.clinic.policy.currency,
        "is_changed": is_changed,
    }
    return render(request, "appointments/doctor/time_off_preview.html", context, status=409 if is_changed else 200)


def _say_done(request: HttpRequest, added: TimeOff, decision: str | None, tz: Any) -> None:
    span = range_in_words(added.starts_at, added.ends_at, tz)
    count = len(request.POST.getlist("shown"))
    if decision == CANCEL:
        words = ngettext(
            "You are off: %(span)s. %(count)d visit is cancelled and paid back.",
            "You are off: %(span)s. %(count)d visits are cancelled and paid back.",
            count,
        )
    elif count:
        words = ngettext(
            "You are off: %(span)s. The patient of %(count)d visit is told and may choose.",
            "You are off: %(span)s. The patients of %(count)d visits are told and may choose.",
            count,
        )
    else:
        words = _("You are off: %(span)s.")
    messages.success(request, words % {"span": span, "count": count})


def _explain(error: AppointmentError, tz: Any) -> str:
    if isinstance(error, TimeOffOverlaps) and error.other is not None:
        span = range_in_words(error.other.starts_at, error.other.ends_at, tz)
        return _("You are off during part of this time already: %(span)s.") % {"span": span}
    if isinstance(error, TimeOffOverlaps):
        return _("You are off during part of this time already.")
    if isinstance(error, TimeOffInPast):
        return _("This time is in the past.")
    if isinstance(error, TimeOffReversed):
        return _("The end must be after the beginning.")
    return _("That is not possible. Nothing was changed.")
