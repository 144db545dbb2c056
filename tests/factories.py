"""People, doctors and visits for tests; every function saves what it makes and returns it."""

import time as clock_time
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.utils import timezone

from accounts.models import (
    ClinicPatient,
    Consent,
    ConsentPurpose,
    Doctor,
    Patient,
    Role,
    User,
    UserStatus,
    VerificationStatus,
)
from appointments.models import Appointment, AppointmentStatus, Consultation, DoctorAvailability
from clinics.models import Clinic, ClinicApplication, Membership, MembershipRole
from precta.files.checks import check_upload
from precta.files.store import put
from precta.ids import new_id
from precta.tenancy import clinic_context, public_context
from tests.files.corpus import pdf, upload

PASSWORD = "correct horse battery"
# A hash made once: argon2 is slow on purpose, and a suite makes hundreds of users.
_HASH: dict[str, str] = {}
_numbers = count(1)


def make_user(email: str = "", role: str = Role.PATIENT, **extra: Any) -> User:
    from django.contrib.auth.hashers import make_password

    email = email or f"person{next(_numbers)}@example.test"
    extra.setdefault("status", UserStatus.ACTIVE)
    extra.setdefault("email_verified", True)
    user = User(email=email, role=role, **extra)
    if "hash" not in _HASH:
        _HASH["hash"] = make_password(PASSWORD)
    user.password = _HASH["hash"]
    user.save()
    EmailAddress.objects.create(user=user, email=email, verified=user.email_verified, primary=True)
    return user


def make_patient(first_name: str = "Amina", last_name: str = "Hassan", **extra: Any) -> Patient:
    user = extra.pop("user", None) or make_user(extra.pop("email", ""))
    return Patient.objects.create(user=user, first_name=first_name, last_name=last_name, **extra)


def make_doctor(
    clinic: Clinic | None,
    first_name: str = "Achieng",
    last_name: str = "Njoroge",
    **extra: Any,
) -> Doctor:
    """A verified doctor of `clinic`: paediatrician, KES 2,500, 30 minutes, both kinds of visit, no windows yet."""
    user = extra.pop("user", None) or make_user(extra.pop("email", ""), role=Role.DOCTOR)
    extra.setdefault("specialties", ["paediatrics"])
    extra.setdefault("languages", ["en", "sw"])
    extra.setdefault("consultation_fee", Decimal("2500.00"))
    extra.setdefault("consultation_modes", ["in_person", "video"])
    extra.setdefault("verification_status", VerificationStatus.VERIFIED)
    return Doctor.objects.create(user=user, clinic=clinic, first_name=first_name, last_name=last_name, **extra)


def make_window(
    doctor: Doctor,
    day: int,
    start: str,
    end: str,
    mode: str = "in_person",
    **extra: Any,
) -> DoctorAvailability:
    """A weekly window; `day` 0 is Sunday; times "HH:MM" in the clinic's zone."""
    with clinic_context(doctor.clinic):
        return DoctorAvailability.objects.create(
            doctor=doctor,
            day_of_week=day,
            start_time=time.fromisoformat(start),
            end_time=time.fromisoformat(end),
            consultation_mode=mode,
            **extra,
        )


def make_full_week(doctor: Doctor, start: str = "08:00", end: str = "17:00") -> None:
    """The same window every day, for both kinds of visit."""
    for day in range(7):
        for mode in doctor.consultation_modes:
            make_window(doctor, day, start, end, mode)


def make_appointment(patient: Patient, doctor: Doctor, scheduled_at: datetime, **extra: Any) -> Appointment:
    """A row as it would stand after booking; free of charge unless `fee` is given (no Payment is made)."""
    extra.setdefault("status", AppointmentStatus.CONFIRMED)
    extra.setdefault("fee", Decimal("0.00"))
    extra.setdefault("consultation_type", "in_person")
    extra.setdefault("duration_minutes", doctor.consultation_duration_minutes)
    extra.setdefault("booked_by", patient.user)
    if extra["status"] == AppointmentStatus.PENDING_PAYMENT:
        extra.setdefault("hold_expires_at", datetime.now(UTC) + timedelta(minutes=15))
    if extra["status"] == AppointmentStatus.CANCELLED:
        extra.setdefault("cancelled_at", datetime.now(UTC))
        extra.setdefault("refund_due", Decimal("0.00"))
    with clinic_context(doctor.clinic):
        return Appointment.objects.create(
            patient=patient,
            doctor=doctor,
            clinic=doctor.clinic,
            scheduled_at=scheduled_at,
            idempotency_key=new_id(),
            **extra,
        )


