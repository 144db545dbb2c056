"""The doctor's week. Who may: a doctor of this clinic."""

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Doctor
from appointments import selectors_workspace as selectors
from appointments.doctor_week import lay_out
from appointments.models import AvailabilityException, DoctorAvailability
from appointments.views.doctor.days import read_day
from appointments.views.doctor.guard import workspace
from appointments.wall_clock import monday_of
from precta import clock

WEEK = 7


@workspace
@require_safe
def calendar(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    now = clock.now()
    tz = request.clinic.policy.tz
    today = now.astimezone(tz).date()
    monday = monday_of(read_day(request.GET.get("week"), today))
    week = lay_out(
        monday,
        today=today,
        tz=tz,
        visits=selectors.visits_and_holds(doctor, first=monday, days=WEEK, now=now),
        windows=DoctorAvailability.objects.filter(doctor=doctor, is_active=True),
        absences=selectors.times_off(doctor, first=monday, days=WEEK),
        exceptions=list(
            AvailabilityException.objects.filter(
                doctor=doctor, date__gte=monday, date__lt=monday + timedelta(days=WEEK)
            )
        ),
    )
    context = {
        "doctor": doctor,
        "week": week,
        "title": week_title(monday, today),
        "monday": monday,
        "earlier": monday - timedelta(days=WEEK),
        "later": monday + timedelta(days=WEEK),
        "is_this_week": monday == monday_of(today),
        "total": sum(len(day.visits) for day in week.days),
        "zone": f"{now.astimezone(tz):%Z}",
    }
    return render(request, "appointments/doctor/calendar.html", context)


def week_title(monday: date, today: date) -> str:
    """ "23 – 29 November", with the months and the year where they are needed."""
    sunday = monday + timedelta(days=WEEK - 1)
    first = "j" if monday.month == sunday.month else "j F"
    last = "j F" if sunday.year == today.year else "j F Y"
    return _("%(first)s – %(last)s") % {"first": date_format(monday, first), "last": date_format(sunday, last)}
