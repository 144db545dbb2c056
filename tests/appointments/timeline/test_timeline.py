"""A patient's history: everything in it, nothing of anybody else, nothing beyond what the reader may see."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Guardianship
from appointments import reasons
from appointments.models import Consultation, HiddenRecord, MedicalRecord
from precta.audit.models import AuditLog
from precta.ids import new_id
from precta.tenancy import clinic_context
from tests import factories

MOST_STATEMENTS = 14


@pytest.fixture
def now():
    return timezone.now()


def record_of(patient, clinic, name, **extra):
    with clinic_context(clinic):
        return MedicalRecord.objects.create(
            patient=patient,
            type="lab_result",
            name=name,
            file_url=f"{clinic.schema_name}/records/{new_id()}",
            file_size_bytes=9,
            mime_type="application/pdf",
            uploaded_by=patient.user,
            **extra,
        )


def notes_of(visit, clinic, diagnosis, *, finished=True, **extra):
    with clinic_context(clinic):
        ended = visit.scheduled_at + timedelta(minutes=20)
        return Consultation.objects.create(
            appointment=visit,
            started_at=visit.scheduled_at,
            ended_at=ended,
            finished_at=ended if finished else None,
            diagnosis=diagnosis,
            plan=f"Plan for {diagnosis}",
            findings="SecretFindings",
            doctor_notes="SecretNotes",
            **extra,
        )


@pytest.fixture
def lived(cast, now):
    """Amina was seen at both clinics; Peter at Uzima; Amina's child at Pwani."""
    factories.link_patient(cast.patient, cast.pwani)
    factories.link_patient(cast.other_patient, cast.uzima)
    child = factories.make_patient("Baraka", "Hassan", date_of_birth=timezone.localdate() - timedelta(days=4 * 366))
    Guardianship.objects.create(guardian=cast.patient, child=child)
    factories.link_patient(child, cast.pwani)
    make = factories.make_appointment
    cast.child = child
    cast.seen = make(cast.patient, cast.doctor, now - timedelta(days=40), status="completed")
    cast.abroad = make(cast.patient, cast.other_doctor, now - timedelta(days=10), status="completed")
    cast.coming = make(cast.patient, cast.doctor, now + timedelta(days=3))
    cast.childs = make(child, cast.other_doctor, now - timedelta(days=5), status="completed")
    cast.peters = make(cast.other_patient, cast.doctor, now - timedelta(days=7), status="completed")
    make(
        cast.patient, cast.doctor, now + timedelta(days=9), status="cancelled", cancellation_reason=reasons.RESCHEDULED
    )
    notes_of(cast.seen, cast.uzima, "Malaria")
    notes_of(cast.abroad, cast.pwani, "Bronchitis")
    notes_of(cast.peters, cast.uzima, "PetersGout")
    cast.blood = record_of(cast.patient, cast.uzima, "Blood count", dated=(now - timedelta(days=39)).date())
    record_of(cast.patient, cast.uzima, "Thrown away", deleted_at=now, deleted_by=cast.patient.user)
    record_of(cast.other_patient, cast.uzima, "PetersPaper")
    return cast


def test_a_patient_sees_all_clinics_latest_first_with_those_they_look_after(lived, at_platform):
    page = at_platform(lived.patient.user).get("/me/timeline/").content.decode()
    places = [page.index(text) for text in ("Baraka Hassan", "Bronchitis", "Blood count", "Malaria")]
    assert places == sorted(places)
    assert "Thrown away" not in page
    assert "Peters" not in page
    assert "Secret" not in page


def test_a_moved_visit_stands_once(lived, at_platform):
    page = at_platform(lived.patient.user).get("/me/timeline/?kind=visit").content.decode()
    assert page.count('class="entry of-visit"') == 4


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("kind=note", "Malaria", "Blood count"),
        ("kind=record", "Blood count", "Malaria"),
        ("clinic=pwani", "Bronchitis", "Malaria"),
        ("kind=nonsense&clinic=none&person=nobody&from=x&to=2026-02-31&page=-1", "Malaria", "PetersGout"),
    ],
)
def test_a_history_is_narrowed_by_its_address(lived, at_platform, query, shown, hidden):
    page = at_platform(lived.patient.user).get(f"/me/timeline/?{query}").content.decode()
    assert shown in page
    assert hidden not in page


def test_days_narrow_it_and_both_count(lived, at_platform, now):
    day = timezone.localtime(lived.seen.scheduled_at, lived.uzima.policy.tz).date()
    page = at_platform(lived.patient.user).get(f"/me/timeline/?kind=note&from={day}&to={day}").content.decode()
    assert "Malaria" in page
    assert "Bronchitis" not in page


def test_somebody_elses_child_cannot_be_asked_for(lived, at_platform):
    page = at_platform(lived.other_patient.user).get(f"/me/timeline/?person={lived.child.pk}").content.decode()
    assert "PetersGout" in page
    assert "Baraka" not in page


def test_a_doctor_sees_this_clinics_part_of_a_patient_of_theirs(lived, at_clinic):
    page = at_clinic(lived.uzima, lived.doctor.user).get(f"/workspace/patients/{lived.patient.pk}/").content.decode()
    assert "Malaria" in page
    assert "Blood count" in page
    assert "Bronchitis" not in page
    assert "Secret" not in page


