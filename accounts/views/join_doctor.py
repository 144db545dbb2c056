"""A doctor joins, follows the application, and later keeps the profile up to date. On the platform host.

Anybody may read what it takes; whoever is signed in may begin; every other page is the doctor's own.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import application, languages, specialties
from accounts.application import State
from accounts.directory.pages import find_clinics
from accounts.exceptions import (
    ApplicationIncomplete,
    ApplicationLocked,
    ClinicNotOpen,
    HasAClinic,
    HasCareOfTheirOwn,
    NotOpenToThem,
    SubmittedAlready,
)
from accounts.forms.doctor import AboutForm, PracticeForm, Qualifications, VisitsForm
from accounts.models import Doctor
from accounts.selectors import workplaces_of
from accounts.services import doctor_application as services
from accounts.services.verification import today_for
from clinics.models import Clinic
from clinics.policy_settings import DEFAULT_TIME_ZONE
from precta import clock
from precta.access import login_required
from precta.files.exceptions import UploadRefused
from precta.files.forms import status_of
from precta.ratelimit import limit
from precta.text import printable

STEPS = ("about", "practice", "visits", "clinic", "papers")
CLINICS_SHOWN = 20
BUTTONS = {"csrfmiddlewaretoken", "close", "confirm", "more"}


def own_application(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Hands the view the doctor who asks; whoever has not begun is shown how to."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        doctor = Doctor.objects.select_related("clinic", "user").filter(pk=request.user.pk).first()
        if doctor is None:
            if kwargs:
                raise Http404
            return HttpResponseRedirect(reverse("accounts:join-doctor:home"))
        with timezone.override(_zone_of(doctor)):
            return view(request, doctor, *args, **kwargs)

    return guarded


def _zone_of(doctor: Doctor) -> ZoneInfo:
    """Days are told by the clock of the doctor's clinic, in Kenya while there is none."""
    return doctor.clinic.policy.tz if doctor.clinic is not None else ZoneInfo(DEFAULT_TIME_ZONE)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Anybody: what it takes. A doctor: where the application stands, later the own practice."""
    if not request.user.is_authenticated:
        return render(request, "accounts/join/landing.html", {"back": reverse("accounts:join-doctor:home")})
    doctor = Doctor.objects.select_related("clinic", "user").filter(pk=request.user.pk).first()
    if doctor is None:
        return _landing(request)
    if doctor.clinic_id and not request.session.get("works_at"):
        request.session["works_at"] = workplaces_of(request.user)  # the clinic has accepted since signing in
    with timezone.override(_zone_of(doctor)):
        return render(request, "accounts/join/status.html", _standing(doctor))


def _landing(request: HttpRequest, status: int = 200) -> HttpResponse:
    context = {
        "back": reverse("accounts:join-doctor:home"),
        "is_platform_admin": request.user.is_platform_admin,
        "has_care": services.has_care(request.user),
    }
    return render(request, "accounts/join/landing.html", context, status=status)


def _standing(doctor: Doctor) -> dict[str, Any]:
    today = today_for(doctor, clock.now())
    state = application.state_of(doctor)
    papers = list(application.papers_of(doctor))
    replaced = {paper.replaces_id for paper in papers if paper.verification_status != "rejected"}
    shown = [paper for paper in papers if paper.pk not in replaced]
    soonest = min(
        (
            paper.expires_at
            for paper in shown
            if paper.type == "license" and paper.verification_status == "verified" and paper.expires_at
        ),
        default=None,
    )
    history = list(application.history_of(doctor)[:30])
    return {
        "doctor": doctor,
        "fields_named": ", ".join(map(specialties.name_of, doctor.specialties)),
        "languages_named": languages.named(doctor.languages),
        "state": state.value,
        "checklist": application.checklist(doctor, today=today),
        "papers": shown,
        "request_to_clinic": application.open_request(doctor),
        "refusal": application.last_refusal(doctor) if doctor.clinic_id is None else None,
        "history": history,
        "said": next((d for d in history if d.kind == "rejected" and d.credential_id is None), None),
        "ends_on": soonest if soonest and (soonest - today).days <= 60 else None,
        "days_left": (soonest - today).days if soonest else None,
        "is_locked": application.is_locked(doctor),
    }


@require_POST
@login_required
@limit("join-doctor", "20/h")
def start(request: HttpRequest) -> HttpResponse:
    """Anyone signed in but platform admins: the account becomes a doctor's."""
    try:
        services.start(user=request.user)
    except NotOpenToThem:
        raise PermissionDenied from None
    except HasCareOfTheirOwn:
        return _landing(request, status=409)
    request.session["is_patient"] = False
    return HttpResponseRedirect(reverse("accounts:join-doctor:about"))


