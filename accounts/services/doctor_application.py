"""A doctor joins: the profile, the papers, the clinic, sending it all for verification.

Every change locks the doctor's row first, so that an application is never changed while it is being sent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.application import PROVED, checklist, is_locked
from accounts.exceptions import (
    AnsweredAlready,
    ApplicationIncomplete,
    ApplicationLocked,
    ClinicNotOpen,
    HasAClinic,
    HasCareOfTheirOwn,
    NotOpenToThem,
    SamePaper,
    SubmittedAlready,
    TooManyPapers,
)
from accounts.models import (
    ClinicPatient,
    ClinicRequestStatus,
    DecisionKind,
    Doctor,
    DoctorClinicRequest,
    DoctorCredential,
    Guardianship,
    Patient,
    Role,
    User,
    VerificationDecision,
    VerificationStatus,
)
from accounts.services.verification import tell_changed, today_for
from clinics.models import Clinic, ClinicStatus
from precta import clock
from precta.audit.services import record
from precta.commits import after_commit
from precta.files import store
from precta.files.checks import CheckedUpload
from precta.outbox.services import emit
from precta.tenancy import clinic_context, public_context

MOST_PAPERS = 30
# What a doctor may change at any time, without a new verification.
FREE = (
    *("bio", "languages", "qualifications", "years_of_experience", "consultation_fee"),
    *("consultation_duration_minutes", "consultation_modes"),
)
PAPER_FIELDS = ("type", "name", "issued_by", "issued_at", "expires_at")


@contextmanager
def locked(doctor: Doctor) -> Iterator[Doctor]:
    """One change at a time to an application, in the public schema; yields the fresh row."""
    with public_context(), transaction.atomic():
        yield Doctor.objects.select_for_update(no_key=True, of=("self",)).select_related("clinic").get(pk=doctor.pk)


def start(*, user: User) -> Doctor:
    """Give the account an empty doctor's profile and the role; the same profile when it has one.

    Raises NotOpenToThem and HasCareOfTheirOwn: from then on the account books no visits.
    """
    with public_context(), transaction.atomic():
        account = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        known = Doctor.objects.filter(pk=account.pk).first()
        if known is not None:
            return known
        if account.role == Role.ADMIN:
            raise NotOpenToThem
        if has_care(account):
            raise HasCareOfTheirOwn
        patient = Patient.objects.filter(pk=account.pk).first()
        doctor = Doctor.objects.create(
            user=account,
            first_name=patient.first_name if patient else "",
            last_name=patient.last_name if patient else "",
            specialties=[],
            consultation_fee=Decimal(0),
            has_set_fee=False,
        )
        account.role = Role.DOCTOR
        account.save(update_fields=["role", "updated_at"])
        record("doctor.started", resource=doctor, user=account)
    user.role = Role.DOCTOR
    return doctor


def has_care(user: User) -> bool:
    """Whether clinics know this account as a patient, or it acts for children."""
    known = ClinicPatient.objects.filter(patient_id=user.pk).exists()
    return known or Guardianship.objects.filter(guardian_id=user.pk, ended_at__isnull=True).exists()


def changes_what_is_proved(*, doctor: Doctor, values: dict[str, Any]) -> bool:
    """Whether `values` would change what the papers prove."""
    return any(name in values and getattr(doctor, name) != values[name] for name in PROVED)


def save_profile(*, doctor: Doctor, by: User, values: dict[str, Any]) -> list[str]:
    """Write what changed of `values` (columns of PROVED and FREE) and return the names.

    A verified doctor whose PROVED columns change is sent for verification again and is found by nobody until then.
    Raises ApplicationLocked when those would change while the application waits.
    """
    with locked(doctor) as row:
        changed = [name for name in (*PROVED, *FREE) if name in values and getattr(row, name) != values[name]]
        proved = [name for name in changed if name in PROVED]
        if proved and is_locked(row):
            raise ApplicationLocked
        for name in changed:
            setattr(row, name, values[name])
        written = list(changed)
        if "consultation_fee" in values and not row.has_set_fee:
            row.has_set_fee = True
            written.append("has_set_fee")
        if proved and row.verification_status == VerificationStatus.VERIFIED:
            row.verification_status = VerificationStatus.PENDING
            row.submitted_at = clock.now()
            written += ["verification_status", "submitted_at"]
            _decided(row, DecisionKind.RESUBMITTED, by=by, reason_code="profile_changed", note=", ".join(proved))
            emit("doctor.submitted", doctor_id=row.pk)
        if written:
            row.save(update_fields=written)
        if changed:
            record("doctor.updated", resource=row, user=by, details={"fields": changed})
            tell_changed(row)
    doctor.refresh_from_db()
    return changed


def save_photo(*, doctor: Doctor, by: User, photo: CheckedUpload | None) -> None:
    """Crop and publish the photo, or take it off with None. Raises UploadRefused."""
    path = ""
    if photo is not None:
        from precta.files import images  # a web worker that draws no picture does without what does

        path = store.put_public_image(*images.square(photo.data), folder="doctors")
    with locked(doctor) as row:
        if row.profile_image_url != path:
            row.profile_image_url = path
            row.save(update_fields=["profile_image_url"])
            record("doctor.updated", resource=row, user=by, details={"fields": ["profile_image_url"]})
            tell_changed(row)
    doctor.profile_image_url = path


def add_credential(
    *,
    doctor: Doctor,
    by: User,
    file: CheckedUpload,
    values: dict[str, Any],
    replaces: DoctorCredential | None = None,
) -> DoctorCredential:
    """Keep a paper; `values` are PAPER_FIELDS. A verified doctor's new paper is sent for verification at once.

    `replaces` is a decided paper of the same doctor. Raises ApplicationLocked, TooManyPapers, SamePaper.
    """
    with public_context(), store.kept(file, folder=_folder(doctor)) as key, locked(doctor) as row:
        if is_locked(row):
            raise ApplicationLocked
        _refuse_repeats(row, file)
        if replaces is not None and not _may_replace(row, replaces):
            raise ApplicationLocked
        paper = DoctorCredential.objects.create(
            doctor=row, replaces=replaces, file_url=key, **_particulars(file), **_paper_values(values)
        )
        record("credential.added", resource=paper, user=by, details={"type": paper.type})
        if row.verification_status == VerificationStatus.VERIFIED:
            row.submitted_at = clock.now()
            row.save(update_fields=["submitted_at"])
            _decided(row, DecisionKind.RESUBMITTED, by=by, credential=paper)
            emit("doctor.submitted", doctor_id=row.pk)
    return paper


def change_credential(
    *, credential: DoctorCredential, by: User, values: dict[str, Any], file: CheckedUpload | None = None
) -> DoctorCredential:
    """Change the particulars of a paper that nobody has seen yet, and its file when one is given.

    Raises ApplicationLocked, SamePaper.
    """
    if file is None:
        with locked(credential.doctor) as row:
            return _changed(row, credential, by, values, {})
    doctor = credential.doctor
    with public_context(), store.kept(file, folder=_folder(doctor)) as key, locked(doctor) as row:
        _refuse_repeats(row, file, but=credential.pk)
        old = DoctorCredential.objects.get(pk=credential.pk).file_url
        paper = _changed(row, credential, by, values, {"file_url": key, **_particulars(file)})
        after_commit(store.delete, old)
    return paper


def remove_credential(*, credential: DoctorCredential, by: User) -> None:
    """Take a paper back that nobody has seen yet, its file too. Raises ApplicationLocked."""
    with locked(credential.doctor) as row:
        paper = _still_open(row, credential)
        record("credential.removed", resource=paper, user=by, details={"type": paper.type})
        paper.delete()
        after_commit(store.delete, paper.file_url)


def ask_clinic(*, doctor: Doctor, by: User, clinic: Clinic) -> DoctorClinicRequest:
    """Ask a clinic to take the doctor in; an open request to another one is withdrawn.

    Raises HasAClinic, ClinicNotOpen.
    """
    with locked(doctor) as row:
        if row.clinic_id is not None:
            raise HasAClinic
        if not Clinic.objects.filter(pk=clinic.pk, status=ClinicStatus.ACTIVE).exists():
            raise ClinicNotOpen
        waiting = DoctorClinicRequest.objects.filter(doctor=row, status=ClinicRequestStatus.REQUESTED).first()
        if waiting is not None and waiting.clinic_id == clinic.pk:
            return waiting
        if waiting is not None:
            _close(waiting, ClinicRequestStatus.WITHDRAWN, by=by)
        request = DoctorClinicRequest.objects.create(doctor=row, clinic=clinic)
        record("doctor.asked_clinic", resource=row, user=by, details={"clinic": clinic.pk})
        emit("doctor.asked_clinic", request_id=request.pk)
    return request


def answer_clinic(*, request: DoctorClinicRequest, by: User, accept: bool, reason: str = "") -> Doctor:
    """The clinic's manager takes the doctor in or refuses, with a reason that the doctor reads.

    Raises AnsweredAlready, HasAClinic, ClinicNotOpen.
    """
    with locked(request.doctor) as row:
        waiting = DoctorClinicRequest.objects.select_related("clinic").get(pk=request.pk)
        if waiting.status != ClinicRequestStatus.REQUESTED:
            raise AnsweredAlready
        if accept and row.clinic_id is not None:
            raise HasAClinic
        if accept and not waiting.clinic.is_open:
            raise ClinicNotOpen
        _close(waiting, ClinicRequestStatus.ACCEPTED if accept else ClinicRequestStatus.REFUSED, by=by, reason=reason)
        kind = DecisionKind.ACCEPTED_BY_CLINIC if accept else DecisionKind.REFUSED_BY_CLINIC
        _decided(row, kind, by=by, note=reason)
        if accept:
            row.clinic = waiting.clinic
            row.save(update_fields=["clinic"])
            tell_changed(row)
        with clinic_context(waiting.clinic):
            record("doctor.accepted" if accept else "doctor.refused", resource=row, user=by)
        emit("doctor.clinic_answered", request_id=waiting.pk)
    return row


def submit(*, doctor: Doctor, by: User, now: datetime | None = None) -> Doctor:
    """Send the application for verification, for the first time or again after a rejection or a lapse.

    Raises SubmittedAlready, and ApplicationIncomplete, which names what is missing.
    """
    now = now or clock.now()
    with locked(doctor) as row:
        if row.submitted_at is not None or row.verification_status == VerificationStatus.VERIFIED:
            raise SubmittedAlready
        missing = checklist(row, today=today_for(row, now)).missing
        if missing:
            raise ApplicationIncomplete(missing)
        again = VerificationDecision.objects.filter(doctor=row, kind=DecisionKind.SUBMITTED).exists()
        row.submitted_at, row.verification_status = now, VerificationStatus.PENDING
        row.save(update_fields=["submitted_at", "verification_status"])
        _decided(row, DecisionKind.RESUBMITTED if again else DecisionKind.SUBMITTED, by=by)
        record("doctor.submitted", resource=row, user=by, details={"again": again})
        emit("doctor.submitted", doctor_id=row.pk)
    return row


def _decided(doctor: Doctor, kind: str, *, by: User | None, **extra: Any) -> VerificationDecision:
    return VerificationDecision.objects.create(doctor=doctor, kind=kind, decided_by=by, **extra)


def _close(request: DoctorClinicRequest, status: str, *, by: User, reason: str = "") -> None:
    request.status, request.reason, request.decided_by, request.decided_at = status, reason, by, clock.now()
    request.save(update_fields=["status", "reason", "decided_by", "decided_at"])


def _folder(doctor: Doctor) -> str:
    return f"credentials/{doctor.pk}"


def _particulars(file: CheckedUpload) -> dict[str, Any]:
    return {
        "content_type": file.content_type,
        "size": file.size,
        "sha256": file.sha256,
        "original_name": file.name,
    }


def _paper_values(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in PAPER_FIELDS if name in values}


def _refuse_repeats(doctor: Doctor, file: CheckedUpload, but: str = "") -> None:
    known = DoctorCredential.objects.filter(doctor=doctor).exclude(pk=but)
    if known.count() >= MOST_PAPERS:
        raise TooManyPapers
    if known.filter(sha256=file.sha256).exclude(verification_status=VerificationStatus.REJECTED).exists():
        raise SamePaper


def _may_replace(doctor: Doctor, old: DoctorCredential) -> bool:
    decided = old.doctor_id == doctor.pk and old.verification_status != VerificationStatus.PENDING
    return decided and not DoctorCredential.objects.filter(replaces=old).exists()


def _still_open(doctor: Doctor, credential: DoctorCredential) -> DoctorCredential:
    paper = DoctorCredential.objects.get(pk=credential.pk)
    seen = paper.verification_status != VerificationStatus.PENDING or paper.decisions.exists()
    if is_locked(doctor) or seen:
        raise ApplicationLocked
    return paper


def _changed(
    doctor: Doctor, credential: DoctorCredential, by: User, values: dict[str, Any], file: dict[str, Any]
) -> DoctorCredential:
    paper = _still_open(doctor, credential)
    wanted = {**_paper_values(values), **file}
    changed = [name for name, value in wanted.items() if getattr(paper, name) != value]
    for name in changed:
        setattr(paper, name, wanted[name])
    if changed:
        paper.save(update_fields=changed)
        record("credential.changed", resource=paper, user=by, details={"fields": changed})
    return paper
