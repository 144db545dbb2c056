"""The week as a grid: a draft is worked on in the page, looked at before it counts, saved whole, and taken back."""

import json
from datetime import date, time, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import ConsultationMode
from appointments.exceptions import AppointmentError, HoursChanged, HoursClash, VisitsOutside
from appointments.hours import Hours
from appointments.hours_draft import LAST_YEAR, DraftError, read_draft
from appointments.hours_grid import WEEK_FROM_MONDAY, lanes_of, lay_out
from appointments.hours_preview import DAYS, make_preview
from appointments.models import AvailabilityRevision
from appointments.services import hours as service
from appointments.views.doctor.days import read_day
from appointments.views.hours.forms import DayForm
from appointments.views.hours.place import Place
from appointments.views.hours.script_words import script_words
from appointments.views.hours.words import explain, in_words, who_saved
from precta import clock


@require_http_methods(["GET", "HEAD", "POST"])
def editor(request: HttpRequest, place: Place) -> HttpResponse:
    """The week; posted to, it goes on with the draft that is sent."""
    saved = service.read_hours(place.doctor)
    if request.method != "POST":
        return editor_page(request, place, saved)
    try:
        draft = _draft(request, place, saved)
    except DraftError as error:
        return editor_page(request, place, saved, error=str(error), status=400)
    return editor_page(request, place, saved, draft=draft, version=request.POST.get("version", ""))


@require_POST
def preview(request: HttpRequest, place: Place) -> HttpResponse:
    """What the draft would mean; nothing is saved."""
    saved = service.read_hours(place.doctor)
    try:
        draft = _draft(request, place, saved)
    except DraftError as error:
        return editor_page(request, place, saved, error=str(error), status=400)
    if request.POST.get("version") != saved.token:
        return _overtaken(request, place, draft)
    return preview_page(request, place, saved, draft, version=saved.token)


@require_POST
def save(request: HttpRequest, place: Place) -> HttpResponse:
    saved = service.read_hours(place.doctor)
    try:
        draft = _draft(request, place, saved)
        revision = service.save_hours(
            doctor=place.doctor,
            by_user=request.user,
            hours=draft,
            version=request.POST.get("version", ""),
            accepted=request.POST.getlist("accepted"),
        )
    except DraftError as error:
        return editor_page(request, place, saved, error=str(error), status=400)
    except HoursChanged:
        return _overtaken(request, place, draft)
    except VisitsOutside:
        return preview_page(request, place, saved, draft, version=saved.token, is_asked_again=True, status=409)
    except AppointmentError as error:
        return editor_page(request, place, saved, draft=draft, error=explain(error), status=409)
    messages.success(request, _("The hours are saved.") if revision else _("Nothing was changed."))
    return redirect(place.url())


@require_POST
def undo(request: HttpRequest, place: Place, revision_id: str) -> HttpResponse:
    """Brings back the hours before the last change; looks ahead first when booked visits would lie outside."""
    try:
        service.undo_change(doctor=place.doctor, by_user=request.user, revision_id=revision_id)
    except AvailabilityRevision.DoesNotExist:
        raise Http404 from None
    except VisitsOutside:
        saved = service.read_hours(place.doctor)
        revision = AvailabilityRevision.objects.get(pk=revision_id, doctor=place.doctor)
        before = service.hours_before(revision, service.today_of(place.doctor))
        return preview_page(request, place, saved, before, version=saved.token, status=409)
    except HoursChanged:
        messages.error(request, _("The hours were changed again in the meantime, so nothing was taken back."))
    except AppointmentError as error:
        messages.error(request, explain(error))
    else:
        messages.success(request, _("The hours are as they were before."))
    return redirect(place.url())


