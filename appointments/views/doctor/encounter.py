"""The visit itself: beginning it, writing its notes, ending it. Who may: its doctor; any other id is 404."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Doctor
from appointments.exceptions import (
    InvalidTransition,
    NotEnded,
    NotesChanged,
    NotesIncomplete,
    NotesLocked,
    NotVerified,
    NotYet,
)
from appointments.follow_up import WEEKS, mode_of_next, next_slot
from appointments.forms.notes import AddendumForm, NotesForm, written
from appointments.models import Appointment, AppointmentStatus, Consultation
from appointments.selectors_encounter import notes_of, visits_with_notes
from appointments.selectors_workspace import patient_card
from appointments.services.consultation import OPENS_BEFORE, end_consultation, start_consultation
from appointments.services.encounter_notes import add_addendum, finish_notes, save_notes
from appointments.views.doctor.days import age_in_words
from appointments.views.doctor.guard import workspace
from appointments.views.doctor.visits import day_url
from appointments.visit_parts import Audience, parts_of
from precta import clock
from precta.audit.services import record

BAD, CONFLICT = 400, 409
READERS = {
    "diagnosis": gettext_lazy("the patient reads this"),
    "plan": gettext_lazy("the patient reads this"),
    "follow_up_notes": gettext_lazy("the patient reads this"),
    "doctor_notes": gettext_lazy("for you alone"),
}
NOT_VERIFIED = gettext_lazy("Your licence is not verified at the moment, so you cannot begin a visit.")
WHY_NOT_SIGNED = {
    NotEnded: gettext_lazy("End the visit first, then sign the notes."),
    NotesIncomplete: gettext_lazy("Write a diagnosis or a plan first: the patient's summary consists of them."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A text of the notes; `theirs` is what another window saved in its place."""

    field: BoundField
    theirs: str
    is_theirs: bool
    hint: str


@workspace
@require_http_methods(["GET", "HEAD", "POST"])
def visit(request: HttpRequest, doctor: Doctor, visit_id: str) -> HttpResponse:
    """The patient and the notes. A POST saves the notes, and does what its button says (`do`).

    The page's script saves the same way and asks for JSON.
    """
    found = _visit(request, doctor, visit_id)
    if request.method == "POST":
        return _write(request, doctor, found)
    record("patient.viewed", resource=found.patient, details={"appointment_id": found.pk})
    return _page(request, doctor, found)


@workspace
@require_POST
def start(request: HttpRequest, doctor: Doctor, visit_id: str) -> HttpResponse:
    found = _visit(request, doctor, visit_id)
    try:
        start_consultation(appointment=found, by_user=request.user)
    except NotYet:
        messages.error(request, _("It is too early for that. Nothing was changed."))
    except NotVerified:
        messages.error(request, NOT_VERIFIED)
    except InvalidTransition:
        messages.error(request, _("Somebody changed this visit a moment ago. Look at it again, please."))
    return redirect("appointments:doctor:visit", found.pk)


@workspace
@require_POST
def addendum(request: HttpRequest, doctor: Doctor, visit_id: str) -> HttpResponse:
    """Adds to signed notes; before that there is nothing to add to."""
    found = _visit(request, doctor, visit_id)
    notes = notes_of(found)
    if notes is None or notes.finished_at is None:
        messages.error(request, _("Additions come after the notes are signed."))
        return redirect("appointments:doctor:visit", found.pk)
    form = AddendumForm(request.POST)
    if not form.is_valid():
        return _page(request, doctor, found, addendum_form=form, status=BAD)
    add_addendum(consultation=notes, by_user=request.user, text=form.cleaned_data["text"])
    messages.success(request, _("Added, with today's date and your name."))
    return redirect(_url(found) + "#additions")


def _visit(request: HttpRequest, doctor: Doctor, visit_id: str) -> Appointment:
    found = get_object_or_404(visits_with_notes(doctor), pk=visit_id)
    found.clinic = request.clinic
    found.doctor = doctor
    return found


