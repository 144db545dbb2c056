"""Reading medical records of the active clinic, always within what the asker may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.db.models.functions import Coalesce

from accounts.models import ClinicPatient, Doctor, Patient, User
from accounts.selectors import patients_of
from appointments.models import Appointment, HiddenRecord, MedicalRecord
from appointments.policies import SHOWS_RECORDS, may_doctor_see_records
from clinics.models import Clinic
from precta import clock
from precta.audit.models import AuditLog

UNDO = timedelta(days=30)
LOOKS = ("record.viewed", "record.downloaded", "record.previewed")


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody opened the record's file. `name` is empty when the account tells none."""

    action: str
    at: datetime
    user_id: str | None
    name: str
    is_doctor: bool


def records_for_patient_user(user: User) -> QuerySet[MedicalRecord]:
    """The records that `user` may read and change: their own and their children's, deleted ones left out."""
    return _of_patient_user(user).filter(deleted_at__isnull=True)


def deleted_for_patient_user(user: User, *, now: datetime | None = None) -> QuerySet[MedicalRecord]:
    """Those that were deleted and can still be taken back, latest first."""
    since = (now or clock.now()) - UNDO
    return _of_patient_user(user).filter(deleted_at__gt=since).order_by("-deleted_at", "pk")


def records_for_visit(visit: Appointment) -> QuerySet[MedicalRecord]:
    """What the visit's doctor may see of its patient: nothing deleted, nothing hidden from this doctor."""
    if not may_doctor_see_records(visit):
        return MedicalRecord.objects.none()
    hidden = HiddenRecord.objects.filter(record=OuterRef("pk"), doctor=visit.doctor_id)
    return (
        MedicalRecord.objects.filter(patient=visit.patient_id, deleted_at__isnull=True)
        .exclude(Exists(hidden))
        .order_by("-uploaded_at", "pk")
    )


def keeps_records_of(people: Iterable[Patient], *, clinic: Clinic) -> list[Patient]:
    """Which of `people` the clinic knows, in the same order: it keeps nothing for others."""
    people = list(people)
    known = set(
        ClinicPatient.objects.filter(clinic=clinic, patient__in=[p.pk for p in people]).values_list(
            "patient", flat=True
        )
    )
    return [person for person in people if person.pk in known]


def bytes_used(people: Iterable[Patient]) -> dict[str, int]:
    """Patient's id → bytes that the clinic keeps; what is deleted counts until it is gone for good."""
    ids = [person.pk for person in people]
    rows = MedicalRecord.objects.filter(patient__in=ids).order_by().values("patient")
    sums = dict(rows.annotate(bytes=Coalesce(Sum("file_size_bytes"), 0)).values_list("patient", "bytes"))
    return {pk: sums.get(pk, 0) for pk in ids}


def same_file(patient_id: str, sha256: str) -> MedicalRecord | None:
    """The patient's record with exactly this content."""
    found = MedicalRecord.objects.filter(patient=patient_id, deleted_at__isnull=True, metadata__sha256=sha256)
    return found.first()


def doctors_who_see(record: MedicalRecord) -> list[Doctor]:
    """The doctors whom a visit of the patient lets see the record, each with `is_hidden`; those hidden from too."""
    visits = Appointment.objects.filter(patient=record.patient_id, status__in=SHOWS_RECORDS)
    hidden = set(record.hidden_from.values_list("doctor", flat=True))
    ids = set(visits.order_by().values_list("doctor", flat=True).distinct()) | hidden
    doctors = list(Doctor.objects.filter(pk__in=ids).order_by("last_name", "first_name", "pk"))
    for doctor in doctors:
        doctor.is_hidden = doctor.pk in hidden  # type: ignore[attr-defined]
    return doctors


def looks_at(record: MedicalRecord) -> QuerySet[AuditLog]:
    """Every time that somebody opened the record's file, latest first, from the clinic's own trail."""
    return AuditLog.objects.filter(resource_type="medicalrecord", resource_id=record.pk, action__in=LOOKS).order_by(
        "-created_at", "-pk"
    )


def named_looks(entries: Iterable[AuditLog]) -> list[Look]:
    """The entries with the names of who looked; two statements, whatever their number."""
    entries = list(entries)
    ids = {entry.user_id for entry in entries if entry.user_id}
    doctors = {doctor.pk: doctor.display_name for doctor in Doctor.objects.filter(pk__in=ids)}
    people = {patient.pk: patient.full_name for patient in Patient.objects.filter(pk__in=ids)}
    return [
        Look(
            action=entry.action,
            at=entry.created_at,
            user_id=entry.user_id,
            name=doctors.get(entry.user_id) or people.get(entry.user_id) or "",
            is_doctor=entry.user_id in doctors,
        )
        for entry in entries
    ]


def _of_patient_user(user: User) -> QuerySet[MedicalRecord]:
    mine = patients_of(user).order_by().values("pk")
    return MedicalRecord.objects.filter(patient_id__in=mine).select_related("patient")
