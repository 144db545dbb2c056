"""Doctor, free time and payment for a patient who was found. Who may: `visits.book`."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import ConsultationMode, Doctor, Patient
from accounts.services.clinic_links import admit_patient, is_admitted
from accounts.specialties import described
from appointments import exceptions
from appointments.forms.desk_book import DeskBookingForm, DeskMethod
from appointments.models import Appointment
from appointments.selectors_booking import nearest_free
from appointments.services.booking import hold_slot
from appointments.slots import Slot, free_slots_of_doctors
from appointments.views.desk_book.frame import (
    BAD,
    CONFLICT,
    address,
    asked_time,
    bookable_doctors,
    page,
    patient_or_404,
    payers_phone,
)
from appointments.views.desk_book.visit import send_prompt, take_cash_now
from appointments.week import Week, moment_key, parse_moment, read_week
from clinics.policies import can, capability_required, request_membership
from precta import clock
from precta.payments.models import PaymentMethod
from precta.ratelimit import limit

SOONEST = 4
# A doctor, the field, today's (time, address) pairs, and a later one where today has none.
SoonestTimes = tuple[Doctor, str, list[tuple[datetime, str]], tuple[datetime, str] | None]


@capability_required("visits.book")
@require_http_methods(["GET", "HEAD", "POST"])
@limit("desk-book", "60/m")
def details(request: HttpRequest, patient_id: str) -> HttpResponse:
    """GET chooses doctor (`doctor`), day and time (`at`), and holds nothing; POST takes the time."""
    patient = patient_or_404(request, patient_id)
    doctors = bookable_doctors(request)
    carried = asked_time(request)
    doctor = next((each for each in doctors if each.pk == carried.get("doctor")), None)
    if doctor is None and len(doctors) == 1 and "doctor" not in (request.POST or request.GET):
        doctor = doctors[0]
    if doctor is None:
        status = BAD if request.method == "POST" else 200
        return _page(request, patient, doctors, None, status=status)
    if request.method == "POST":
        return _take(request, patient, doctors, doctor)
    week = _week(request, patient, doctor, request.GET)
    status = CONFLICT if week.was_taken else BAD if week.error else 200
    return _page(request, patient, doctors, week, status=status)


def _week(request: HttpRequest, patient: Patient, doctor: Doctor, asked: Any) -> Week:
    return read_week(
        doctor=doctor,
        clinic=request.clinic,
        now=clock.now(),
        mode=asked.get("mode", "")[:20],
        day=asked.get("day", "")[:20],
        at=asked.get("at", "")[:60],
        within_lead=True,
        carried={"doctor": doctor.pk},
    )


def _page(
    request: HttpRequest,
    patient: Patient,
    doctors: list[Doctor],
    week: Week | None,
    *,
    form: DeskBookingForm | None = None,
    near: list[tuple[Any, list[tuple[Slot, str]]]] | None = None,
    status: int = 200,
) -> HttpResponse:
    """`form` is the one that was posted with mistakes; `near` are times instead of the one that was taken."""
    doctor = week.doctor if week else None
    is_free = doctor is not None and doctor.consultation_fee == 0
    if week is not None and week.at is not None and form is None:
        form = _form(request, patient, is_free=is_free)
    context = {
        "title": _("Book for %(name)s") % {"name": patient.full_name},
        "patient": patient,
        "doctors": doctors,
        "doctor": doctor,
        "specialty": described(doctor.specialties) if doctor else "",
        "soonest": _soonest(request, doctors) if doctor is None else [],
        "week": week,
        "form": form,
        "near": near,
        "policy": request.clinic.policy,
        "is_free": is_free,
        "chosen": moment_key(week.at.starts_at) if week and week.at else "",
        "back": address("admin:appointments_desk_book", asked_time(request)),
        "here": reverse("admin:appointments_desk_book_details", args=[patient.pk]),
    }
    return page(request, "_details" if request.htmx else "details", context, status=status)


def _soonest(request: HttpRequest, doctors: list[Doctor]) -> list[SoonestTimes]:
    """Each doctor with the next free times of today, for somebody who stands at the desk, or else the next one known;
    one statement for all."""
    now = clock.now()
    today = now.astimezone(request.clinic.policy.tz).date()
    mode = ConsultationMode.IN_PERSON.value
    slots = free_slots_of_doctors(
        doctors=doctors, clinic=request.clinic, modes=[mode], first_day=today, days=1, now=now, within_lead=True
    )
    rows = []
    for doctor in doctors:
        times = slots[doctor.pk][mode][today][:SOONEST]
        links = [(slot.starts_at, address_of_time(doctor, slot.starts_at, mode)) for slot in times]
        later = None
        if not links:
            # What the search page shows of the doctor; the time itself is looked at again once it is chosen.
            known = [
                (datetime.fromisoformat(text), kind) for kind, texts in doctor.next_slots.items() for text in texts[:1]
            ]
            soonest = min((each for each in known if each[0] > now), default=None)
            later = (soonest[0], address_of_time(doctor, *soonest)) if soonest is not None else None
        rows.append((doctor, described(doctor.specialties), links, later))
    # Whoever can see somebody today comes first, the soonest at the top.
    return sorted(rows, key=lambda row: (not row[2], row[2][0][0] if row[2] else now))


def address_of_time(doctor: Doctor, moment: datetime, mode: str) -> str:
    return f"?doctor={doctor.pk}&at={moment_key(moment)}&mode={mode}"


def _form(request: HttpRequest, patient: Patient, *, is_free: bool, data: Any = None) -> DeskBookingForm:
    return DeskBookingForm(
        data,
        clinic=request.clinic,
        is_free=is_free,
        ask_consent=not is_admitted(patient=patient, clinic=request.clinic),
        may_take_cash=can(request_membership(request), "payments.take_cash"),
        phone=payers_phone(patient) if data is None else "",
    )


def _take(request: HttpRequest, patient: Patient, doctors: list[Doctor], doctor: Doctor) -> HttpResponse:
    at = parse_moment(request.POST.get("at", "")[:60])
    mode = request.POST.get("mode", "")[:20]
    form = _form(request, patient, is_free=doctor.consultation_fee == 0, data=request.POST)
    if at is None or mode not in doctor.consultation_modes or not form.is_valid():
        return _again(request, patient, doctors, doctor, form)
    method = form.cleaned_data.get("method", DeskMethod.LATER)
    try:
        if form.cleaned_data.get("consent"):
            admit_patient(patient=patient, clinic=request.clinic, given_by=patient.user, taken_by=request.user)
        visit = hold_slot(
            patient=patient,
            booked_by=request.user,
            doctor=doctor,
            clinic=request.clinic,
            starts_at=at,
            mode=mode,
            notes=form.cleaned_data["notes"],
            idempotency_key=form.cleaned_data["key"],
            method=PaymentMethod.MPESA if method == DeskMethod.MPESA else PaymentMethod.CASH,
            payer_phone=form.cleaned_data.get("phone", ""),
            expected_fee=form.cleaned_data["expected_fee"],
            at_desk=True,
        )
    except exceptions.SlotTaken:
        mine = Appointment.objects.live().filter(patient=patient, doctor=doctor, scheduled_at=at).first()
        if mine is not None:
            return redirect("admin:appointments_desk_book_visit", mine.pk)
        return _taken(request, patient, doctors, doctor, form, at, mode)
    except exceptions.AppointmentError as error:
        return _again(request, patient, doctors, doctor, form, error)
    here = redirect("admin:appointments_desk_book_visit", visit.pk)
    # The time is held whatever becomes of the payment: its own page says how that stands, and offers it again.
    if method == DeskMethod.CASH:
        take_cash_now(request, visit)
    elif method == DeskMethod.MPESA:
        return send_prompt(request, visit, form.cleaned_data["phone"]) or here
    return here


def _again(
    request: HttpRequest,
    patient: Patient,
    doctors: list[Doctor],
    doctor: Doctor,
    form: DeskBookingForm,
    error: exceptions.AppointmentError | None = None,
) -> HttpResponse:
    """The page once more with what was typed and what was wrong with it; nothing was taken."""
    week = _week(request, patient, doctor, request.POST)
    form.full_clean()
    if isinstance(error, exceptions.KeyReused):
        data = request.POST.copy()
        data["key"] = DeskBookingForm.new_key()
        form = _form(request, patient, is_free=doctor.consultation_fee == 0, data=data)
        form.full_clean()
    if isinstance(error, exceptions.SlotNotOffered):
        week.error = week.error or _("The doctor does not offer this time. Choose one of the free times below.")
        week.at = None
    elif error is not None:
        form.add_error(None, _sentence(error))
    if week.at is None and not week.error:
        week.error = _("Choose one of the free times below.")
    is_conflict = week.was_taken or isinstance(error, exceptions.FeeChanged)
    return _page(request, patient, doctors, week, form=form, status=CONFLICT if is_conflict else BAD)


def _sentence(error: exceptions.AppointmentError) -> str:
    if isinstance(error, exceptions.FeeChanged):
        return _("The price has changed since this page was shown. Nothing was booked; this is the new one.")
    if isinstance(error, exceptions.EmailNotVerified):
        return _("Please confirm your e-mail address first; you find it in your profile.")
    if isinstance(error, exceptions.ConsentNeeded):
        return _("The patient has to agree to the clinic's care first.")
    if isinstance(error, exceptions.KeyReused):
        return _("You have sent this form before with other details. Check them and send it again.")
    return _("That did not work. Please try again.")


def _taken(
    request: HttpRequest,
    patient: Patient,
    doctors: list[Doctor],
    doctor: Doctor,
    form: DeskBookingForm,
    at: datetime,
    mode: str,
) -> HttpResponse:
    """409: the nearest free times as buttons of the same form, which keeps what was typed."""
    days = nearest_free(doctor=doctor, clinic=request.clinic, mode=mode, around=at, now=clock.now(), within_lead=True)
    near = [(day, [(slot, moment_key(slot.starts_at)) for slot in slots]) for day, slots in days.items()]
    data = request.POST.copy()
    data["key"] = DeskBookingForm.new_key()
    fresh = _form(request, patient, is_free=doctor.consultation_fee == 0, data=data)
    fresh.full_clean()
    week = _week(request, patient, doctor, {"mode": mode, "at": moment_key(at)})
    week.error = _("This time was taken a moment ago. Nothing was charged.")
    week.was_taken = True
    return _page(request, patient, doctors, week, form=fresh, near=near, status=CONFLICT)
