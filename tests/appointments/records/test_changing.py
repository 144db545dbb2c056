"""Changing what is said of a document, deleting it, taking it back, and what goes for good."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from appointments.exceptions import RecordGone, SameRecord
from appointments.models import HiddenRecord, MedicalRecord
from appointments.services import records as services
from precta import clock
from precta.audit.models import AuditLog
from precta.files import orphans, store
from precta.files.checks import check_upload
from precta.files.exceptions import FileUnreadable
from precta.tenancy import clinic_context
from tests.appointments.records.conftest import paper

pytestmark = pytest.mark.django_db


@pytest.fixture
def record(cast, in_uzima):
    return keep(cast)


def keep(cast):
    return services.keep_record(
        patient=cast.patient,
        clinic=cast.uzima,
        by_user=cast.patient.user,
        file=check_upload(paper()),
        type="other",
        name="Referral to Dr Otieno",
    )


def test_name_kind_and_date_can_be_changed_and_nothing_else(cast, at_clinic, record):
    client = at_clinic(cast.uzima, cast.patient.user)
    said = {"name": "X-ray", "type": "imaging", "dated": "2026-02-03", "description": "knee", "patient": "x"}
    assert client.post(f"/records/{record.pk}/edit/", said).status_code == 302
    with clinic_context(cast.uzima):
        row = MedicalRecord.objects.get(pk=record.pk)
        note = AuditLog.objects.get(action="record.changed")
    assert (row.name, row.type, row.description, row.patient_id) == ("X-ray", "imaging", "knee", cast.patient.pk)
    assert note.details == {"fields": ["type", "name", "description", "dated"]}
    assert client.post(f"/records/{record.pk}/edit/", {**said, "name": ""}).status_code == 400


def test_a_deleted_document_is_out_of_sight_at_once_and_can_be_taken_back(cast, at_clinic, record, visit):
    client, doctor = at_clinic(cast.uzima, cast.patient.user), at_clinic(cast.uzima, cast.doctor.user)
    assert client.get(f"/records/{record.pk}/delete/").status_code == 200  # asks
    assert client.post(f"/records/{record.pk}/delete/").status_code == 302
    assert client.get(f"/records/{record.pk}/file/").status_code == 404
    assert doctor.get(f"/workspace/visits/{visit.pk}/records/{record.pk}/file/").status_code == 404
    assert "Referral to Dr Otieno" not in client.get("/records/").content.decode()
    assert "Referral to Dr Otieno" in client.get("/records/?deleted=1").content.decode()
    assert at_clinic(cast.uzima, cast.other_patient.user).post(f"/records/{record.pk}/restore/").status_code == 404
    assert client.post(f"/records/{record.pk}/restore/").status_code == 302
    assert client.get(f"/records/{record.pk}/file/").status_code == 200


def test_after_thirty_days_it_is_gone_for_good_row_and_file(cast, record):
    services.make_preview(record.pk)
    record.refresh_from_db()
    HiddenRecord.objects.create(record=record, doctor=cast.doctor)
    services.delete_record(record=record, by_user=cast.patient.user)
    assert services.purge_deleted(now=clock.now() + timedelta(days=29)) == 0
    later = clock.now() + timedelta(days=30, minutes=1)
    with pytest.raises(RecordGone):
        services.restore_record(record=record, by_user=cast.patient.user, now=later)
    assert services.purge_deleted(now=later) == 1
    assert not MedicalRecord.objects.exists() and not HiddenRecord.objects.exists()
    assert AuditLog.objects.filter(action="record.purged", resource_id=record.pk).exists()


def test_the_files_go_after_the_row_and_a_crash_in_between_is_swept_up(
    cast, record, django_capture_on_commit_callbacks
):
    services.delete_record(record=record, by_user=cast.patient.user)
    later = clock.now() + timedelta(days=31)
    services.purge_deleted(now=later)  # the commit's callbacks do not run: the process was killed
    assert store.read_stored(record.file_url)
    assert orphans.sweep(now=later) == 1
    with pytest.raises(FileUnreadable):
        store.open_stored(record.file_url)
    other = keep(cast)
    services.delete_record(record=other, by_user=cast.patient.user)
    with django_capture_on_commit_callbacks(execute=True):
        services.purge_deleted(now=later)
    with pytest.raises(FileUnreadable):
        store.open_stored(other.file_url)


def test_what_a_row_names_is_never_swept_deleted_or_not(cast, record):
    services.make_preview(record.pk)
    services.delete_record(record=record, by_user=cast.patient.user)
    assert orphans.sweep(now=clock.now() + timedelta(days=3)) == 0
    record.refresh_from_db()
    assert store.read_stored(record.file_url) and store.read_stored(record.preview_url)


def test_the_same_file_may_come_again_after_it_was_deleted_and_then_stands_alone(cast, record):
    services.delete_record(record=record, by_user=cast.patient.user)
    again = keep(cast)
    with pytest.raises(SameRecord) as found:
        services.restore_record(record=record, by_user=cast.patient.user)
    assert found.value.record.pk == again.pk


@pytest.mark.django_db(transaction=True)
def test_what_is_being_taken_back_is_not_purged_at_the_same_moment(cast, record, monkeypatch):
    services.delete_record(record=record, by_user=cast.patient.user)

    def purge():
        try:
            with clinic_context(cast.uzima):
                services.purge_deleted(now=clock.now() + timedelta(days=31))
        finally:
            connection.close()

    def meanwhile(*_of):
        thread = threading.Thread(target=purge)
        thread.start()
        thread.join()

    monkeypatch.setattr(services, "same_file", meanwhile)
    services.restore_record(record=record, by_user=cast.patient.user)
    assert MedicalRecord.objects.get(pk=record.pk).deleted_at is None
    assert store.read_stored(record.file_url)


def test_doing_it_twice_changes_nothing(cast, record):
    for _ in range(2):
        services.hide_record(record=record, doctor=cast.doctor, by_user=cast.patient.user)
    for _ in range(2):
        services.show_record(record=record, doctor=cast.doctor, by_user=cast.patient.user)
    for _ in range(2):
        services.delete_record(record=record, by_user=cast.patient.user)
    actions = list(AuditLog.objects.filter(resource_id=record.pk).values_list("action", flat=True))
    assert sorted(actions) == ["record.deleted", "record.hidden", "record.shown", "record.uploaded"]
    with pytest.raises(RecordGone):
        services.hide_record(record=record, doctor=cast.doctor, by_user=cast.patient.user)
