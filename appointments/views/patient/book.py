"""The week of a doctor, the details of a visit, and taking the time."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import Doctor, Patient
from accounts.selectors import doctor_to_book, own_patient, patients_of
from accounts.services.clinic_links import admit_patient, admitted_ids
from accounts.specialties import described
from appointments import exceptions
from appointments.forms.booking import BookingForm
from appointments.models import Appointment, AppointmentStatus
from appointments.selectors_booking import doctors_instead, nearest_free, own_visit_at
from appointments.services.booking import MOST_FREE_VISITS, MOST_UNPAID_HOLDS, hold_slot
from appointments.slots import SlotsByDay
from appointments.week import Week, moment_key, parse_moment, read_week
from clinics.refund_words import moving_sentence, refund_sentences
from precta import access, clock, hosts
from precta.payments.models import PaymentMethod
from precta.ratelimit import limit

BAD, CONFLICT = 400, 409


@require_http_methods(["GET", "HEAD", "POST"])
@limit("book", "30/m")
def book(request: HttpRequest, doctor_id: str) -> HttpResponse:
    """Anybody looks at the free times; a patient who is signed in chooses one (GET, which holds nothing) and takes it
    (POST)."""
    doctor = doctor_to_book(doctor_id, clinic=request.clinic)
    if doctor is None:
        raise Http404
    if request.method == "POST":
        return _take(request, doctor)
    week = _week(request, doctor, request.GET)
    status = CONFLICT if week.was_taken else BAD if week.error else 200
    return _page(request, week, status=status)


def _week(request: HttpRequest, doctor: Doctor, asked: Any, now: datetime | None = None) -> Week:
    return read_week(
        doctor=doctor,
        clinic=request.clinic,
        now=now or clock.now(),
        mode=asked.get("mode", "")[:20],
        day=asked.get("day", "")[:20],
        at=asked.get("at", "")[:60],
    )


def _page(
    request: HttpRequest,
    week: Week,
    *,
    form: BookingForm | None = None,
    near: SlotsByDay | None = None,
    status: int = 200,
) -> HttpResponse:
    """The week; with a chosen time the details beside it. `form` is the one that was posted with mistakes, `near` the
    times that it may be sent with instead when it was the time that cannot be had."""
    if week.at is not None and form is None and request.user.is_authenticated:
        patients = list(patients_of(request.user))
        if patients:
            form = _form(request, week.doctor, patients, ask_consent=_consent_needed(patients, request))
    here = request.path + (f"?at={moment_key(week.at.starts_at)}&mode={week.mode}" if week.at else "")
    context = {
        "week": week,
        "doctor": week.doctor,
        "specialty": described(week.doctor.specialties),
        "form": form,
        "near": near,
        "policy": request.clinic.policy,
        "refunds": _rules(week),
        "is_free": week.doctor.consultation_fee == 0,
        "chosen": moment_key(week.at.starts_at) if week.at else "",
        "step": "2" if week.at else "1",
        "sign_in": access.sign_in_url(request, here),
    }
    template = "appointments/patient/_week.html" if request.htmx else "appointments/patient/book.html"
    return render(request, template, context, status=status)


def _rules(week: Week) -> list[str]:
    """The clinic's rules about cancelling and moving, for the chosen time when there is one."""
    starts_at = week.at.starts_at if week.at else None
    sentences = refund_sentences(clinic=week.clinic, starts_at=starts_at, now=week.now)
    if starts_at is not None:
        is_free = week.doctor.consultation_fee == 0
        sentences.append(moving_sentence(clinic=week.clinic, starts_at=starts_at, is_free=is_free, now=week.now))
    return [sentence for sentence in sentences if sentence]


def _form(
    request: HttpRequest, doctor: Doctor, patients: list[Patient], *, ask_consent: bool, data: Any = None
) -> BookingForm:
    return BookingForm(
        data,
        user=request.user,
        patients=patients,
        clinic=request.clinic,
        is_free=doctor.consultation_fee == 0,
        ask_consent=ask_consent,
    )


def _consent_needed(patients: list[Patient], request: HttpRequest) -> bool:
    known = admitted_ids(patients=patients, clinic=request.clinic)
    return any(patient.pk not in known for patient in patients)


