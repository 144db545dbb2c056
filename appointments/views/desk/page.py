"""What all pages of the front desk share: the visit asked for, the way back, the frame of the clinic's admin."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse

from accounts.models import Doctor
from appointments.models import Appointment
from appointments.selectors_desk import visits_of_clinic
from appointments.views.doctor.days import read_day
from appointments.wall_clock import local_date
from clinics.admin_sites import clinic_admin
from precta import clock

HOME = "admin:appointments_desk"
# What an address of the day view may carry; anything else in it is dropped.
STATUSES = ("waiting", "coming", "unpaid", "done", "missed", "cancelled")


def page(request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page in the frame of the clinic's admin; `title` in the context is its heading."""
    frame = {} if getattr(request, "htmx", False) else clinic_admin.each_context(request)
    return render(request, f"admin/desk/{name}.html", {**frame, **context}, status=status)


def visit_or_404(request: HttpRequest, visit_id: str) -> Appointment:
    visit = visits_of_clinic().select_related("doctor__user", "booked_by", "payment").filter(pk=visit_id).first()
    if visit is None:
        raise Http404
    visit.clinic = request.clinic
    visit.doctor.clinic = request.clinic
    return visit


def doctor_or_404(request: HttpRequest, doctor_id: str) -> Doctor:
    doctor = Doctor.objects.select_related("user").filter(pk=doctor_id, clinic=request.clinic.pk).first()
    if doctor is None:
        raise Http404
    doctor.clinic = request.clinic
    return doctor


def day_url(request: HttpRequest, visit: Appointment | None = None) -> str:
    """Back to the day that the desk looked at (`back` of the form or address), or to the day of the visit."""
    query = read_back(request)
    if not query and visit is not None:
        query = {"day": local_date(visit.scheduled_at, request.clinic.policy.tz).isoformat()}
    anchor = f"#v-{visit.pk}" if visit is not None else ""
    return reverse(HOME) + ("?" + urlencode(query) if query else "") + anchor


def read_back(request: HttpRequest) -> dict[str, str]:
    """`day=2026-11-24&doctor=…&status=…` as the day view wrote it, checked piece by piece; empty for anything else."""
    try:
        given = QueryDict((request.POST.get("back") or request.GET.get("back") or "")[:300])
    except ValueError:
        return {}
    return day_query(request, given)


def day_query(request: HttpRequest, given: Any) -> dict[str, str]:
    """The known parts of a day view's query."""
    today = local_date(clock.now(), request.clinic.policy.tz)
    query: dict[str, str] = {}
    if given.get("day"):
        query["day"] = read_day(given["day"], today).isoformat()
    doctor = given.get("doctor", "")
    if doctor and doctor.isascii() and doctor.isalnum() and len(doctor) <= 36:
        query["doctor"] = doctor
    if given.get("status") in STATUSES:
        query["status"] = given["status"]
    return query
