"""A patient's documents at this clinic, their own and their children's. Anybody else's are not there (404)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Doctor, Patient, Role
from accounts.selectors import patients_of
from appointments.exceptions import QuotaReached, RecordGone, SameRecord
from appointments.forms.records import DetailsForm, Refused, UploadForm, checked, shown_name
from appointments.models import MedicalRecord, RecordType
from appointments.selectors_records import (
    UNDO,
    bytes_used,
    deleted_for_patient_user,
    doctors_who_see,
    keeps_records_of,
    looks_at,
    named_looks,
    records_for_patient_user,
)
from appointments.services import records as services
from appointments.views.records.files import file_response, preview_response
from precta import clock
from precta.access import login_required, role_required
from precta.files.forms import STATUSES
from precta.ratelimit import limit
from precta.text import printable

PAGE_SIZE = 12
LOOKS_A_PAGE = 25
LONGEST_SEARCH = 100
FULL, SAME = "quota", "same"
ANSWERS = {**STATUSES, FULL: 413, SAME: 409}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL asks for; anything it does not know counts as not asked."""

    kind: str
    person: Patient | None
    text: str
    deleted: bool

    def query(self, **changed: str) -> str:
        asked = {
            "kind": self.kind,
            "person": self.person.pk if self.person else "",
            "q": self.text,
            "deleted": "1" if self.deleted else "",
        } | changed
        return urlencode({name: value for name, value in asked.items() if value})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.PATIENT)
@limit("record-upload", "60/10m", "300/h")
def record_list(request: HttpRequest) -> HttpResponse:
    """The list, and by POST new documents: one request for each file with JavaScript, one for all without."""
    people = list(patients_of(request.user))
    known = keeps_records_of(people, clinic=request.clinic)
    if request.method == "POST":
        return _upload(request, people, known)
    return render(request, "appointments/records/list.html", _list_context(request, people, known))


