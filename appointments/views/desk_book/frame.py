"""What all pages of booking at the desk share: the frame of the clinic's admin, and the time that was asked for."""

import re
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.models import ConsultationMode, Doctor, Patient, UserStatus, VerificationStatus
from accounts.phone_proof import PhoneProof
from accounts.selectors import guardians_of
from accounts.selectors_desk import patients_of_clinic
from appointments.week import moment_key, parse_moment
from clinics.admin_sites import clinic_admin

HOME = "admin:appointments_desk_book"
BAD, CONFLICT, TOO_MANY, UNAVAILABLE = 400, 409, 429, 503


def page(request: HttpRequest, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page in the frame of the clinic's admin; `title` in the context is its heading."""
    frame = {} if request.htmx else clinic_admin.each_context(request)
    return render(request, f"admin/desk/book/{name}.html", {**frame, **context}, status=status)


def asked_time(request: HttpRequest) -> dict[str, str]:
    """The doctor, time and kind of visit with which the desk came, as far as they can be read; nothing else."""
    given = request.POST if request.method == "POST" else request.GET
    carried: dict[str, str] = {}
    doctor = given.get("doctor", "")
    if re.fullmatch("[a-z0-9]{1,36}", doctor):
        carried["doctor"] = doctor
    at = parse_moment(given.get("at", "")[:60])
    if at is not None:
        carried["at"] = moment_key(at)
    if given.get("mode") in ConsultationMode.values:
        carried["mode"] = given["mode"]
    return carried


def address(name: str, carried: dict[str, str], *args: str) -> str:
    query = "?" + urlencode(carried, safe=":") if carried else ""
    return reverse(name, args=args) + query


def patient_or_404(request: HttpRequest, patient_id: str) -> Patient:
    """A patient of this clinic; anybody else's is not there."""
    patient = patients_of_clinic(request.clinic).filter(pk=patient_id).first()
    if patient is None:
        raise Http404
    return patient


def payers_phone(patient: Patient) -> str:
    """The phone that probably pays: the patient's own, else that of whoever looks after them; "" when none is known."""
    own = patient.user.reachable_phone
    return own or next((phone for each in guardians_of(patient) if (phone := each.user.reachable_phone)), "")


def bookable_doctors(request: HttpRequest) -> list[Doctor]:
    """This clinic's doctors who see patients, by name."""
    doctors = Doctor.objects.filter(
        clinic=request.clinic.pk, verification_status=VerificationStatus.VERIFIED, user__status=UserStatus.ACTIVE
    ).order_by("last_name", "first_name", "pk")
    found = list(doctors)
    for doctor in found:
        doctor.clinic = request.clinic
    return found


def proof_of(request: HttpRequest) -> PhoneProof:
    """The phone that somebody has proved at this desk: of this clinic and this session only."""
    return PhoneProof(request, "desk", request.clinic.pk)
