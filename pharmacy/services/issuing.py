"""Issuing a prescription, and replacing one: what is issued is final."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction

from accounts.models import Doctor, Patient, User, VerificationStatus
from appointments.models import Appointment, AppointmentStatus, Consultation
from clinics.models import Clinic
from pharmacy import exceptions
from pharmacy.medications import check_medications
from pharmacy.models import Prescription
from pharmacy.warnings import overrides_of, unanswered, warnings_for
from precta import clock
from precta.audit.services import record
from precta.constraints import violated
from precta.ids import new_secret_code
from precta.inserts import insert
from precta.outbox.services import emit
from precta.tenancy import current_schema

USUALLY_VALID = timedelta(days=30)
LONGEST_VALID = timedelta(days=180)
WRITTEN_IN = frozenset({AppointmentStatus.IN_PROGRESS, AppointmentStatus.COMPLETED})


def issue_prescription(
    *,
    visit: Appointment,
    by_user: User,
    medications: list[dict[str, str]],
    valid_until: date,
    idempotency_key: str,
    instructions: str = "",
    reasons: Mapping[str, str] | None = None,
    replaces: Prescription | None = None,
    replacement_reason: str = "",
    now: datetime | None = None,
) -> Prescription:
    """Issue what the doctor of `visit` wrote for its patient; from then on it does not change.

    `valid_until` is its last day by the clinic's calendar, today at the earliest and LONGEST_VALID ahead at most.
    `reasons` are by the keys of the warnings that they set aside; which warnings there are is found out here, whatever
    the form showed. With `replaces` and a reason, that prescription counts no more. The same `idempotency_key` with
    the same content gives back what it issued before.

    Raises NotTheDoctor, NotLicensed, VisitNotOpen, BadMedications, BadValidity, WarningsUnanswered, AlreadyIssued,
    AlreadyReplaced, KeyReused.
    """
    now = now or clock.now()
    check_medications(medications)
    today = now.astimezone(visit.clinic.policy.tz).date()
    if not today <= valid_until <= today + LONGEST_VALID:
        raise exceptions.BadValidity
    wanted = Prescription(
        patient_id=visit.patient_id,
        doctor_id=visit.doctor_id,
        appointment_id=visit.pk,
        medications=medications,
        instructions=instructions.strip(),
        valid_until=valid_until,
        verification_code=f"{visit.clinic.code}-{new_secret_code()}",
        replaces=replaces,
        replacement_reason=replacement_reason.strip(),
        idempotency_key=idempotency_key,
    )
    try:
        with transaction.atomic():
            return _issue(wanted, visit, by_user, reasons or {}, today)
    except IntegrityError as error:
        # The lock is on the patient; only a key or a replacement of another patient's could come in between.
        if violated(error, "pharmacy_prescription_replaces_id") and replaces is not None:
            raise exceptions.AlreadyReplaced(Prescription.objects.get(replaces=replaces.pk)) from error
        if violated(error, "pharmacy_prescription_idempotency_key"):
            raise exceptions.KeyReused from error
        raise


def _issue(
    wanted: Prescription, visit: Appointment, by_user: User, reasons: Mapping[str, str], today: date
) -> Prescription:
    _lock_patient(visit.patient_id)
    before = Prescription.objects.with_people().filter(idempotency_key=wanted.idempotency_key).first()
    if before is not None:
        return _same_again(before, wanted, by_user)
    doctor = _doctor_of(visit, by_user)
    if wanted.replaces is not None:
        _refuse_replacing(wanted.replaces, visit, by_user)
    patient = Patient.objects.get(pk=visit.patient_id)
    found = warnings_for(
        wanted.medications,
        allergies=patient.allergies,
        others=Prescription.objects.active(today)
        .filter(patient=patient)
        .exclude(pk=wanted.replaces_id)
        .order_by("issued_at", "pk"),
    )
    if unanswered(found, reasons):
        raise exceptions.WarningsUnanswered(found)
    wanted.overrides = overrides_of(found, reasons)
    wanted.consultation = Consultation.objects.filter(appointment=visit).first()
    wanted.letterhead = letterhead_of(visit.clinic, doctor, patient)
    issued = insert(wanted)
    details: dict[str, Any] = {"appointment": visit.pk, "lines": len(issued.medications)}
    if issued.overrides:
        details["overrides"] = len(issued.overrides)
    if issued.replaces_id:
        details["replaces"] = issued.replaces_id
    record("prescription.issued", resource=issued, user=by_user, details=details)
    emit("prescription.issued", prescription_id=issued.pk)
    if issued.replaces_id:
        record(
            "prescription.replaced",
            resource=("prescription", issued.replaces_id),
            user=by_user,
            details={"by": issued.pk},
        )
        emit("prescription.replaced", prescription_id=issued.replaces_id)
    return issued


def letterhead_of(clinic: Clinic, doctor: Doctor, patient: Patient) -> dict[str, str]:
    """What stands above the prescription as of now; the paper keeps it whatever changes later."""
    return {
        "clinic": clinic.name,
        "address": ", ".join(part for part in (clinic.address, clinic.city) if part),
        "phone": str(clinic.phone or ""),
        "doctor": doctor.display_name,
        "licence": doctor.license_number,
        "patient": patient.full_name,
        "born": patient.date_of_birth.isoformat() if patient.date_of_birth else "",
    }


def _lock_patient(patient_id: str) -> None:
    """Prescriptions of one patient are issued one after the other, so that each sees the substances of the last."""
    with connection.cursor() as cursor:
        key = f"{current_schema()}:prescriptions:{patient_id}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def _same_again(before: Prescription, wanted: Prescription, by_user: User) -> Prescription:
    if before.doctor_id != by_user.pk or before.appointment_id != wanted.appointment_id:
        raise exceptions.KeyReused
    same = ("medications", "instructions", "valid_until", "replaces_id", "replacement_reason")
    if any(getattr(before, name) != getattr(wanted, name) for name in same):
        raise exceptions.AlreadyIssued(before)
    return before


def _doctor_of(visit: Appointment, by_user: User) -> Doctor:
    if by_user.pk != visit.doctor_id:
        raise exceptions.NotTheDoctor
    status = Appointment.objects.filter(pk=visit.pk).values_list("status", flat=True).first()
    if status not in WRITTEN_IN:
        raise exceptions.VisitNotOpen
    doctor = Doctor.objects.get(pk=visit.doctor_id)
    if doctor.verification_status != VerificationStatus.VERIFIED:
        raise exceptions.NotLicensed
    return doctor


def _refuse_replacing(old: Prescription, visit: Appointment, by_user: User) -> None:
    if old.doctor_id != by_user.pk or old.patient_id != visit.patient_id:
        raise exceptions.NotTheDoctor
    replacement = Prescription.objects.filter(replaces=old.pk).first()
    if replacement is not None:
        raise exceptions.AlreadyReplaced(replacement)