@require_http_methods(["GET", "HEAD", "POST"])
@own_application
@limit("doctor-profile", "60/m")
def about(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    form = AboutForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        doctor=doctor,
        proved_stand=application.is_locked(doctor),
    )
    if request.method == "POST":
        _save_photo(doctor, form)
        if form.is_valid():
            if _needs_asking(request, doctor, form.values()):
                return _ask(request, "about")
            if _save(request, doctor, form, form.values()):
                return _onwards(request, doctor, "about")
    return _page(request, "about", doctor, form=form)


def _save_photo(doctor: Doctor, form: AboutForm) -> None:
    """A good photo is kept whatever the rest of the form says: nobody likes to choose it twice."""
    form.full_clean()
    photo = form.cleaned_data.get("photo")
    try:
        if photo is not None:
            services.save_photo(doctor=doctor, by=doctor.user, photo=photo)
        elif form.cleaned_data.get("remove_photo"):
            services.save_photo(doctor=doctor, by=doctor.user, photo=None)
    except UploadRefused as refused:
        form.add_error("photo", refused)


@require_http_methods(["GET", "HEAD", "POST"])
@own_application
@limit("doctor-profile", "60/m")
def practice(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    today = today_for(doctor, clock.now())
    data = request.POST if request.method == "POST" else None
    more = data is not None and "more" in data
    form = PracticeForm(data, doctor=doctor, proved_stand=application.is_locked(doctor))
    rows = Qualifications(
        _with_one_more(data) if more else data,
        prefix="q",
        initial=[row for row in doctor.qualifications if isinstance(row, dict)],
        form_kwargs={"today": today},
    )
    if request.method == "POST" and not more and form.is_valid() and rows.is_valid():
        values = {**form.cleaned_data, "qualifications": rows.values()}
        if _needs_asking(request, doctor, values):
            return _ask(request, "practice")
        if _save(request, doctor, form, values):
            return _onwards(request, doctor, "practice")
    if more:
        # One more row and nothing judged yet.
        return render(request, "accounts/join/practice.html", _step_context(doctor, "practice", form=form, rows=rows))
    return _page(request, "practice", doctor, form=form, rows=rows)


def _with_one_more(data: QueryDict) -> QueryDict:
    grown = data.copy()
    number = data.get("q-TOTAL_FORMS", "")
    if number.isdecimal() and len(number) < 4:
        grown["q-TOTAL_FORMS"] = str(int(number) + 1)
    return grown


@require_http_methods(["GET", "HEAD", "POST"])
@own_application
@limit("doctor-profile", "60/m")
def visits(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    form = VisitsForm(request.POST if request.method == "POST" else None, doctor=doctor)
    if request.method == "POST" and form.is_valid() and _save(request, doctor, form, form.values()):
        return _onwards(request, doctor, "visits")
    return _page(request, "visits", doctor, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@own_application
@limit("doctor-clinic", "30/m")
def clinic(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    """Search the active clinics and ask one of them."""
    status = 200
    if request.method == "POST":
        chosen = Clinic.objects.active().filter(pk=printable(request.POST.get("clinic", ""))[:36]).first()
        try:
            if chosen is None:
                raise ClinicNotOpen
            services.ask_clinic(doctor=doctor, by=request.user, clinic=chosen)
        except ClinicNotOpen:
            messages.error(request, _("This clinic takes nobody in just now. Choose another one."))
            status = 400
        except HasAClinic:
            messages.error(request, _("You work at a clinic already."))
            status = 409
        else:
            said = _("We have asked %(clinic)s. You can go on meanwhile.") % {"clinic": chosen.name}
            messages.success(request, said)
            return _onwards(request, doctor, "clinic")
    words = printable(request.GET.get("q", ""))[:100]
    found = find_clinics(q=words, city="").order_by("name", "pk") if doctor.clinic_id is None else Clinic.objects.none()
    shown = list(found[: CLINICS_SHOWN + 1])
    context = _step_context(
        doctor,
        "clinic",
        words=words,
        clinics=shown[:CLINICS_SHOWN],
        are_more=len(shown) > CLINICS_SHOWN,
        asked=application.open_request(doctor),
        refusal=application.last_refusal(doctor),
    )
    return render(request, "accounts/join/clinic.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@own_application
@limit("doctor-submit", "20/h")
def submit(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    """Read everything once more, then send it for verification."""
    status = 200
    if request.method == "POST":
        try:
            services.submit(doctor=doctor, by=request.user)
        except SubmittedAlready:
            return HttpResponseRedirect(reverse("accounts:join-doctor:home"))
        except ApplicationIncomplete:
            status = 400
        else:
            messages.success(request, _("Your application is on its way. We tell you what was decided."))
            return HttpResponseRedirect(reverse("accounts:join-doctor:home"))
    state = application.state_of(doctor)
    if state in {State.WAITING, State.VERIFIED}:
        return HttpResponseRedirect(reverse("accounts:join-doctor:home"))
    return render(request, "accounts/join/submit.html", _standing(doctor), status=status)


# What the steps share


def _needs_asking(request: HttpRequest, doctor: Doctor, values: dict[str, Any]) -> bool:
    """A verified doctor is told first what a change of name, licence number or field brings with it."""
    return (
        application.state_of(doctor) == State.VERIFIED
        and "confirm" not in request.POST
        and services.changes_what_is_proved(doctor=doctor, values=values)
    )


def _ask(request: HttpRequest, step: str) -> HttpResponse:
    typed = [(name, value) for name, values in request.POST.lists() if name not in BUTTONS for value in values]
    return render(request, "accounts/join/ask.html", {"typed": typed, "step": step})


def _save(request: HttpRequest, doctor: Doctor, form: Any, values: dict[str, Any]) -> bool:
    try:
        services.save_profile(doctor=doctor, by=request.user, values=values)
    except ApplicationLocked:
        form.add_error(None, _("Your application is being looked at: this cannot change until it is decided."))
        return False
    messages.success(request, _("What you changed is saved."))
    return True


def _onwards(request: HttpRequest, doctor: Doctor, step: str) -> HttpResponse:
    """To the next page that has something missing, or back to the overview."""
    home_url = reverse("accounts:join-doctor:home")
    if "close" in request.POST or application.state_of(doctor) in {State.VERIFIED, State.WAITING}:
        return HttpResponseRedirect(home_url)
    todo = {
        item.step for item in application.checklist(doctor, today=today_for(doctor, clock.now())).items if item.missing
    }
    later = STEPS[STEPS.index(step) + 1 :]
    following = next((name for name in later if name in todo), None)
    return HttpResponseRedirect(reverse(f"accounts:join-doctor:{following}") if following else home_url)


def _step_context(doctor: Doctor, step: str, **extra: Any) -> dict[str, Any]:
    return {
        "doctor": doctor,
        "step": step,
        "number": STEPS.index(step) + 1,
        "total": len(STEPS),
        "state": application.state_of(doctor).value,
        "is_locked": application.is_locked(doctor),
        **extra,
    }


def _page(request: HttpRequest, step: str, doctor: Doctor, **extra: Any) -> HttpResponse:
    status = status_of(extra["form"]) if request.method == "POST" else 200
    # The row as it stands: a refused form must not show what it could not change.
    fresh = get_object_or_404(Doctor.objects.select_related("clinic", "user"), pk=doctor.pk)
    return render(request, f"accounts/join/{step}.html", _step_context(fresh, step, **extra), status=status)
