"""What a doctor does with prescriptions. Who may: the doctor of the visit, the prescription or the template; any other
id is 404."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Doctor
from appointments.models import Appointment
from appointments.selectors_workspace import visits_of_doctor
from appointments.views.doctor.guard import workspace
from pharmacy import exceptions
from pharmacy.forms.writing import LineForm, ReplaceForm, Sheet, TemplateNameForm, WholeForm
from pharmacy.medications import most_lines
from pharmacy.models import Prescription, PrescriptionTemplate
from pharmacy.selectors import issued_by, search_medicines, templates_of
from pharmacy.services.issuing import WRITTEN_IN, issue_prescription
from pharmacy.services.templates import delete_template, rename_template, save_template
from pharmacy.warnings import Warning, warnings_for
from precta import clock
from precta.text import printable

BAD, CONFLICT = 400, 409
REMOVE = re.compile(r"remove-([0-9]{1,3})")
# What its own second button does with the form, instead of issuing.
Act = Callable[[HttpRequest, Doctor, Sheet], None]


@workspace
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest, doctor: Doctor, visit_id: str) -> HttpResponse:
    """The form of a new prescription for the visit's patient; its last button issues it, which is final."""
    visit = _visit(request, doctor, visit_id)
    if visit.status not in WRITTEN_IN:
        status = CONFLICT if request.method == "POST" else 200
        return render(request, "pharmacy/doctor/not_open.html", {"visit": visit}, status=status)
    return _work(request, doctor, visit, None)


@workspace
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: HttpRequest, doctor: Doctor, prescription_id: str) -> HttpResponse:
    """The same form, filled in, for a prescription that takes the place of an issued one. Only its doctor; once."""
    old = get_object_or_404(issued_by(doctor), pk=prescription_id, appointment__isnull=False)
    # A second sending of the same form meets what the first one issued.
    if old.replacement is not None and request.POST.get("key") != old.replacement.idempotency_key:
        return _replaced(request, old.replacement)
    visit = _visit(request, doctor, old.appointment_id or "")
    return _work(request, doctor, visit, old)