def _url(visit: Appointment) -> str:
    return reverse("appointments:doctor:visit", args=[visit.pk])


def _write(request: HttpRequest, doctor: Doctor, visit: Appointment) -> HttpResponse:
    notes, act = notes_of(visit), request.POST.get("do", "save")
    form = NotesForm(request.POST)
    if notes is None:
        return _locked(request, doctor, visit, None, form)
    if not form.is_valid():
        return _invalid(request, doctor, visit, form)
    values, version = form.values(), form.cleaned_data["version"]
    if act == "end":
        _end(request, visit)
    elif act == "withdraw":
        values |= {"follow_up_at": None, "follow_up_mode": ""}
    elif act.startswith("propose-"):
        values |= _proposal(request, doctor, visit, act, values)
    service = finish_notes if act == "finish" else save_notes
    try:
        notes = service(consultation=notes, by_user=request.user, values=values, version=version)
    except NotesChanged as error:
        return _conflict(request, doctor, visit, error.consultation, form)
    except NotesLocked as error:
        return _locked(request, doctor, visit, error.consultation, form)
    except (NotEnded, NotesIncomplete) as error:
        form.add_error(None, WHY_NOT_SIGNED[type(error)])
        return _invalid(request, doctor, visit, form)
    return _saved(request, visit, notes, act)


def _saved(request: HttpRequest, visit: Appointment, notes: Consultation, act: str) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse(_as_json(request, notes))
    if act == "finish":
        messages.success(request, _("The notes are signed. The patient can read the summary."))
    elif act == "save":
        messages.success(request, _("The notes are saved."))
    return redirect(_url(visit) + ("#follow-up" if act.startswith(("propose-", "withdraw")) else ""))


def _invalid(request: HttpRequest, doctor: Doctor, visit: Appointment, form: NotesForm) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"error": "invalid", "errors": form.errors.get_json_data()}, status=BAD)
    return _page(request, doctor, visit, form=form, status=BAD)


def _end(request: HttpRequest, visit: Appointment) -> None:
    try:
        end_consultation(appointment=visit, by_user=request.user)
    except InvalidTransition:
        messages.error(request, _("Somebody changed this visit a moment ago. Look at it again, please."))
    else:
        messages.success(request, _("The visit is over. Sign the notes when they are complete."))


def _proposal(
    request: HttpRequest, doctor: Doctor, visit: Appointment, act: str, values: dict[str, Any]
) -> dict[str, Any]:
    """The follow-up after so many weeks: with the next free time, or in words where none can be booked yet."""
    weeks = next((weeks for weeks in WEEKS if act == f"propose-{weeks}"), None)
    if weeks is None:
        return {}
    at = next_slot(visit=visit, doctor=doctor, clinic=request.clinic, weeks=weeks, now=clock.now())
    if at is not None:
        return {"follow_up_recommended": True, "follow_up_at": at, "follow_up_mode": mode_of_next(visit, doctor)}
    messages.warning(
        request,
        _("There is no time yet that can be booked so far ahead. The recommendation stands without one."),
    )
    words = ngettext("In about %(count)d week.", "In about %(count)d weeks.", weeks) % {"count": weeks}
    return {
        "follow_up_recommended": True,
        "follow_up_at": None,
        "follow_up_mode": "",
        "follow_up_notes": values["follow_up_notes"] or words,
    }


def _conflict(
    request: HttpRequest, doctor: Doctor, visit: Appointment, saved: Consultation, form: NotesForm
) -> HttpResponse:
    """Nothing was written: what another window saved, beside what this one has typed. The next save is about that."""
    if _wants_json(request):
        return JsonResponse({"error": "changed"} | _as_json(request, saved), status=CONFLICT)
    visit.consultation = saved
    theirs = {name: text for name, text in written(saved).items() if text != form.cleaned_data[name]}
    return _page(request, doctor, visit, form=form, theirs=theirs, status=CONFLICT)


