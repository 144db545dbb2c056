"""Who sees a document: its patient's side, a doctor with a visit unless it is hidden; and each look is written down."""

from datetime import timedelta

import pytest

from appointments.models import MedicalRecord
from appointments.services.records import delete_record, hide_record, keep_record
from clinics.models import Clinic, ClinicStatus
from precta import clock
from precta.audit.models import AuditLog
from precta.files.checks import check_upload
from precta.files.exceptions import FileUnreadable
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.records.conftest import paper
from tests.files import corpus

pytestmark = pytest.mark.django_db


@pytest.fixture
def record(cast):
    return make_record(cast)


def make_record(cast, patient=None, padding=0, **said):
    with clinic_context(cast.uzima):
        return keep_record(
            patient=patient or cast.patient,
            clinic=cast.uzima,
            by_user=cast.patient.user,
            file=check_upload(paper(padding)),
            **{"type": "lab_result", "name": "Blood count", **said},
        )


def looks(cast):
    with clinic_context(cast.uzima):
        return list(
            AuditLog.objects.filter(resource_type="medicalrecord", action__in=("record.viewed", "record.downloaded"))
            .order_by("created_at")
            .values_list("action", "user_id")
        )


def test_every_look_is_written_down_before_a_byte_goes_out(cast, at_clinic, record):
    client = at_clinic(cast.uzima, cast.patient.user)
    answer = client.get(f"/records/{record.pk}/file/")
    assert looks(cast) == [("record.viewed", cast.patient.pk)]  # nothing was streamed yet
    assert b"".join(answer.streaming_content) == corpus.pdf()
    assert "no-store" in answer["Cache-Control"] and answer["Content-Disposition"].startswith("inline")
    saved = client.get(f"/records/{record.pk}/file/?download=1")
    assert saved["Content-Disposition"] == 'attachment; filename="Blood count.pdf"'
    assert looks(cast)[1:] == [("record.downloaded", cast.patient.pk)]


def test_a_look_that_cannot_be_written_down_is_none(cast, at_clinic, record, monkeypatch):
    def breaks(*_a, **_k):
        raise RuntimeError("the trail is full")

    monkeypatch.setattr("appointments.views.records.files.note", breaks)
    with pytest.raises(RuntimeError):
        at_clinic(cast.uzima, cast.patient.user).get(f"/records/{record.pk}/file/")


def test_the_patient_sees_who_looked_and_when(cast, at_clinic, record, visit):
    doctor = at_clinic(cast.uzima, cast.doctor.user)
    assert doctor.get(f"/workspace/visits/{visit.pk}/records/{record.pk}/file/").status_code == 200
    mine = at_clinic(cast.uzima, cast.patient.user)
    mine.get(f"/records/{record.pk}/file/")
    page = mine.get(f"/records/{record.pk}/views/").content.decode()
    assert cast.doctor.display_name in page and "You" in page
    assert page.count("opened it") == 2


def test_a_doctor_without_a_visit_that_stands_sees_nothing(cast, at_clinic, record):
    stranger = factories.make_doctor(cast.uzima, "Otieno", "Ouma")
    kept = factories.make_appointment(cast.other_patient, cast.doctor, clock.now() + timedelta(days=2))
    client = at_clinic(cast.uzima, cast.doctor.user)
    assert client.get(f"/workspace/visits/{kept.pk}/records/{record.pk}/file/").status_code == 404  # another's visit
    for n, status in enumerate(("no_show", "cancelled", "pending_payment")):
        row = factories.make_appointment(cast.patient, stranger, clock.now() + timedelta(days=3 + n), status=status)
        answer = at_clinic(cast.uzima, stranger.user).get(f"/workspace/visits/{row.pk}/records/{record.pk}/file/")
        assert answer.status_code == 404
    assert looks(cast) == []


def test_hidden_is_a_404_for_that_doctor_alone_until_it_is_shown_again(cast, at_clinic, record, visit):
    other = factories.make_doctor(cast.uzima, "Otieno", "Ouma")
    others_visit = factories.make_appointment(cast.patient, other, clock.now() + timedelta(days=2))
    mine, doctor = at_clinic(cast.uzima, cast.patient.user), at_clinic(cast.uzima, cast.doctor.user)
    address = f"/workspace/visits/{visit.pk}/records/"
    assert "Blood count" in doctor.get(address).content.decode()
    assert mine.post(f"/records/{record.pk}/hide/{cast.doctor.pk}/").status_code == 302
    assert "Blood count" not in doctor.get(address).content.decode()
    assert doctor.get(f"{address}{record.pk}/file/").status_code == 404
    assert doctor.get(f"{address}{record.pk}/preview/").status_code == 404
    beside = at_clinic(cast.uzima, other.user).get(f"/workspace/visits/{others_visit.pk}/records/{record.pk}/file/")
    assert beside.status_code == 200
    mine.post(f"/records/{record.pk}/show/{cast.doctor.pk}/")
    assert doctor.get(f"{address}{record.pk}/file/").status_code == 200
    assert mine.post(f"/records/{record.pk}/hide/{cast.other_doctor.pk}/").status_code == 404