@require_safe
@login_required
def detail(request: HttpRequest, record_id: str) -> HttpResponse:
    record = _record(request, record_id)
    context = {
        "record": record,
        "doctors": doctors_who_see(record),
        "looks": _looks(request, record)[:3],
        "for_another": record.patient_id != request.user.pk,
    }
    return render(request, "appointments/records/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, record_id: str) -> HttpResponse:
    record = _record(request, record_id)
    initial = {name: getattr(record, name) for name in services.DETAILS}
    form = DetailsForm(request.POST if request.method == "POST" else None, initial=initial, today=_today(request))
    if request.method == "POST" and form.is_valid():
        try:
            services.change_record(record=record, by_user=request.user, values=form.cleaned_data)
        except RecordGone:
            return _gone(request)
        messages.success(request, _("What you changed is saved."))
        return redirect("appointments:records:detail", record.pk)
    context = {"record": record, "form": form}
    return render(request, "appointments/records/edit.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: HttpRequest, record_id: str) -> HttpResponse:
    """Asks once and says until when it can be taken back."""
    record = _record(request, record_id)
    if request.method == "POST":
        services.delete_record(record=record, by_user=request.user)
        messages.success(
            request,
            ngettext(
                "%(name)s is deleted. You can take it back for %(days)s day.",
                "%(name)s is deleted. You can take it back for %(days)s days.",
                UNDO.days,
            )
            % {"name": record.name, "days": UNDO.days},
        )
        return redirect("appointments:records:list")
    return render(request, "appointments/records/delete.html", {"record": record, "days": UNDO.days})


@require_POST
@login_required
def restore(request: HttpRequest, deleted_id: str) -> HttpResponse:
    record = get_object_or_404(deleted_for_patient_user(request.user), pk=deleted_id)
    try:
        services.restore_record(record=record, by_user=request.user)
    except RecordGone:
        return _gone(request)
    except SameRecord as error:
        messages.info(request, _("You have brought this file again since; here it is."))
        return redirect("appointments:records:detail", error.record.pk)
    messages.success(request, _("%(name)s is back.") % {"name": record.name})
    return redirect("appointments:records:detail", record.pk)


@require_POST
@login_required
def hide(request: HttpRequest, record_id: str, doctor_id: str) -> HttpResponse:
    """Keep the record from one doctor."""
    record = _record(request, record_id)
    doctor = _doctor(record, doctor_id)
    try:
        services.hide_record(record=record, doctor=doctor, by_user=request.user)
    except RecordGone:
        return _gone(request)
    messages.success(request, _("%(doctor)s does not see this document any more.") % {"doctor": doctor.display_name})
    return redirect("appointments:records:detail", record.pk)


@require_POST
@login_required
def show(request: HttpRequest, record_id: str, doctor_id: str) -> HttpResponse:
    """Let that doctor see it again."""
    record = _record(request, record_id)
    doctor = _doctor(record, doctor_id)
    services.show_record(record=record, doctor=doctor, by_user=request.user)
    messages.success(request, _("%(doctor)s can see this document again.") % {"doctor": doctor.display_name})
    return redirect("appointments:records:detail", record.pk)


@require_safe
@login_required
def views(request: HttpRequest, record_id: str) -> HttpResponse:
    """Who looked at it and when, from the clinic's own trail."""
    record = _record(request, record_id)
    page = Paginator(_looks_query(request, record), LOOKS_A_PAGE).get_page(request.GET.get("page"))
    context = {"record": record, "page": page, "looks": named_looks(page.object_list)}
    return render(request, "appointments/records/views.html", context)


@require_safe
@login_required
def file(request: HttpRequest, record_id: str) -> StreamingHttpResponse:
    return file_response(request, _record(request, record_id))


@require_safe
@login_required
def preview(request: HttpRequest, record_id: str) -> StreamingHttpResponse:
    return preview_response(request, _record(request, record_id))


def _record(request: HttpRequest, record_id: str) -> MedicalRecord:
    return get_object_or_404(records_for_patient_user(request.user), pk=record_id)


def _doctor(record: MedicalRecord, doctor_id: str) -> Doctor:
    found = next((doctor for doctor in doctors_who_see(record) if doctor.pk == doctor_id), None)
    if found is None:
        raise Http404
    return found


def _looks_query(request: HttpRequest, record: MedicalRecord) -> QuerySet:
    # The small pictures in a person's own lists are no news to them.
    return looks_at(record).exclude(action="record.previewed", user=request.user)


def _looks(request: HttpRequest, record: MedicalRecord) -> list:
    return named_looks(_looks_query(request, record)[:3])


def _upload(request: HttpRequest, people: list[Patient], known: list[Patient]) -> HttpResponse:
    wants_json = request.headers.get("Accept", "").startswith("application/json")
    form = UploadForm(request.POST, {"files": request.FILES.getlist("files")}, people=known, today=_today(request))
    if not form.is_valid():
        if wants_json:
            told = " ".join(str(error) for errors in form.errors.values() for error in errors)
            return JsonResponse({"error": told}, status=400)
        context = _list_context(request, people, known, form=form)
        return render(request, "appointments/records/list.html", context, status=400)
    kept: list[MedicalRecord] = []
    refused: list[Refused] = []
    for upload in form.cleaned_data["files"]:
        outcome = _keep(request, form, upload)
        (refused if isinstance(outcome, Refused) else kept).append(outcome)  # type: ignore[arg-type]
    status = ANSWERS.get(refused[0].code, 400) if refused else 201
    if wants_json:
        if refused:
            return JsonResponse({"error": refused[0].why}, status=status)
        return JsonResponse({"name": kept[0].name, "url": _url(kept[0])}, status=201)
    if kept:
        messages.success(
            request,
            ngettext("%(count)s document is kept.", "%(count)s documents are kept.", len(kept)) % {"count": len(kept)},
        )
    if not refused:
        return redirect("appointments:records:list")
    context = _list_context(request, people, known, form=form, refused=refused)
    return render(request, "appointments/records/list.html", context, status=status)


def _keep(request: HttpRequest, form: UploadForm, upload: Any) -> MedicalRecord | Refused:
    taken = checked(upload)
    if isinstance(taken, Refused):
        return taken
    try:
        return services.keep_record(
            patient=form.patient, clinic=request.clinic, by_user=request.user, file=taken, **form.details()
        )
    except SameRecord as error:
        why = _("You have this file here already: %(name)s.") % {"name": error.record.name}
        return Refused(shown_name(upload), why, SAME)
    except QuotaReached as error:
        why = _("There is no room left for it: %(used)s of %(quota)s are used.") % {
            "used": filesizeformat(error.used),
            "quota": filesizeformat(error.quota),
        }
        return Refused(shown_name(upload), why, FULL)


def _list_context(
    request: HttpRequest,
    people: list[Patient],
    known: list[Patient],
    *,
    form: UploadForm | None = None,
    refused: list[Refused] | None = None,
) -> dict[str, Any]:
    filters = _read_filters(request, people)
    rows = deleted_for_patient_user(request.user) if filters.deleted else _filtered(request, filters)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    used, quota = bytes_used(known), request.clinic.policy.records_quota
    return {
        "page": page,
        "page_query": filters.query(),
        "filters": filters,
        "is_filtered": bool(filters.kind or filters.text or filters.person),
        "kinds": [
            {"label": kind.label, "query": filters.query(kind=kind.value), "current": kind.value == filters.kind}
            for kind in RecordType
        ],
        "every_kind_query": filters.query(kind=""),
        "people": [
            {"person": person, "query": filters.query(person=person.pk), "current": person == filters.person}
            for person in people
        ],
        "everyone_query": filters.query(person=""),
        "several_people": len(people) > 1,
        "form": form or _empty_form(request, known, filters.person),
        "may_upload": bool(known),
        "room": [
            {"person": person, "used": used[person.pk], "quota": quota, "percent": 100 * used[person.pk] // quota}
            for person in known
        ],
        "refused": refused or [],
        "undo_days": UNDO.days,
    }


def _empty_form(request: HttpRequest, known: list[Patient], person: Patient | None) -> UploadForm:
    chosen = {"for_whom": person.pk} if person in known else None
    return UploadForm(people=known, today=_today(request), initial=chosen)


def _filtered(request: HttpRequest, filters: Filters) -> QuerySet[MedicalRecord]:
    rows = records_for_patient_user(request.user).order_by("-uploaded_at", "pk")
    if filters.kind:
        rows = rows.filter(type=filters.kind)
    if filters.person:
        rows = rows.filter(patient=filters.person)
    if filters.text:
        rows = rows.filter(Q(name__icontains=filters.text) | Q(description__icontains=filters.text))
    return rows


def _read_filters(request: HttpRequest, people: list[Patient]) -> Filters:
    asked = request.GET
    kind = asked.get("kind", "")
    return Filters(
        kind=kind if kind in RecordType.values else "",
        person=next((person for person in people if person.pk == asked.get("person")), None),
        text=printable(asked.get("q", ""))[:LONGEST_SEARCH],
        deleted=asked.get("deleted") == "1",
    )


def _today(request: HttpRequest) -> Any:
    return timezone.localdate(clock.now(), timezone=request.clinic.policy.tz)


def _url(record: MedicalRecord) -> str:
    return reverse("appointments:records:detail", args=[record.pk])


def _gone(request: HttpRequest) -> HttpResponse:
    messages.error(request, _("This document is not there any more. Nothing was changed."))
    return redirect("appointments:records:list")