def _take(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    at = parse_moment(request.POST.get("at", "")[:60])
    mode = request.POST.get("mode", "")[:20]
    if not request.user.is_authenticated:
        query = f"?at={moment_key(at)}&mode={mode}" if at and mode in doctor.consultation_modes else ""
        return HttpResponseRedirect(access.sign_in_url(request, request.path + query))
    patients = _patients_to_choose(request)
    if not patients:
        raise PermissionDenied
    # Whether consent is missing is the booking's own check; asking here as well would cost a statement each time.
    form = _form(request, doctor, patients, ask_consent=True, data=request.POST)
    now = clock.now()
    if at is None or mode not in doctor.consultation_modes or not form.is_valid():
        return _again(request, doctor)
    try:
        if form.cleaned_data["consent"]:
            admit_patient(patient=form.patient, clinic=request.clinic, given_by=request.user)
        appointment = hold_slot(
            patient=form.patient,
            booked_by=request.user,
            doctor=doctor,
            clinic=request.clinic,
            starts_at=at,
            mode=mode,
            notes=form.cleaned_data["notes"],
            idempotency_key=form.cleaned_data["key"],
            method=form.cleaned_data.get("method", PaymentMethod.MPESA),
            payer_phone=form.cleaned_data.get("phone", ""),
            expected_fee=form.cleaned_data["expected_fee"],
        )
    except exceptions.SlotTaken:
        mine = own_visit_at(user=request.user, patient=form.patient, doctor=doctor, starts_at=at)
        return _onwards(mine) if mine is not None else _taken(request, doctor, form, at, mode, now)
    except exceptions.AppointmentError as error:
        return _again(request, doctor, error=error)
    return _onwards(appointment)


def _patients_to_choose(request: HttpRequest) -> list[Patient]:
    """Those for whom the person may book; only themselves when nobody else was chosen, which is cheaper to read."""
    if request.POST.get("for_whom", "") in {"", request.user.pk}:
        return [own] if (own := own_patient(request.user)) is not None else []
    return list(patients_of(request.user))


def _onwards(appointment: Appointment) -> HttpResponse:
    """To the payment, which with JavaScript begins by itself the way that was chosen; to the visit when it is free."""
    if appointment.status != AppointmentStatus.PENDING_PAYMENT:
        return redirect("appointments:patient:detail", appointment.pk)
    return redirect(reverse("appointments:patient:pay", args=[appointment.pk]) + "?start=1")


def _again(request: HttpRequest, doctor: Doctor, error: exceptions.AppointmentError | None = None) -> HttpResponse:
    """The page once more with what was typed and what was wrong with it; nothing was taken."""
    patients = list(patients_of(request.user))
    data = request.POST.copy()
    if isinstance(error, exceptions.KeyReused):
        data.pop("key")
        data["key"] = BookingForm.new_key()
    form = _form(request, doctor, patients, ask_consent=_consent_needed(patients, request), data=data)
    form.full_clean()
    week = _week(request, doctor, request.POST)
    if isinstance(error, exceptions.ConsentNeeded):
        form.add_error("consent", _("Please agree: this is the first visit to this clinic."))
    elif isinstance(error, exceptions.SlotNotOffered):
        week.error = week.error or _("The doctor does not offer this time. Choose one of the free times below.")
        week.at = None
    elif error is not None:
        form.add_error(None, _sentence(error))
    if week.at is None and not week.error:
        week.error = _("Choose one of the free times below.")
    is_conflict = week.was_taken or isinstance(error, exceptions.FeeChanged)
    near = _near(week, parse_moment(request.POST.get("at", "")[:60])) if week.at is None else None
    return _page(request, week, form=form, near=near, status=CONFLICT if is_conflict else BAD)


def _near(week: Week, asked: datetime | None) -> SlotsByDay:
    """The free times nearest to the one that was asked for, or to now when nothing can be booked near that."""
    tz = week.clinic.policy.tz
    is_near = asked is not None and week.today <= asked.astimezone(tz).date() <= week.last_day
    around = asked if asked is not None and is_near else week.now
    return nearest_free(doctor=week.doctor, clinic=week.clinic, mode=week.mode, around=around, now=week.now)


def _sentence(error: exceptions.AppointmentError) -> str:
    if isinstance(error, exceptions.TooManyHolds):
        return _(
            "You hold %(count)s times that are not paid yet, and more is not possible. Pay for one of them or cancel "
            "it under “My visits”."
        ) % {"count": MOST_UNPAID_HOLDS}
    if isinstance(error, exceptions.TooManyFreeVisits):
        return _(
            "You have %(count)s coming visits without a fee at this clinic, and more is not possible. Cancel one of "
            "them under “My visits”, or book again when one is over."
        ) % {"count": MOST_FREE_VISITS}
    if isinstance(error, exceptions.FeeChanged):
        return _("The price has changed since this page was shown. Nothing was booked; this is the new one.")
    if isinstance(error, exceptions.EmailNotVerified):
        return _("Please confirm your e-mail address first; you find it in your profile.")
    if isinstance(error, exceptions.NotYourPatient):
        return _("You can book for yourself and for your children only.")
    if isinstance(error, exceptions.KeyReused):
        return _("You have sent this form before with other details. Check them and send it again.")
    return _("That did not work. Please try again.")


def _taken(
    request: HttpRequest, doctor: Doctor, form: BookingForm, at: datetime, mode: str, now: datetime
) -> HttpResponse:
    """409: the nearest free times, each a button that sends the same details again."""
    clinic = request.clinic
    local = at.astimezone(clinic.policy.tz)
    context = {
        "doctor": doctor,
        "at": at,
        "day": local.date(),
        "today": now.astimezone(clinic.policy.tz).date(),
        "mode": mode,
        "days": nearest_free(doctor=doctor, clinic=clinic, mode=mode, around=at, now=now),
        "details": {name: str(value) for name, value in form.cleaned_data.items() if value and name != "key"},
        "key": BookingForm.new_key(),
        "others": doctors_instead(doctor=doctor, mode=mode, day=local.date()),
        "specialty": doctor.specialties[0],
        "search": hosts.origin(settings.PLATFORM_HOST) + "/doctors/",
    }
    return render(request, "appointments/patient/taken.html", context, status=CONFLICT)