def make_consultation(visit: Appointment, **extra: Any) -> Consultation:
    """The encounter of a visit, begun and ended in its time; notes are unsigned unless `finished_at` is given."""
    extra.setdefault("started_at", visit.scheduled_at)
    extra.setdefault("ended_at", visit.scheduled_at + timedelta(minutes=visit.duration_minutes))
    with clinic_context(visit.clinic):
        return Consultation.objects.create(appointment=visit, **extra)


def link_patient(patient: Patient, clinic: Clinic) -> ClinicPatient:
    """The patient has been to this clinic and has agreed to its care."""
    Consent.objects.create(
        patient=patient,
        clinic=clinic,
        given_by=patient.user,
        purpose=ConsentPurpose.CLINIC_CARE,
        text_version="2025-01",
        text="I agree.",
    )
    return ClinicPatient.objects.create(patient=patient, clinic=clinic)


def make_staff(clinic: Clinic, role: str = MembershipRole.FRONT_DESK, email: str = "") -> User:
    user = make_user(email)
    Membership.objects.create(user=user, clinic=clinic, role=role)
    return user


def make_application(applicant: User, **extra: Any) -> ClinicApplication:
    """A clinic's application that waits for an answer, with a licence document in the store."""
    now = datetime.now(UTC)
    extra.setdefault("name", "Kisumu Eye Care")
    extra.setdefault("slug", f"kisumu-eye-{next(_numbers)}")
    extra.setdefault("status", "waiting")
    extra.setdefault("licence_number", "KMPDC/1234")
    extra.setdefault("licence_key", "".join(c for c in extra["licence_number"].lower() if c.isalnum()))
    if extra["status"] not in {"draft", "waiting"}:
        extra.setdefault("decided_at", now)
    if extra["status"] != "draft":
        extra.setdefault("submitted_at", now)
    if "licence_file" not in extra:
        with public_context():
            extra["licence_file"] = put(check_upload(upload(pdf())), folder="clinic-licences")
    return ClinicApplication.objects.create(
        applicant=applicant,
        **{
            "contact_name": "Grace Atieno",
            "contact_phone": "+254712000111",
            "address": "Oginga Odinga Street 4",
            "city": "Kisumu",
            "region": "Kisumu",
            "phone": "+254712000222",
            "email": "hello@eye.example",
            "operating_hours": {"1": [["08:00", "17:00"]]},
            "licence_name": "licence.pdf",
            "licence_type": "application/pdf",
            "terms_accepted_at": now,
            **extra,
        },
    )


TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def give_second_factor(user: User, secret: str = TOTP_SECRET) -> list[str]:
    """An authenticator app with `secret`, and recovery codes, which are returned."""
    if not Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        TOTP.activate(user, secret)
    return RecoveryCodes.activate(user).get_unused_codes()


def totp_code(secret: str = TOTP_SECRET, *, later: int = 0) -> str:
    """What the app shows now, or `later` half minutes from now; each code is good once."""
    return format_hotp_value(hotp_value(secret, int(clock_time.time()) // 30 + later))


def make_applicant(clinic: Clinic | None = None, **extra: Any) -> Doctor:
    """A doctor with a whole profile and three papers, not sent yet; of `clinic` already when one is given."""
    from accounts.services.doctor_application import add_credential
    from precta.files.checks import check_upload
    from tests.files import corpus

    doctor = make_doctor(
        clinic,
        "Wanjiku",
        "Maina",
        **{
            "verification_status": VerificationStatus.PENDING,
            "bio": "I see children.",
            "license_number": "A-1",
            "years_of_experience": 4,
            "qualifications": [{"title": "MBChB", "institution": "University of Nairobi", "year": 2015}],
            **extra,
        },
    )
    for pages, kind in enumerate(("license", "degree", "id"), 1):
        ends = {"expires_at": timezone.localdate() + timedelta(days=300)} if kind == "license" else {}
        values = {"type": kind, "name": kind.title(), "issued_by": "Council", **ends}
        file = check_upload(corpus.upload(corpus.pdf(pages=pages)))
        add_credential(doctor=doctor, by=doctor.user, file=file, values=values)
    return doctor