@workspace
@require_safe
def medicines(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    """What the search beside the lines asks: `?q=`."""
    found = search_medicines(request.GET.get("q", "")[:60])
    return JsonResponse({"found": [{"label": one.label, "hint": one.said} for one in found]})


@workspace
@require_safe
def templates(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    return render(request, "pharmacy/doctor/templates.html", {"templates": templates_of(doctor)})


@workspace
@require_POST
def template_rename(request: HttpRequest, doctor: Doctor, template_id: str) -> HttpResponse:
    template = _template(doctor, template_id)
    form = TemplateNameForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give the template a name of at most 100 characters."))
    else:
        name = form.cleaned_data["template_name"]
        try:
            rename_template(template=template, name=name)
        except exceptions.NameTaken:
            messages.error(request, _("You have a template called “%(name)s” already.") % {"name": name})
        else:
            messages.success(request, _("The template is now called “%(name)s”.") % {"name": name})
    return redirect("pharmacy:doctor:templates")


@workspace
@require_http_methods(["GET", "HEAD", "POST"])
def template_delete(request: HttpRequest, doctor: Doctor, template_id: str) -> HttpResponse:
    """Asks once."""
    template = _template(doctor, template_id)
    if request.method != "POST":
        return render(request, "pharmacy/doctor/template_delete.html", {"template": template})
    delete_template(template=template)
    messages.success(request, _("The template is deleted."))
    return redirect("pharmacy:doctor:templates")


def _work(request: HttpRequest, doctor: Doctor, visit: Appointment, old: Prescription | None) -> HttpResponse:
    today = clock.now().astimezone(request.clinic.policy.tz).date()
    form = ReplaceForm if old is not None else WholeForm
    if request.method != "POST":
        given = {"medications": old.medications, "instructions": old.instructions} if old is not None else {}
        return _page(request, doctor, visit, old, Sheet.blank(today, form=form, **given))
    sheet = Sheet.sent(request.POST, today, form=form)
    act = request.POST.get("do", "")
    removed = REMOVE.fullmatch(act)
    if act not in ACTS and removed is None:
        return _issue(request, doctor, visit, old, sheet)
    sheet.calm()
    if removed is not None:
        sheet.remove_line(int(removed[1]))
    else:
        ACTS[act](request, doctor, sheet)
    return _page(request, doctor, visit, old, sheet)


def _issue(
    request: HttpRequest, doctor: Doctor, visit: Appointment, old: Prescription | None, sheet: Sheet
) -> HttpResponse:
    medications = sheet.medications()
    if not sheet.is_valid() or medications is None:
        return _page(request, doctor, visit, old, sheet, status=BAD)
    values = sheet.whole.cleaned_data
    status = BAD
    try:
        issued = issue_prescription(
            visit=visit,
            by_user=request.user,
            medications=medications,
            instructions=values["instructions"],
            valid_until=values["valid_until"],
            reasons=sheet.reasons,
            replaces=old,
            replacement_reason=values.get("reason", ""),
            idempotency_key=values["key"],
        )
    except exceptions.WarningsUnanswered as error:
        return _page(request, doctor, visit, old, sheet, warnings=error.warnings, asked=True, status=CONFLICT)
    except exceptions.AlreadyIssued as error:
        return render(
            request, "pharmacy/doctor/already_issued.html", {"prescription": error.prescription}, status=CONFLICT
        )
    except exceptions.AlreadyReplaced as error:
        return _replaced(request, error.replacement)
    except exceptions.VisitNotOpen:
        return render(request, "pharmacy/doctor/not_open.html", {"visit": visit}, status=CONFLICT)
    except exceptions.NotLicensed:
        sheet.error = _("Your licence is not verified at the moment, so you cannot issue a prescription.")
        status = CONFLICT
    except exceptions.PrescriptionError:
        sheet.error = _("This prescription cannot be issued like that. Please check every line.")
    else:
        messages.success(request, _("The prescription is issued. The patient is told that it is ready."))
        return redirect("pharmacy:patient:detail", issued.pk)
    return _page(request, doctor, visit, old, sheet, status=status)


def _page(
    request: HttpRequest,
    doctor: Doctor,
    visit: Appointment,
    old: Prescription | None,
    sheet: Sheet,
    *,
    warnings: list[Warning] | None = None,
    asked: bool = False,
    status: int = 200,
) -> HttpResponse:
    if warnings is None:
        warnings = _standing(visit, old, sheet, sheet.whole.today)
    context: dict[str, Any] = {
        "visit": visit,
        "patient": visit.patient,
        "old": old,
        "sheet": sheet,
        "empty_line": LineForm(prefix="line-__n__"),
        "most_lines": most_lines(),
        "warnings": [(warning, sheet.reasons.get(warning.key, "")) for warning in warnings],
        "asked": asked,
        "medicines": search_medicines(most=None),
        "templates": templates_of(doctor),
        "name_form": TemplateNameForm(),
    }
    return render(request, "pharmacy/doctor/write.html", context, status=status)


def _standing(visit: Appointment, old: Prescription | None, sheet: Sheet, today: date) -> list[Warning]:
    """What would be warned of, as far as the lines are filled in; the service finds it out once more."""
    rows = [row for row in sheet.rows if row["name"].strip()]
    if not rows:
        return []
    others = Prescription.objects.active(today).filter(patient_id=visit.patient_id)
    others = others.exclude(pk=old.pk if old is not None else None).order_by("issued_at", "pk")
    return warnings_for(rows, allergies=visit.patient.allergies, others=others)


def _add_line(request: HttpRequest, doctor: Doctor, sheet: Sheet) -> None:
    sheet.add_line()


def _apply_template(request: HttpRequest, doctor: Doctor, sheet: Sheet) -> None:
    template = PrescriptionTemplate.objects.filter(
        doctor=doctor, pk=printable(request.POST.get("template", ""))[:36]
    ).first()
    if template is None:
        messages.error(request, _("Choose one of your templates first."))
    elif not sheet.apply(template):
        messages.error(request, _("A prescription has at most %(most)d lines.") % {"most": most_lines()})


def _save_template(request: HttpRequest, doctor: Doctor, sheet: Sheet) -> None:
    name = TemplateNameForm(request.POST)
    medications = sheet.medications()
    if not name.is_valid():
        messages.error(request, _("Give the template a name of at most 100 characters."))
        return
    if medications is None:
        return
    try:
        text = sheet.whole.fields["instructions"].clean(request.POST.get("instructions", ""))
        save_template(
            doctor=doctor, name=name.cleaned_data["template_name"], medications=medications, instructions=text
        )
    except exceptions.TooManyTemplates:
        messages.error(request, _("You keep as many templates as there is room for. Delete one first."))
    except (exceptions.BadMedications, ValidationError):
        messages.error(request, _("These lines cannot be kept like that. Please check each of them."))
    else:
        messages.success(request, _("Kept as the template “%(name)s”.") % {"name": name.cleaned_data["template_name"]})


ACTS: dict[str, Act] = {"add": _add_line, "template": _apply_template, "save-template": _save_template}


def _visit(request: HttpRequest, doctor: Doctor, visit_id: str) -> Appointment:
    visit = get_object_or_404(visits_of_doctor(doctor), pk=visit_id)
    visit.clinic = request.clinic
    visit.doctor = doctor
    return visit


def _template(doctor: Doctor, template_id: str) -> PrescriptionTemplate:
    template = get_object_or_404(PrescriptionTemplate, pk=template_id, doctor=doctor)
    template.doctor = doctor
    return template


def _replaced(request: HttpRequest, replacement: Prescription) -> HttpResponse:
    return render(request, "pharmacy/doctor/already_replaced.html", {"replacement": replacement}, status=CONFLICT)