def test_what_the_patient_hides_from_a_doctor_is_not_even_counted(lived, at_clinic):
    with clinic_context(lived.uzima):
        HiddenRecord.objects.create(record=lived.blood, doctor=lived.doctor)
    page = at_clinic(lived.uzima, lived.doctor.user).get(f"/workspace/patients/{lived.patient.pk}/").content.decode()
    assert "Blood count" not in page
    assert "kind=record" in page
    assert '<span class="num">0</span>' in page


def test_a_doctor_without_a_visit_finds_nobody(lived, at_clinic):
    stranger = factories.make_doctor(lived.uzima, "Otieno", "Odhiambo")
    assert at_clinic(lived.uzima, stranger.user).get(f"/workspace/patients/{lived.patient.pk}/").status_code == 404


def test_a_patient_who_never_came_shows_that_doctor_visits_alone(lived, at_clinic, now):
    waited = factories.make_doctor(lived.uzima, "Otieno", "Odhiambo")
    factories.make_appointment(lived.patient, waited, now - timedelta(days=1), status="no_show")
    page = at_clinic(lived.uzima, waited.user).get(f"/workspace/patients/{lived.patient.pk}/").content.decode()
    assert 'class="entry of-visit"' in page
    assert "Malaria" not in page
    assert "Blood count" not in page


def test_the_page_of_a_missed_visit_tells_nothing_of_what_came_before(lived, at_clinic, now):
    waited = factories.make_doctor(lived.uzima, "Otieno", "Odhiambo")
    missed = factories.make_appointment(lived.patient, waited, now - timedelta(hours=1), status="no_show")
    answer = at_clinic(lived.uzima, waited.user).get(f"/workspace/visits/{missed.pk}/")
    assert answer.status_code == 200
    assert "Malaria" not in answer.content.decode()
    assert "Blood count" not in answer.content.decode()


def test_unfinished_notes_are_in_nobodys_history(lived, at_clinic, now):
    today = factories.make_appointment(lived.patient, lived.doctor, now - timedelta(hours=1), status="completed")
    notes_of(today, lived.uzima, "Undecided", finished=False)
    page = at_clinic(lived.uzima, lived.doctor.user).get(f"/workspace/patients/{lived.patient.pk}/").content.decode()
    assert "Undecided" not in page


def test_the_desk_sees_visits_and_neither_notes_nor_documents(lived, at_clinic):
    page = at_clinic(lived.uzima, lived.staff).get(f"/admin/desk/patients/{lived.patient.pk}/").content.decode()
    assert 'class="entry of-visit"' in page
    for text in ("Malaria", "Blood count", "Bronchitis", "kind=note", "kind=record"):
        assert text not in page


def test_the_desk_finds_no_patient_of_another_clinic(lived, at_clinic):
    assert at_clinic(lived.uzima, lived.staff).get(f"/admin/desk/patients/{lived.child.pk}/").status_code == 404


@pytest.mark.parametrize("who", ["doctor", "staff"])
def test_looking_at_a_patients_history_is_in_the_trail(lived, at_clinic, who):
    user, path = {
        "doctor": (lived.doctor.user, "/workspace/patients/"),
        "staff": (lived.staff, "/admin/desk/patients/"),
    }[who]
    at_clinic(lived.uzima, user).get(f"{path}{lived.patient.pk}/")
    with clinic_context(lived.uzima):
        entry = AuditLog.objects.get(action="patient.history_viewed")
    assert (entry.user_id, entry.resource_id) == (user.pk, lived.patient.pk)


def test_it_is_turned_over_in_pages_and_printed_in_one(lived, at_platform, now):
    for number in range(30):
        at = now - timedelta(days=60 + number)
        factories.make_appointment(lived.patient, lived.doctor, at, status="completed")
    client = at_platform(lived.patient.user)
    first, second = (client.get(f"/me/timeline/?page={number}").content.decode() for number in (1, 2))
    assert (first.count('class="entry '), second.count('class="entry ')) == (20, 17)
    beyond = client.get("/me/timeline/?page=99").content.decode()
    assert beyond.count('class="entry ') == 17
    assert client.get("/me/timeline/?all=1").content.decode().count('class="entry ') == 37


@pytest.mark.parametrize("reader", ["patient", "doctor", "staff"])
def test_it_costs_the_same_however_long_it_is(lived, at_platform, at_clinic, now, reader):
    client, path = {
        "patient": (at_platform(lived.patient.user), "/me/timeline/"),
        "doctor": (at_clinic(lived.uzima, lived.doctor.user), f"/workspace/patients/{lived.patient.pk}/"),
        "staff": (at_clinic(lived.uzima, lived.staff), f"/admin/desk/patients/{lived.patient.pk}/"),
    }[reader]
    client.get(path)
    with CaptureQueriesContext(connection) as short:
        client.get(path)
    for number in range(25):
        at = now - timedelta(days=60 + number)
        visit = factories.make_appointment(lived.patient, lived.doctor, at, status="completed")
        notes_of(visit, lived.uzima, f"Diagnosis {number}")
    client.get(path)  # back on the schema of the page
    with CaptureQueriesContext(connection) as long:
        client.get(path)
    assert len(long) == len(short) <= MOST_STATEMENTS
