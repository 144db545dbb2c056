"""Bringing documents: what is kept, what is refused and how that is said, and that nothing lies open anywhere."""

import io
import logging
import os
import tempfile
import threading
from datetime import date
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.db import connection
from PIL import Image

from appointments.exceptions import QuotaReached, SameRecord
from appointments.models import MedicalRecord
from appointments.services.records import keep_record, make_preview, queue_missing_previews
from clinics.models import Clinic
from precta.audit.models import AuditLog
from precta.files import store
from precta.files.checks import check_upload
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.records.conftest import paper
from tests.files import corpus

STATUSES = {"type": 415, "size": 413}


@pytest.fixture
def rows(cast):
    def read():
        with clinic_context(cast.uzima):
            return list(MedicalRecord.objects.order_by("uploaded_at"))

    return read


@pytest.mark.django_db
def test_several_files_are_kept_at_once_with_what_is_said_of_them(cast, send, rows):
    answer = send(paper(), corpus.upload(corpus.located_photo(), "a/../x<b>.JPG"), dated="2026-01-31", description="d")
    assert (answer.status_code, answer["Location"]) == (302, "/records/")
    first, second = rows()
    assert (first.name, first.type, first.dated, first.description) == ("results", "lab_result", date(2026, 1, 31), "d")
    assert (second.name, second.mime_type, second.patient_id) == ("xb", "image/jpeg", cast.patient.pk)
    assert first.metadata["sha256"] and first.uploaded_by_id == cast.patient.pk
    with clinic_context(cast.uzima):
        assert store.read_stored(first.file_url) == corpus.pdf()
        assert b"SECRET" not in store.read_stored(second.file_url)
        note = AuditLog.objects.filter(action="record.uploaded").first()
    assert "results" not in str(note.details)


@pytest.mark.django_db
def test_a_phones_heic_is_kept_as_jpeg(send, rows):
    assert send(corpus.upload(corpus.heic_photo(), "IMG_1.HEIC")).status_code == 302
    assert rows()[0].mime_type == "image/jpeg"


@pytest.mark.django_db
@pytest.mark.parametrize("what", corpus.REFUSED)
def test_a_refused_file_says_why_by_its_name_and_leaves_nothing(send, rows, files, what):
    name, data, code = corpus.REFUSED[what]
    answer = send(corpus.upload(data, name), as_json=True)
    assert answer.status_code == STATUSES.get(code, 400)
    assert answer.json()["error"].endswith(".")
    assert not rows()
    assert not [path for path in files.rglob("*") if path.is_file()]


@pytest.mark.django_db
def test_one_bad_file_spoils_no_other(send, rows):
    answer = send(
        paper(), corpus.upload(b"MZ" * 200, "setup.exe"), corpus.upload(b"%PDF" + b"0" * 11 * 2**20, "big.pdf")
    )
    page = answer.content.decode()
    assert answer.status_code == 415
    assert "setup.exe" in page and "big.pdf" in page
    assert [row.name for row in rows()] == ["results"]


@pytest.mark.django_db
def test_what_together_is_too_much_is_told_to_come_alone(send, rows):
    padding = 8 * 2**20
    answer = send(*(paper(padding + n, f"part{n}.pdf") for n in range(3)))
    assert answer.status_code == 413
    assert "Send this one by itself" in answer.content.decode()
    assert len(rows()) == 2


@pytest.mark.django_db
def test_without_a_scanner_that_answers_nothing_is_taken(send, rows, settings, tmp_path):
    settings.CLAMD_URL = f"unix://{tmp_path}/none.sock"
    assert send(paper(), as_json=True).status_code == 503
    assert not rows()


@pytest.mark.django_db
def test_the_same_file_is_not_kept_twice(send, rows):
    send(paper())
    answer = send(paper(name="again.pdf"), as_json=True)
    assert answer.status_code == 409
    assert "results" in answer.json()["error"]
    assert len(rows()) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "said", [{"type": "nonsense"}, {"dated": "2999-01-01"}, {"name": "a\u202eb"}, {"for_whom": "x"}]
)
def test_what_is_said_is_checked_before_any_file_is_read(send, rows, said):
    assert send(paper(), **said).status_code == 400
    assert not rows()


@pytest.mark.django_db
def test_only_for_oneself_and_ones_children_and_only_where_the_clinic_knows_them(cast, send, rows, child):
    assert send(paper(), for_whom=cast.other_patient.pk).status_code == 400
    assert send(paper(), user=cast.other_patient.user, for_whom=cast.other_patient.pk).status_code == 400
    assert send(paper(), for_whom=child.pk).status_code == 400
    factories.link_patient(child, cast.uzima)
    assert send(paper(), for_whom=child.pk).status_code == 302
    assert [row.patient_id for row in rows()] == [child.pk]


@pytest.mark.django_db
def test_too_many_uploads_wait(send, settings, monkeypatch):
    settings.RATE_LIMITS = True
    monkeypatch.setattr("precta.ratelimit.wait_seconds", lambda name, *_a: 60 if name == "record-upload" else 0)
    answer = send(paper())
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")


@pytest.mark.django_db
def test_a_full_quota_is_told(cast, send, rows):
    Clinic.objects.filter(pk=cast.uzima.pk).update(settings={"records_quota_mb": 1})
    assert send(paper(600_000), as_json=True).status_code == 201
    answer = send(paper(600_001), as_json=True)
    assert answer.status_code == 413 and "no room" in answer.json()["error"]
    assert len(rows()) == 1


