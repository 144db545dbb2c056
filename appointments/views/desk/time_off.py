"""Hours and absences of the doctors. Who may: holders of `availability.view`; to change them `availability.edit`."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Doctor
from appointments import selectors_workspace as selectors
from appointments.exceptions import AppointmentError, TimeOffInPast, TimeOffOverlaps, TimeOffReversed, VisitsInTheWay
from appointments.forms.desk import DeskTimeOffForm
from appointments.models import Appointment, DoctorAvailability, TimeOff
from appointments.models.availability import Weekday
from appointments.services import time_off as service
from appointments.views.desk.page import doctor_or_404, page
from appointments.views.doctor.days import range_in_words
from appointments.wall_clock import local_date
from clinics.policies import can, capability_required, request_membership
from precta import clock

TELL, CANCEL = "tell", "cancel"
BAD, CONFLICT = 400, 409


@capability_required("availability.view")
@require_safe
def overview(request: HttpRequest, doctor_id: str) -> HttpResponse:
    """One doctor's weekly hours and the absences ahead."""
    doctor = doctor_or_404(request, doctor_id)
    now = clock.now()
    tz = request.clinic.policy.tz
    coming = list(TimeOff.objects.filter(doctor=doctor, ends_at__gt=now).order_by("starts_at"))
    waiting = selectors.visits_in_times_off(doctor, coming, now=now)
    today = local_date(now, tz)
    windows = [
        window
        for window in DoctorAvailability.objects.filter(doctor=doctor, is_active=True).order_by("start_time")
        if window.effective_until is None or window.effective_until >= today
    ]
    names = dict(Weekday.choices)
    context = {
        "title": doctor.display_name,
        "doctor": doctor,
        "week": [(names[day % 7], [w for w in windows if w.day_of_week == day % 7]) for day in range(1, 8)],
        "coming": [(each, range_in_words(each.starts_at, each.ends_at, tz), waiting[each.pk]) for each in coming],
        "may_edit": can(request_membership(request), "availability.edit"),
        "editor_url": editor_url(doctor),
    }
    return page(request, "hours", context)


@capability_required("availability.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, doctor_id: str) -> HttpResponse:
    """The form; then, when visits are booked in that time, a page that lists them and asks what to do with them."""
    doctor = doctor_or_404(request, doctor_id)
    form = DeskTimeOffForm(request.POST if request.method == "POST" else None, tz=request.clinic.policy.tz)
    if request.method != "POST":
        return _form(request, doctor, form, 200)
    if not form.is_valid():
        return _form(request, doctor, form, BAD)
    span = {name: form.cleaned_data[name] for name in ("starts_at", "ends_at")}
    decision = request.POST.get("decision")
    try:
        if decision not in {TELL, CANCEL}:
            starts_at, ends_at = service.check_range(doctor=doctor, **span)
            visits = service.visits_in_the_way(doctor=doctor, starts_at=starts_at, ends_at=ends_at)
            if visits:
                return _preview(request, doctor, form, visits, is_changed=False)
        added = service.add_time_off(
            doctor=doctor,
            by_user=request.user,
            cancel_visits=decision == CANCEL,
            shown=request.POST.getlist("shown"),
            **span,
        )
    except VisitsInTheWay as changed:
        return _preview(request, doctor, form, changed.visits, is_changed=decision in {TELL, CANCEL})
    except AppointmentError as error:
        form.add_error(None, _explain(error, request.clinic.policy.tz))
        return _form(request, doctor, form, CONFLICT)
    _say_done(request, doctor, added, decision)
    return redirect(_hours_url(doctor))


@capability_required("availability.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, doctor_id: str, time_off_id: str) -> HttpResponse:
    doctor = doctor_or_404(request, doctor_id)
    now = clock.now()
    found = TimeOff.objects.filter(pk=time_off_id, doctor=doctor, ends_at__gt=now).first()
    if found is None:
        raise Http404
    if request.method == "POST":
        try:
            service.remove_time_off(doctor=doctor, by_user=request.user, time_off_id=found.pk)
        except (TimeOff.DoesNotExist, TimeOffInPast):
            messages.error(request, _("This time off is gone or over already."))
        else:
            messages.success(request, _("Patients can book this time again."))
        return redirect(_hours_url(doctor))
    context = {
        "title": _("Remove this time off?"),
        "doctor": doctor,
        "span": range_in_words(found.starts_at, found.ends_at, request.clinic.policy.tz),
        "visits": selectors.visits_in_times_off(doctor, [found], now=now)[found.pk],
        "back_url": _hours_url(doctor),
    }
    return page(request, "time_off_remove", context)


def editor_url(doctor: Doctor) -> str:
    """Where the doctor's weekly hours are changed."""
    try:
        return reverse("admin:appointments_availability_editor", args=[doctor.pk])
    except NoReverseMatch:
        return ""


def _form(request: HttpRequest, doctor: Doctor, form: DeskTimeOffForm, status: int) -> HttpResponse:
    context = {"title": _("Time off"), "doctor": doctor, "form": form, "back_url": _hours_url(doctor)}
    return page(request, "time_off_add", context, status=status)


def _preview(
    request: HttpRequest, doctor: Doctor, form: DeskTimeOffForm, visits: Sequence[Appointment], *, is_changed: bool
) -> HttpResponse:
    data = form.cleaned_data
    paid = selectors.net_paid_of(visits)
    context: dict[str, Any] = {
        "title": _("Visits in the way"),
        "doctor": doctor,
        "form": form,
        "span": range_in_words(data["starts_at"], data["ends_at"], request.clinic.policy.tz),
        "visits": [(visit, paid[visit.pk]) for visit in visits],
        "total": sum(paid.values()),
        "currency": request.clinic.policy.currency,
        "is_changed": is_changed,
        "back_url": _hours_url(doctor),
    }
    return page(request, "time_off_preview", context, status=CONFLICT if is_changed else 200)


def _say_done(request: HttpRequest, doctor: Doctor, added: TimeOff, decision: str | None) -> None:
    count = len(request.POST.getlist("shown"))
    if decision == CANCEL:
        words = ngettext(
            "%(doctor)s is off: %(span)s. %(count)d visit is cancelled and paid back.",
            "%(doctor)s is off: %(span)s. %(count)d visits are cancelled and paid back.",
            count,
        )
    elif count:
        words = ngettext(
            "%(doctor)s is off: %(span)s. The patient of %(count)d visit is told and may choose.",
            "%(doctor)s is off: %(span)s. The patients of %(count)d visits are told and may choose.",
            count,
        )
    else:
        words = _("%(doctor)s is off: %(span)s.")
    span = range_in_words(added.starts_at, added.ends_at, request.clinic.policy.tz)
    messages.success(request, words % {"doctor": doctor.display_name, "span": span, "count": count})


def _explain(error: AppointmentError, tz: Any) -> str:
    if isinstance(error, TimeOffOverlaps) and error.other is not None:
        span = range_in_words(error.other.starts_at, error.other.ends_at, tz)
        return _("The doctor is off during part of this time already: %(span)s.") % {"span": span}
    if isinstance(error, TimeOffOverlaps):
        return _("The doctor is off during part of this time already.")
    if isinstance(error, TimeOffInPast):
        return _("This time is in the past.")
    if isinstance(error, TimeOffReversed):
        return _("The end must be after the beginning.")
    return _("That is not possible. Nothing was changed.")


def _hours_url(doctor: Doctor) -> str:
    return reverse("admin:appointments_desk_hours", args=[doctor.pk])
