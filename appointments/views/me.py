"""A patient's care over all clinics (platform host; patients only)."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Doctor, Patient, Role, User
from accounts.selectors import patients_of
from appointments.home_parts import parts_of
from appointments.selectors_across import VisitKind, clinics_of, visits_across
from appointments.views.visit_lists import list_context, read_filters
from clinics.models import Membership
from clinics.policy_settings import ClinicSettings
from precta import clock, hosts
from precta.access import login_required, role_required

SHOWN_COMING = 4
SHOWN_LATELY = 5


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Where everybody lands after signing in: patients stay, others are shown to their own place of work."""
    people = list(patients_of(request.user))
    elsewhere = _place_of_work(request.user, is_patient=bool(people))
    if elsewhere:
        return HttpResponseRedirect(elsewhere)
    now = clock.now()
    clinics = clinics_of(people)
    person = next((p for p in people if p.pk == request.GET.get("person")), None)
    visits = visits_across(
        patients=[person] if person else people,
        clinics=clinics,
        kinds=list(VisitKind),
        size=SHOWN_LATELY,
        with_moved=False,
        now=now,
    )
    coming = [v for v in visits.rows if v.kind == VisitKind.COMING][:SHOWN_COMING]
    lately = [v for v in visits.rows if v.kind != VisitKind.COMING]
    lately.sort(key=lambda v: v.cancelled_at or v.scheduled_at, reverse=True)
    me = next((p for p in people if p.pk == request.user.pk), None)
    context = {
        "greeting": _greeting(me, now),
        "me": me,
        "person": person,
        "children": [p for p in people if p.pk != request.user.pk],
        "clinics": clinics,
        "next": coming[0] if coming else None,
        "then": coming[1:],
        "more": max(0, visits.counts[VisitKind.COMING] - SHOWN_COMING),
        "lately": lately[:SHOWN_LATELY],
        "parts": parts_of(request, lately[:SHOWN_LATELY]),
    }
    return render(request, "appointments/me/home.html", context)


@require_safe
@role_required(Role.PATIENT)
def appointments(request: HttpRequest) -> HttpResponse:
    """Every visit at every clinic, suspended ones too."""
    people = list(patients_of(request.user))
    clinics = clinics_of(people)
    filters = read_filters(request, people, clinics)
    return render(request, "appointments/me/appointments.html", list_context(filters, people, clinics))


def _place_of_work(user: User, *, is_patient: bool) -> str:
    """The address for somebody who is no patient; empty for a patient and for who has no place of work."""
    if user.role == Role.ADMIN:
        return hosts.admin_url()
    try:
        if user.role == Role.DOCTOR:
            doctor = Doctor.objects.select_related("clinic").filter(pk=user.pk, clinic__status="active").first()
            if doctor is not None and doctor.clinic is not None and doctor.has_workspace:
                return hosts.clinic_url(doctor.clinic, "appointments:doctor:today")
            return hosts.platform_url("accounts:join-doctor:home")
        if not is_patient:
            work = Membership.objects.select_related("clinic").filter(user=user, is_active=True).first()
            if work is not None and work.clinic.is_open:
                return hosts.clinic_url(work.clinic, "clinic_admin:index")
    except NoReverseMatch:
        pass
    return ""


def _greeting(me: Patient | None, now: datetime) -> str:
    hour = timezone.localtime(now, ClinicSettings().tz).hour
    if me is None:
        return _("Welcome")
    name = {"name": me.first_name}
    if hour < 12:
        return _("Good morning, %(name)s") % name
    if hour < 17:
        return _("Good afternoon, %(name)s") % name
    return _("Good evening, %(name)s") % name