@pytest.mark.django_db(transaction=True)
def test_two_uploads_at_once_do_not_get_past_the_quota_or_keep_one_file_twice(cast, files):
    Clinic.objects.filter(pk=cast.uzima.pk).update(settings={"records_quota_mb": 1})
    clinic = Clinic.objects.get(pk=cast.uzima.pk)
    for sizes, refusal in (((600_000, 600_001, 600_002, 600_003), QuotaReached), ((10, 10, 10, 10), SameRecord)):
        start, outcomes = threading.Barrier(4), []

        def keep(size, start=start, outcomes=outcomes):
            file = check_upload(paper(size))
            try:
                with clinic_context(clinic):
                    start.wait()
                    keep_record(patient=cast.patient, clinic=clinic, by_user=cast.patient.user, file=file, type="other")
                    outcomes.append("kept")
            except (QuotaReached, SameRecord) as error:
                outcomes.append(type(error))
            finally:
                connection.close()

        threads = [threading.Thread(target=keep, args=(size,)) for size in sizes]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert sorted(map(str, outcomes)) == sorted(map(str, ["kept", refusal, refusal, refusal]))
    with clinic_context(clinic):
        named = {key for row in MedicalRecord.objects.all() for key in (row.file_url, row.preview_url) if key}
    lying = {str(path.relative_to(files)) for path in files.rglob("*") if path.is_file()}
    assert lying == named  # who lost the race left no file


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["pdf", "picture"])
def test_a_preview_is_drawn_and_sealed(cast, send, rows, kind):
    send(paper() if kind == "pdf" else corpus.upload(corpus.picture(size=(2000, 1000)), "x.jpg"))
    with clinic_context(cast.uzima):
        make_preview(rows()[0].pk)
        make_preview(rows()[0].pk)
        record = rows()[0]
        drawn = store.read_stored(record.preview_url)
    with Image.open(io.BytesIO(drawn)) as picture:
        assert picture.format == "WEBP" and max(picture.size) == 480


@pytest.mark.django_db
def test_a_preview_whose_task_was_lost_is_made_up_for(cast, send, rows):
    send(paper())
    with clinic_context(cast.uzima):
        queue_missing_previews()
        assert rows()[0].preview_url


@pytest.mark.django_db
def test_what_cannot_be_drawn_is_not_tried_for_ever(cast, send, rows, monkeypatch):
    send(paper())
    monkeypatch.setattr("precta.files.previews.PATIENCE", 0.001)
    with clinic_context(cast.uzima):
        make_preview(rows()[0].pk)
    assert (rows()[0].preview_url, rows()[0].metadata["no_preview"]) == ("", True)


@pytest.mark.django_db
def test_what_is_written_in_a_document_lies_nowhere_open(cast, send, rows, files, at_clinic, caplog, visit, tmp_path):
    """After upload, preview and looking at it: not in the store, not in temporary folders, not in a log."""
    word = "Zebraplasmosis"
    caplog.set_level(logging.DEBUG)
    before = set(_temporary())
    data = corpus.pdf(padding=200_000).replace(b"x" * len(word), word.encode())
    assert send(corpus.upload(data, f"{word}.pdf"), description=word).status_code == 302
    with clinic_context(cast.uzima):
        make_preview(rows()[0].pk)
    record = rows()[0]
    client = at_clinic(cast.uzima, cast.patient.user)
    assert b"".join(client.get(f"/records/{record.pk}/file/").streaming_content) == data
    assert b"".join(client.get(f"/records/{record.pk}/preview/").streaming_content).startswith(b"RIFF")
    media = Path(os.environ["MEDIA_ROOT"])
    for path in [*files.rglob("*"), *media.rglob("*"), *(set(_temporary()) - before)]:
        if path.is_file():
            assert word.encode() not in path.read_bytes(), path
            assert word not in path.name
    assert word not in caplog.text
    with clinic_context(cast.uzima):
        assert not [note for note in AuditLog.objects.all() if word in str(note.details)]


def _temporary():
    folder = Path(tempfile.gettempdir())
    return [path for path in folder.iterdir() if path.is_file() and os.access(path, os.R_OK)]


@pytest.mark.django_db
def test_a_store_that_breaks_leaves_no_row_and_no_file(cast, send, rows, files, monkeypatch):
    private = storages["private"]

    def breaks(name, content):
        raise OSError("No space left on device")

    monkeypatch.setattr(private, "_save", breaks)
    with pytest.raises(OSError):
        send(paper())
    assert not rows()
    assert not [path for path in files.rglob("*") if path.is_file()]


@pytest.mark.django_db(transaction=True)
def test_a_document_stays_when_nobody_heard_that_its_row_was_committed(cast, lost_reply):
    with clinic_context(cast.uzima):
        store.active_key(cast.uzima.schema_name)  # is made by a transaction of its own
        with lost_reply():
            keep_record(
                patient=cast.patient,
                clinic=cast.uzima,
                by_user=cast.patient.user,
                file=check_upload(paper()),
                type="other",
            )
        assert store.read_stored(MedicalRecord.objects.get().file_url) == corpus.pdf()