def _locked(
    request: HttpRequest, doctor: Doctor, visit: Appointment, notes: Consultation | None, form: NotesForm
) -> HttpResponse:
    """No notes can be written: what was typed is shown, to be added to signed notes or copied."""
    if _wants_json(request):
        return JsonResponse({"error": "locked"}, status=CONFLICT)
    if notes is not None:
        visit.consultation = notes
    form.is_valid()
    saved = written(notes) if notes is not None else {}
    typed = [
        f"{form.fields[name].label}: {text}"
        for name in NotesForm.TEXTS
        if (text := form.cleaned_data.get(name, "")).strip() and text != saved.get(name)
    ]
    return _page(request, doctor, visit, typed="\n\n".join(typed), is_late=True, status=CONFLICT)


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"


def _as_json(request: HttpRequest, notes: Consultation) -> dict[str, Any]:
    saved_at = notes.notes_saved_at
    return {
        "version": notes.notes_version,
        "saved_at": f"{saved_at.astimezone(request.clinic.policy.tz):%H:%M}" if saved_at else "",
        "values": written(notes),
    }


def _page(
    request: HttpRequest,
    doctor: Doctor,
    visit: Appointment,
    *,
    form: NotesForm | None = None,
    theirs: dict[str, Any] | None = None,
    typed: str = "",
    is_late: bool = False,
    addendum_form: AddendumForm | None = None,
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    tz = request.clinic.policy.tz
    notes = notes_of(visit)
    card = patient_card(doctor, visit.pk)
    is_signed = notes is not None and notes.finished_at is not None
    if notes is None or is_signed or visit.status == AppointmentStatus.NO_SHOW:
        form = None
    else:
        form = form or NotesForm.of(notes)
    lines = {name: _line(form, name, theirs) for name in NotesForm.TEXTS} if form else {}
    context = {
        "visit": visit,
        "doctor": doctor,
        "card": card,
        "age": age_in_words(visit.patient.date_of_birth, now.astimezone(tz).date()) if card else "",
        "last_seen": date_format(card.last_seen.astimezone(tz), "j F Y") if card and card.last_seen else "",
        "notes": notes,
        "is_running": visit.status == AppointmentStatus.IN_PROGRESS,
        "is_coming": visit.status == AppointmentStatus.CONFIRMED,
        "can_start": may_start(visit, now) and doctor.is_verified,
        "why_not": "" if doctor.is_verified else NOT_VERIFIED,
        "opens_at": visit.scheduled_at - OPENS_BEFORE,
        "is_signed": is_signed,
        "form": form,
        "follow_up_line": lines.pop("follow_up_notes", None),
        "lines": list(lines.values()),
        "confirmed": json.dumps(written(notes)) if form and notes else "",
        "version": notes.notes_version if notes is not None else 0,
        "is_conflict": theirs is not None,
        "recommended_differs": "follow_up_recommended" in (theirs or {}),
        "typed": typed,
        "is_late": is_late,
        "addendum_form": (addendum_form or AddendumForm(initial={"text": typed})) if is_signed else None,
        "addenda": notes.addenda.all() if is_signed and notes is not None else (),
        "weeks": WEEKS,
        "length": length_in_words(notes),
        "parts": parts_of(request, visit, Audience.DOCTOR),
        "back": day_url(request, visit),
    }
    return render(request, "appointments/doctor/visit.html", context, status=status)


def _line(form: NotesForm, name: str, theirs: dict[str, Any] | None) -> Line:
    return Line(form[name], (theirs or {}).get(name, ""), name in (theirs or {}), READERS.get(name, ""))


def may_start(visit: Appointment, now: datetime) -> bool:
    return visit.status == AppointmentStatus.CONFIRMED and now >= visit.scheduled_at - OPENS_BEFORE


def length_in_words(notes: Consultation | None) -> str:
    """ "24 minutes"; empty while it goes on, and where nobody measured it."""
    if notes is None or not notes.duration_seconds:
        return ""
    minutes = max(1, round(timedelta(seconds=notes.duration_seconds) / timedelta(minutes=1)))
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
