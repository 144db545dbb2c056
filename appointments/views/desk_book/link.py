"""Linking somebody whom the portal knows from elsewhere: by the exact phone and the code that was sent to it.

Until the right code is typed nothing depends on whether anybody is known with the phone. Who may: `patients.link`.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.exceptions import TooManyCodes
from accounts.forms.desk import CodeForm, PhoneForm, WhoForm, consent_field
from accounts.models import ClinicPatient, Patient, PhoneCodePurpose
from accounts.selectors_desk import claimable_patients, named, people_with_phone
from accounts.services.desk_patients import link_patient
from accounts.services.phone_codes import check_phone_code, send_phone_code
from appointments.views.desk_book.frame import BAD, TOO_MANY, UNAVAILABLE, address, asked_time, page, proof_of
from clinics.policies import capability_required
from precta.audit.services import record
from precta.payments.phones import mask_phone
from precta.ratelimit import limit
from precta.sms.exceptions import SmsError

HERE = "admin:appointments_desk_book_link"


@capability_required("patients.link")
@require_http_methods(["GET", "HEAD", "POST"])
@limit("desk-link", "30/m", "120/h")
def link(request: HttpRequest) -> HttpResponse:
    """POST `step`: `phone` sends the code, `code` checks it, `who` looks for a name, `link` links the person."""
    if request.method == "POST":
        step = {"phone": _send, "code": _check, "who": _name, "link": _link}.get(request.POST.get("step", ""))
        if step is not None:
            return step(request)
        return _page(request, status=BAD)
    if "again" in request.GET:
        proof_of(request).forget()
    return _page(request)


def _page(
    request: HttpRequest,
    *,
    phone_form: PhoneForm | None = None,
    code_form: CodeForm | None = None,
    who_form: WhoForm | None = None,
    found: list[Patient] | None = None,
    error: str = "",
    consent_missing: bool = False,
    status: int = 200,
) -> HttpResponse:
    carried = asked_time(request)
    asked, _subject = proof_of(request).asked
    proven = proof_of(request).phone
    people = list(dict.fromkeys([*people_with_phone(proven), *(found or [])])) if proven else []
    here = set(
        ClinicPatient.objects.filter(clinic=request.clinic.pk, patient__in=people).values_list("patient_id", flat=True)
    )
    consent = consent_field(request.clinic)
    context = {
        "title": _("Known from elsewhere"),
        "carried": carried,
        "state": "people" if proven else "code" if asked else "phone",
        "phone": mask_phone(asked) if asked else "",
        "phone_form": phone_form or PhoneForm(),
        "code_form": code_form or CodeForm(),
        "who_form": who_form or WhoForm(),
        "people": [
            (person, address("admin:appointments_desk_book_details", carried, person.pk) if person.pk in here else "")
            for person in people
        ],
        "searched": found is not None,
        "consent": consent,
        "consent_missing": consent.error_messages["required"] if consent_missing else "",
        "error": error,
        "back": address("admin:appointments_desk_book", carried),
        "again": address(HERE, carried | {"again": "1"}),
        "new_url": address("admin:appointments_desk_book_new", carried | {"known": "1"}),
    }
    return page(request, "link", context, status=status)


def _send(request: HttpRequest) -> HttpResponse:
    form = PhoneForm(request.POST)
    if not form.is_valid():
        proof_of(request).forget()
        return _page(request, phone_form=form, status=BAD)
    phone = form.cleaned_data["phone"]
    subject = proof_of(request).begin(phone)
    try:
        code = send_phone_code(
            phone=phone,
            purpose=PhoneCodePurpose.LINK,
            subject=subject,
            language=get_language() or "en",
            place=request.clinic.name,
        )
    except TooManyCodes as error:
        proof_of(request).forget()
        message = _("This phone, or your network, has been sent many codes. Wait a while, or add a new patient.")
        response = _page(request, phone_form=form, error=message, status=TOO_MANY)
        response["Retry-After"] = str(error.retry_after)
        return response
    except SmsError:
        proof_of(request).forget()
        message = _("The SMS could not be sent at the moment. Try again, or add a new patient.")
        return _page(request, phone_form=form, error=message, status=UNAVAILABLE)
    # Without the number: who rang how many phones is what a manager needs to see.
    record("patient.link_asked", resource=("phone_code", code.pk), user=request.user)
    return redirect(address(HERE, asked_time(request)))


def _check(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    phone, subject = proof_of(request).asked
    if not phone:
        return redirect(address(HERE, asked_time(request)))
    if not form.is_valid():
        return _page(request, code_form=form, status=BAD)
    code = form.cleaned_data["code"]
    if not check_phone_code(phone=phone, purpose=PhoneCodePurpose.LINK, subject=subject, code=code):
        form.add_error("code", _("This code is not right, or it is too old. After five tries send a new one."))
        return _page(request, code_form=form, status=BAD)
    proof_of(request).note()
    return redirect(address(HERE, asked_time(request)))


def _name(request: HttpRequest) -> HttpResponse:
    phone = proof_of(request).phone
    if not phone:
        return redirect(address(HERE, asked_time(request)))
    form = WhoForm(request.POST)
    if not form.is_valid():
        return _page(request, who_form=form, status=BAD)
    return _page(request, who_form=form, found=_named(phone, form))


def _link(request: HttpRequest) -> HttpResponse:
    phone = proof_of(request).phone
    if not phone:
        return redirect(address(HERE, asked_time(request)))
    form = WhoForm(request.POST) if "first_name" in request.POST else None
    found = _named(phone, form) if form is not None and form.is_valid() else None
    allowed = {person.pk: person for person in [*people_with_phone(phone), *(found or [])]}
    patient = allowed.get(request.POST.get("patient", ""))
    if patient is None:
        return _page(request, who_form=form, found=found, status=BAD)
    if not request.POST.get("consent"):
        return _page(request, who_form=form, found=found, consent_missing=True, status=BAD)
    link_patient(patient=patient, clinic=request.clinic, by=request.user)
    proof_of(request).forget()
    return redirect(address("admin:appointments_desk_book_details", asked_time(request), patient.pk))


def _named(phone: str, form: WhoForm) -> list[Patient]:
    return named(claimable_patients(phone), **form.cleaned_data)