def test_the_list_of_a_visit_is_written_down_when_it_shows_something(cast, at_clinic, record, visit):
    at_clinic(cast.uzima, cast.doctor.user).get(f"/workspace/visits/{visit.pk}/records/")
    with clinic_context(cast.uzima):
        entry = AuditLog.objects.get(action="record.listed")
    assert (entry.resource_id, entry.user_id, entry.details) == (visit.pk, cast.doctor.pk, {"records": 1})


def test_staff_the_platform_and_other_clinics_never_see_a_document(cast, at_clinic, at_platform, record):
    for user in (cast.owner, cast.staff, cast.other_patient.user, cast.doctor.user, cast.admin):
        for page in ("", "file/", "preview/", "views/", "edit/", "delete/"):
            assert at_clinic(cast.uzima, user).get(f"/records/{record.pk}/{page}").status_code == 404
    assert at_clinic(cast.pwani, cast.patient.user).get(f"/records/{record.pk}/file/").status_code == 404
    for user in (cast.owner, cast.other_patient.user):
        assert at_platform(user).get(f"/me/records/{cast.uzima.pk}/{record.pk}/file/").status_code == 404
    assert looks(cast) == []


def test_a_row_that_names_another_clinics_file_opens_nothing(cast, at_clinic, record):
    factories.link_patient(cast.patient, cast.pwani)
    with clinic_context(cast.pwani):
        strayed = MedicalRecord.objects.create(
            patient=cast.patient,
            type="other",
            name="x",
            file_url=record.file_url,
            file_size_bytes=1,
            mime_type="application/pdf",
            uploaded_by=cast.patient.user,
        )
        from precta.files.store import open_stored

        with pytest.raises(FileUnreadable):
            open_stored(strayed.file_url)
    assert at_clinic(cast.pwani, cast.patient.user).get(f"/records/{strayed.pk}/file/").status_code == 404


def test_the_list_is_filtered_by_kind_person_and_words_and_asks_as_much_for_many(
    cast, at_clinic, child, django_assert_max_num_queries
):
    factories.link_patient(child, cast.uzima)
    for n in range(15):
        make_record(cast, padding=n + 1, name=f"Paper {n}")
    make_record(cast, patient=child, type="imaging", name="Knee", description="after the fall")
    client = at_clinic(cast.uzima, cast.patient.user)
    with django_assert_max_num_queries(12):
        page = client.get("/records/").content.decode()
    assert "Knee" in page and "page=2" in page
    assert f'<option value="{child.pk}" selected>' in client.get(f"/records/?person={child.pk}").content.decode()
    for asked, found in (("kind=imaging", True), ("kind=other", False), ("q=FALL", True), ("q=zzz", False)):
        assert ("Knee" in client.get(f"/records/?{asked}").content.decode()) is found
    assert "Paper 3" not in client.get(f"/records/?person={child.pk}").content.decode()
    assert client.get("/records/?kind=%00&person=0&q=%00&page=-1&deleted=x").status_code in {200, 404}


def test_documents_of_all_clinics_are_found_and_opened_in_one_place_even_of_a_suspended_one(
    cast, at_platform, record, django_assert_max_num_queries
):
    factories.link_patient(cast.patient, cast.pwani)
    with clinic_context(cast.pwani):
        keep_record(
            patient=cast.patient,
            clinic=cast.pwani,
            by_user=cast.patient.user,
            file=check_upload(paper()),
            type="imaging",
            name="Chest",
        )
    Clinic.objects.filter(pk=cast.uzima.pk).update(status=ClinicStatus.SUSPENDED)
    client = at_platform(cast.patient.user)
    with django_assert_max_num_queries(8):
        page = client.get("/me/records/").content.decode()
    address = f"/me/records/{cast.uzima.pk}/{record.pk}/file/"
    assert "Chest" in page and address in page
    assert "Chest" not in client.get("/me/records/?clinic=uzima").content.decode()
    assert "Blood count" not in client.get("/me/records/?kind=imaging").content.decode()
    assert b"".join(client.get(address).streaming_content) == corpus.pdf()
    assert looks(cast) == [("record.viewed", cast.patient.pk)]
    assert "Blood count" not in at_platform(cast.other_patient.user).get("/me/records/").content.decode()


def test_the_visits_pages_show_the_documents_to_its_doctor_and_lead_the_patient_there(cast, rf, record, visit):
    from appointments.record_parts import for_doctor, for_patient

    with clinic_context(cast.uzima):
        request = rf.get("/")
        request.user = cast.doctor.user
        assert [row.pk for row in for_doctor(request, visit).context["records"]] == [record.pk]
        hide_record(record=record, doctor=cast.doctor, by_user=cast.patient.user)
        assert for_doctor(request, visit).context["records"] == []
        assert for_patient(request, visit).context["count"] == 1
        delete_record(record=record, by_user=cast.patient.user)
        assert for_patient(request, visit).context["count"] == 0
        visit.status = "cancelled"
        assert for_doctor(request, visit) is None and for_patient(request, visit) is None


def test_the_patients_page_of_a_visit_offers_to_add_documents(cast, at_clinic, visit):
    page = at_clinic(cast.uzima, cast.patient.user).get(f"/appointments/{visit.pk}/").content.decode()
    assert "/records/?person=" in page


def test_a_person_alone_need_not_say_for_whom(cast, at_clinic):
    page = at_clinic(cast.uzima, cast.patient.user).get("/records/").content.decode()
    assert f'<input type="hidden" name="for_whom" value="{cast.patient.pk}"' in page
