"""Hours window by window and day by day, by plain forms. Who may: see `place`; another doctor's windows are 404."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Doctor
from appointments.exceptions import AppointmentError, VisitsOutside
from appointments.hours import DayHours, Hours, WeeklyHours, Window
from appointments.hours_grid import WEEK_FROM_MONDAY
from appointments.models import Appointment, AvailabilityException, DoctorAvailability
from appointments.services import availability as service
from appointments.services.hours import hours_of, read_hours, today_of, visits_left_outside
from appointments.views.hours.editor import preview_page
from appointments.views.hours.forms import CopyDayForm, DayForm, WindowForm
from appointments.views.hours.place import Place
from appointments.views.hours.words import explain
from precta import clock

BOTH = ["GET", "HEAD", "POST"]


@require_http_methods(BOTH)
def add(request: HttpRequest, place: Place) -> HttpResponse:
    day = request.GET.get("day", "")
    initial = {"day_of_week": int(day) if day in set("0123456") else WEEK_FROM_MONDAY[0][0]}
    return _window_page(request, place, None, initial)


@require_http_methods(BOTH)
def edit(request: HttpRequest, place: Place, window_id: str) -> HttpResponse:
    window = _window(place.doctor, window_id)
    initial = {
        "day_of_week": window.day_of_week,
        "start_time": window.start_time,
        "end_time": window.end_time,
        "mode": window.consultation_mode,
        "is_active": window.is_active,
        "effective_from": window.effective_from,
        "effective_until": window.effective_until,
    }
    return _window_page(request, place, window, initial)


@require_POST
def switch(request: HttpRequest, place: Place, window_id: str) -> HttpResponse:
    """Rests the hours or takes them up again, whichever the form says; asks first when visits are left outside."""
    window = _window(place.doctor, window_id)
    active = request.POST.get("active") == "1"
    try:
        service.switch_window(
            doctor=place.doctor,
            by_user=request.user,
            window_id=window.pk,
            is_active=active,
            confirmed=_is_confirmed(request),
        )
    except DoctorAvailability.DoesNotExist:
        raise Http404 from None  # another tab has just removed it
    except VisitsOutside as asked:
        return _ask(request, place, "rest", window, asked.visits)
    except AppointmentError as error:
        messages.error(request, explain(error))
    else:
        messages.success(request, _("Patients can book these hours.") if active else _("These hours rest for now."))
    return redirect(place.url())


@require_http_methods(BOTH)
def remove(request: HttpRequest, place: Place, window_id: str) -> HttpResponse:
    window = _window(place.doctor, window_id)
    if request.method != "POST":
        return _ask(request, place, "remove", window, service.visits_in_window(doctor=place.doctor, window=window))
    # The page that asked listed the visits; whoever is booked since then stays valid all the same.
    try:
        service.remove_window(doctor=place.doctor, by_user=request.user, window_id=window.pk, confirmed=True)
    except DoctorAvailability.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The hours are removed."))
    return redirect(place.url())


@require_http_methods(BOTH)
def copy(request: HttpRequest, place: Place, day: int) -> HttpResponse:
    names = dict(WEEK_FROM_MONDAY)
    if day not in names:
        raise Http404
    form = CopyDayForm(request.POST if request.method == "POST" else None, from_day=day)
    context: dict[str, Any] = {
        "day": day,
        "day_name": names[day],
        "windows": DoctorAvailability.objects.filter(doctor=place.doctor, day_of_week=day).order_by("start_time"),
    }

    def save() -> None:
        service.copy_day(
            doctor=place.doctor,
            by_user=request.user,
            from_day=day,
            to_days=form.cleaned_data["to_days"],
            confirmed=_is_confirmed(request),
        )

    def draft(saved: Hours) -> Hours:
        to_days = set(form.cleaned_data["to_days"]) - {day}
        copies = tuple(
            row._replace(window=row.window._replace(day_of_week=to))
            for to in to_days
            for row in saved.weekly
            if row.window.day_of_week == day
        )
        return Hours((*(row for row in saved.weekly if row.window.day_of_week not in to_days), *copies), saved.days)

    return _form_page(request, place, form, save, draft, _("The day is copied."), "copy", context)


@require_http_methods(BOTH)
def set_day(request: HttpRequest, place: Place) -> HttpResponse:
    """Lets a day have hours of its own, or none."""
    form = DayForm(
        request.POST if request.method == "POST" else None, doctor=place.doctor, today=today_of(place.doctor)
    )

    def save() -> None:
        data = form.cleaned_data
        service.set_day(
            doctor=place.doctor,
            by_user=request.user,
            day=data["date"],
            mode=data["mode"],
            start_time=data["start_time"],
            end_time=data["end_time"],
            confirmed=_is_confirmed(request),
        )

    def draft(saved: Hours) -> Hours:
        data = form.cleaned_data
        return Hours(
            saved.weekly, (*saved.days, DayHours(data["date"], data["mode"], data["start_time"], data["end_time"]))
        )

    return _form_page(request, place, form, save, draft, _("The day is saved."), "day", {})


@require_http_methods(BOTH)
def remove_day(request: HttpRequest, place: Place, exception_id: str) -> HttpResponse:
    entry = get_object_or_404(AvailabilityException, pk=exception_id, doctor=place.doctor)
    if request.method != "POST":
        before = read_hours(place.doctor)
        gone = hours_of((), [entry]).days
        after = Hours(before.weekly, tuple(row for row in before.days if row not in gone))
        outside = visits_left_outside(doctor=place.doctor, before=before, after=after, now=clock.now())
        return place.render(request, "day_remove", {"entry": entry, "outside": outside})
    try:
        service.remove_day(doctor=place.doctor, by_user=request.user, exception_id=entry.pk, confirmed=True)
    except AvailabilityException.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The weekly hours hold on that day again."))
    return redirect(place.url())


def _window_page(
    request: HttpRequest, place: Place, window: DoctorAvailability | None, initial: dict[str, Any]
) -> HttpResponse:
    form = WindowForm(request.POST if request.method == "POST" else None, doctor=place.doctor, initial=initial)

    def save() -> None:
        service.set_window(
            doctor=place.doctor,
            by_user=request.user,
            window_id=window.pk if window else None,
            confirmed=_is_confirmed(request),
            **form.cleaned_data,
        )

    def draft(saved: Hours) -> Hours:
        data = form.cleaned_data
        times = data["start_time"], data["end_time"], data["effective_from"], data["effective_until"]
        wanted = WeeklyHours(data["mode"], Window(data["day_of_week"], *times), data["is_active"])
        gone = hours_of([window]).weekly if window else ()
        return Hours((*(row for row in saved.weekly if row not in gone), wanted), saved.days)

    return _form_page(request, place, form, save, draft, _("Your hours are saved."), "window", {"window": window})


def _form_page(
    request: HttpRequest,
    place: Place,
    form: Any,
    save: Callable[[], None],
    draft: Callable[[Hours], Hours],
    done: str,
    page: str,
    context: dict[str, Any],
) -> HttpResponse:
    """Bind, then show what would become of it or save; the form again with the reason when it is refused."""
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                if "preview" in request.POST:
                    saved = read_hours(place.doctor)
                    return preview_page(request, place, saved, draft(saved), version=saved.token)
                save()
            except DoctorAvailability.DoesNotExist:
                raise Http404 from None
            except VisitsOutside as asked:
                context["outside"] = asked.visits
                status = 409
            except AppointmentError as error:
                form.add_error(None, explain(error))
                status = 409
            else:
                messages.success(request, done)
                return redirect(place.url())
    return place.render(request, page, {"form": form, **context}, status)


def _ask(
    request: HttpRequest, place: Place, what: str, window: DoctorAvailability, visits: list[Appointment]
) -> HttpResponse:
    return place.render(request, "ask", {"what": what, "window": window, "outside": visits})


def _is_confirmed(request: HttpRequest) -> bool:
    return request.POST.get("confirmed") == "1"


def _window(doctor: Doctor, window_id: str) -> DoctorAvailability:
    return get_object_or_404(DoctorAvailability, pk=window_id, doctor=doctor)
