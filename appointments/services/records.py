"""Keeping, changing, hiding and removing a patient's documents at the active clinic.

The file is stored before the row that names it and removed after the row is gone: what a crash leaves between the two
is a file that no row names, which the nightly sweep removes. No name of a file and nothing written in it goes into the
trail, a log or a task.
"""

from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts.models import Doctor, Patient, User
from appointments.exceptions import QuotaReached, RecordGone, SameRecord
from appointments.locks import lock_records
from appointments.models import HiddenRecord, MedicalRecord
from appointments.selectors_records import UNDO, bytes_used, same_file
from clinics.models import Clinic
from precta import clock
from precta.audit.services import record as note
from precta.commits import after_commit
from precta.files import store
from precta.files.checks import CheckedUpload
from precta.files.exceptions import FileUnreadable
from precta.files.previews import NoPreview, preview_of

FOLDER = "records"
PREVIEW_TYPE = "image/webp"
DETAILS = ("type", "name", "description", "dated")


def keep_record(
    *,
    patient: Patient,
    clinic: Clinic,
    by_user: User,
    file: CheckedUpload,
    type: str,
    name: str = "",
    description: str = "",
    dated: date | None = None,
) -> MedicalRecord:
    """Encrypt and keep a document of `patient`; without a `name` it bears the file's. A preview follows.

    Raises SameRecord when the patient has this very file here, QuotaReached when it would be too much.
    """
    sha256 = file.sha256
    _refuse(patient, clinic, size=file.size, sha256=sha256)
    with store.kept(file, folder=FOLDER) as key, transaction.atomic():
        lock_records(patient.pk)
        _refuse(patient, clinic, size=file.size, sha256=sha256)
        made = MedicalRecord.objects.create(
            patient=patient,
            type=type,
            name=name or file.name.rpartition(".")[0],
            description=description,
            dated=dated,
            file_url=key,
            file_size_bytes=file.size,
            mime_type=file.content_type,
            uploaded_by=by_user,
            metadata={"sha256": sha256, "file_name": file.name},
        )
        note("record.uploaded", resource=made, user=by_user, details={"bytes": file.size, "for": patient.pk})
        after_commit(_queue_preview, made.pk)
    return made


def change_record(*, record: MedicalRecord, by_user: User, values: dict[str, Any]) -> MedicalRecord:
    """Change name, kind, description or date. Raises RecordGone."""
    with transaction.atomic():
        row = _standing(record)
        changed = [name for name in DETAILS if name in values and getattr(row, name) != values[name]]
        for name in changed:
            setattr(row, name, values[name])
        if changed:
            row.save(update_fields=changed)
            note("record.changed", resource=row, user=by_user, details={"fields": changed})
    return row


def delete_record(*, record: MedicalRecord, by_user: User, now: datetime | None = None) -> None:
    """Out of everybody's sight at once, for good after UNDO. Deleting twice changes nothing."""
    with transaction.atomic():
        deleted = MedicalRecord.objects.filter(pk=record.pk, deleted_at__isnull=True).update(
            deleted_at=now or clock.now(), deleted_by=by_user
        )
        if deleted:
            note("record.deleted", resource=record, user=by_user)


def restore_record(*, record: MedicalRecord, by_user: User, now: datetime | None = None) -> None:
    """Take a deleted record back; it is hidden from whom it was before. Raises RecordGone when it is too late."""
    since = (now or clock.now()) - UNDO
    with transaction.atomic():
        lock_records(record.patient_id)
        # The row's lock, too: the hourly purge may be about to take it.
        row = MedicalRecord.objects.select_for_update().filter(pk=record.pk, deleted_at__gt=since).first()
        if row is None:
            raise RecordGone
        # The same file may have been brought again in the meantime.
        other = same_file(row.patient_id, row.metadata.get("sha256", ""))
        if other is not None:
            raise SameRecord(other)
        MedicalRecord.objects.filter(pk=record.pk).update(deleted_at=None, deleted_by=None)
        note("record.restored", resource=record, user=by_user)


def hide_record(*, record: MedicalRecord, doctor: Doctor, by_user: User) -> None:
    """The doctor does not see the record from now on. Hiding twice changes nothing. Raises RecordGone."""
    with transaction.atomic():
        row = _standing(record)
        _hidden, is_new = HiddenRecord.objects.get_or_create(record=row, doctor=doctor)
        if is_new:
            note("record.hidden", resource=row, user=by_user, details={"doctor": doctor.pk})


def show_record(*, record: MedicalRecord, doctor: Doctor, by_user: User) -> None:
    """The doctor sees the record again. Showing twice changes nothing."""
    with transaction.atomic():
        shown, _by_model = HiddenRecord.objects.filter(record=record, doctor=doctor).delete()
        if shown:
            note("record.shown", resource=record, user=by_user, details={"doctor": doctor.pk})


def purge_deleted(*, now: datetime | None = None) -> int:
    """Remove for good what was deleted longer than UNDO ago: first the row, then the file. How many that were."""
    until = (now or clock.now()) - UNDO
    count = 0
    for pk in list(MedicalRecord.objects.filter(deleted_at__lte=until).values_list("pk", flat=True)):
        with transaction.atomic():
            row = MedicalRecord.objects.select_for_update(skip_locked=True).filter(pk=pk, deleted_at__lte=until).first()
            if row is None:
                continue
            files = [key for key in (row.file_url, row.preview_url) if key]
            note("record.purged", resource=row)
            row.delete()
            after_commit(_forget, files)
        count += 1
    return count


def make_preview(record_id: str) -> None:
    """Draw the small picture of a record that has none; repeating it changes nothing."""
    row = MedicalRecord.objects.filter(pk=record_id, preview_url="").first()
    if row is None or "no_preview" in row.metadata:
        return
    try:
        drawn = preview_of(store.read_stored(row.file_url), row.mime_type)
    except (NoPreview, FileUnreadable):
        MedicalRecord.objects.filter(pk=row.pk).update(metadata={**row.metadata, "no_preview": True})
        return
    with store.kept(CheckedUpload(PREVIEW_TYPE, "webp", "preview.webp", drawn), folder=FOLDER) as key:
        if not MedicalRecord.objects.filter(pk=row.pk, preview_url="").update(preview_url=key):
            store.delete(key)  # another task was quicker, or the record is gone


def queue_missing_previews() -> None:
    """For the records whose task was lost; a task each, so that one that fails stops no other."""
    missing = MedicalRecord.objects.filter(preview_url="", deleted_at__isnull=True, metadata__no_preview__isnull=True)
    for pk in list(missing.values_list("pk", flat=True)[:50]):
        _queue_preview(pk)


def _refuse(patient: Patient, clinic: Clinic, *, size: int, sha256: str) -> None:
    same = same_file(patient.pk, sha256)
    if same is not None:
        raise SameRecord(same)
    used, quota = bytes_used([patient])[patient.pk], clinic.policy.records_quota
    if used + size > quota:
        raise QuotaReached(used=used, quota=quota)


def _standing(record: MedicalRecord) -> MedicalRecord:
    row = MedicalRecord.objects.select_for_update().filter(pk=record.pk, deleted_at__isnull=True).first()
    if row is None:
        raise RecordGone
    return row


def _forget(keys: list[str]) -> None:
    for key in keys:
        store.delete(key)


def _queue_preview(record_id: str) -> None:
    from appointments.tasks import preview_record

    preview_record.delay(record_id)
