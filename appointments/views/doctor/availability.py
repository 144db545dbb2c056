"""The doctor's weekly hours. Who may: a doctor of this clinic, and only their own windows (others are 404)."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Doctor
from appointments.exceptions import AppointmentError, ModeNotOffered, VisitsOutside, WindowOverlaps
from appointments.models import Appointment, DoctorAvailability
from appointments.services import availability as service
from appointments.views.doctor.forms import WEEK_FROM_MONDAY, CopyDayForm, WindowForm
from appointments.views.doctor.guard import workspace
from precta import clock

HOME = "appointments:doctor:availability"


@workspace
@require_safe
def availability(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    windows = list(DoctorAvailability.objects.filter(doctor=doctor).order_by("start_time", "consultation_mode"))
    days = [(number, name, [w for w in windows if w.day_of_week == number]) for number, name in WEEK_FROM_MONDAY]
    context = {
        "doctor": doctor,
        "days": days,
        "has_hours": bool(windows),
        "zone": f"{clock.now().astimezone(request.clinic.policy.tz):%Z}",
    }
    return render(request, "appointments/doctor/availability.html", context)


@workspace
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    day = request.GET.get("day", "")
    initial = {"day_of_week": int(day) if day in set("0123456") else WEEK_FROM_MONDAY[0][0]}
    return _window_page(request, doctor, None, initial)


@workspace
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, doctor: Doctor, window_id: str) -> HttpResponse:
    window = _window(doctor, window_id)
    initial = {
        "day_of_week": window.day_of_week,
        "start_time": window.start_time,
        "end_time": window.end_time,
        "mode": window.consultation_mode,
        "is_active": window.is_active,
    }
    return _window_page(request, doctor, window, initial)


@workspace
@require_POST
def switch(request: HttpRequest, doctor: Doctor, window_id: str) -> HttpResponse:
    """Rests the hours or takes them up again, whichever the form says; asks first when visits are left outside."""
    window = _window(doctor, window_id)
    active = request.POST.get("active") == "1"
    try:
        service.switch_window(
            doctor=doctor,
            by_user=request.user,
            window_id=window.pk,
            is_active=active,
            confirmed=_is_confirmed(request),
        )
    except DoctorAvailability.DoesNotExist:
        raise Http404 from None  # another tab has just removed it
    except VisitsOutside as asked:
        return _ask(request, "rest", window, asked.visits)
    except AppointmentError as error:
        messages.error(request, _explain(error))
    else:
        messages.success(request, _("Patients can book these hours.") if active else _("These hours rest for now."))
    return redirect(HOME)


@workspace
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, doctor: Doctor, window_id: str) -> HttpResponse:
    window = _window(doctor, window_id)
    if request.method != "POST":
        return _ask(request, "remove", window, service.visits_in_window(doctor=doctor, window=window))
    # The page that asked listed the visits; whoever is booked since then stays valid all the same.
    try:
        service.remove_window(doctor=doctor, by_user=request.user, window_id=window.pk, confirmed=True)
    except DoctorAvailability.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The hours are removed."))
    return redirect(HOME)


@workspace
@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: HttpRequest, doctor: Doctor, day: int) -> HttpResponse:
    names = dict(WEEK_FROM_MONDAY)
    if day not in names:
        raise Http404
    form = CopyDayForm(request.POST or None, from_day=day)
    context: dict[str, Any] = {
        "day": day,
        "day_name": names[day],
        "windows": DoctorAvailability.objects.filter(doctor=doctor, day_of_week=day).order_by("start_time"),
    }

    def save() -> None:
        service.copy_day(
            doctor=doctor,
            by_user=request.user,
            from_day=day,
            to_days=form.cleaned_data["to_days"],
            confirmed=_is_confirmed(request),
        )

    return _form_page(request, form, save, _("The day is copied."), "copy", context)


def _window_page(
    request: HttpRequest, doctor: Doctor, window: DoctorAvailability | None, initial: dict[str, Any]
) -> HttpResponse:
    form = WindowForm(request.POST or None, doctor=doctor, initial=initial)

    def save() -> None:
        service.set_window(
            doctor=doctor,
            by_user=request.user,
            window_id=window.pk if window else None,
            confirmed=_is_confirmed(request),
            **form.cleaned_data,
        )

    return _form_page(request, form, save, _("Your hours are saved."), "window", {"window": window})


def _form_page(
    request: HttpRequest, form: Any, save: Callable[[], None], done: str, page: str, context: dict[str, Any]
) -> HttpResponse:
    """Bind, save, and show the form again with the reason when the service refuses or asks."""
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                save()
            except DoctorAvailability.DoesNotExist:
                raise Http404 from None
            except VisitsOutside as asked:
                context["outside"] = asked.visits
                status = 409
            except AppointmentError as error:
                form.add_error(None, _explain(error))
                status = 409
            else:
                messages.success(request, done)
                return redirect(HOME)
    return render(request, f"appointments/doctor/availability_{page}.html", {"form": form, **context}, status=status)


def _ask(request: HttpRequest, what: str, window: DoctorAvailability, visits: list[Appointment]) -> HttpResponse:
    context = {"what": what, "window": window, "outside": visits}
    return render(request, "appointments/doctor/availability_ask.html", context)


def _explain(error: AppointmentError) -> str:
    if isinstance(error, WindowOverlaps) and error.other is not None:
        return _("You already have hours from %(start)s to %(end)s on that day for the same kind of visit.") % {
            "start": f"{error.other.start_time:%H:%M}",
            "end": f"{error.other.end_time:%H:%M}",
        }
    if isinstance(error, WindowOverlaps):
        return _("These hours overlap others that you have just added. Look at the week again, please.")
    if isinstance(error, ModeNotOffered):
        return _("You do not offer this kind of visit.")
    return _("That is not possible. Nothing was changed.")


def _is_confirmed(request: HttpRequest) -> bool:
    return request.POST.get("confirmed") == "1"


def _window(doctor: Doctor, window_id: str) -> DoctorAvailability:
    return get_object_or_404(DoctorAvailability, pk=window_id, doctor=doctor)