def editor_page(
    request: HttpRequest,
    place: Place,
    saved: Hours,
    *,
    draft: Hours | None = None,
    version: str = "",
    error: str = "",
    overtaken: AvailabilityRevision | None = None,
    status: int = 200,
) -> HttpResponse:
    """The week with the saved hours, or with a draft that is kept; `version` is what the draft was begun from."""
    doctor, now = place.doctor, clock.now()
    today = service.today_of(doctor, now)
    shown = draft if draft is not None else saved
    undoable = _undoable(doctor, saved) if draft is None else None
    on = read_day(request.GET.get("on"), today)
    grid = lay_out(shown, doctor=doctor, today=today, on=on, ids=saved.keys)
    context: dict[str, Any] = {
        "grid": grid,
        "lanes": [(mode, dict(ConsultationMode.choices)[mode]) for mode in lanes_of(doctor, shown)],
        "days_that_differ": [
            (row, in_words(row), saved.keys.get(row, ""))
            for row in sorted(shown.days, key=lambda row: (row.day, row.start or time.min, row.mode))
        ],
        "day_form": DayForm(doctor=doctor, today=today),
        "draft": json.dumps(shown.as_json()),
        "saved": json.dumps(saved.as_json()),
        "version": version or saved.token,
        "is_draft": shown.token != saved.token,
        "has_hours": bool(shown.weekly),
        "error": error,
        "overtaken": overtaken,
        "is_overtaken": status == 409 and not error,
        "undo": undoable,
        "undo_who": who_saved(undoable, doctor),
        "overtaken_by": who_saved(overtaken, doctor),
        "today": today,
        "last_day": date(LAST_YEAR, 12, 31),
        "words": json.dumps(script_words(doctor)),
        "weekdays": WEEK_FROM_MONDAY,
        "zone": f"{now.astimezone(doctor.clinic.policy.tz):%Z}",
    }
    return place.render(request, "editor", context, status)


def preview_page(
    request: HttpRequest,
    place: Place,
    saved: Hours,
    draft: Hours,
    *,
    version: str,
    is_asked_again: bool = False,
    status: int = 200,
) -> HttpResponse:
    """The times that would come and go, two weeks at a time, with the visits left outside. Raises HoursClash."""
    clash = draft.clash()
    if clash is not None:
        return editor_page(request, place, saved, draft=draft, error=explain(HoursClash(*clash)), status=409)
    first_day = request.POST.get("first_day", "")
    look = make_preview(
        doctor=place.doctor,
        clinic=request.clinic,  # type: ignore[attr-defined]
        before=saved,
        after=draft,
        now=clock.now(),
        first_day=read_day(first_day, service.today_of(place.doctor)) if first_day else None,
    )
    context = {
        "preview": look,
        "draft": json.dumps(draft.as_json()),
        "version": version,
        "added": [in_words(row) for row in look.added],
        "removed": [in_words(row) for row in look.removed],
        "outside": [(visit, place.visit_links(visit)) for visit in look.outside],
        "is_asked_again": is_asked_again,
        "earlier": look.first_day - timedelta(days=DAYS),
        "later": look.first_day + timedelta(days=DAYS),
        "today": service.today_of(place.doctor),
        "save_label": ngettext(
            "Save and leave %(count)d visit outside", "Save and leave %(count)d visits outside", len(look.outside)
        )
        % {"count": len(look.outside)}
        if look.outside
        else _("Save these hours"),
    }
    return place.render(request, "preview", context, status)


def _overtaken(request: HttpRequest, place: Place, draft: Hours) -> HttpResponse:
    """Somebody else saved first: they are named, the draft stays, and is measured by the new hours from here on."""
    saved = service.read_hours(place.doctor)
    revision = service.latest_revision(place.doctor)
    return editor_page(request, place, saved, draft=draft, overtaken=revision, status=409)


def _undoable(doctor: Any, saved: Hours) -> AvailabilityRevision | None:
    revision = service.latest_revision(doctor, saved)
    if revision is None or revision.saved_at < clock.now() - service.UNDO_WITHIN:
        return None
    return revision


def _draft(request: HttpRequest, place: Place, saved: Hours) -> Hours:
    today = service.today_of(place.doctor)
    return read_draft(request.POST.get("draft", ""), doctor=place.doctor, saved=saved, today=today)
