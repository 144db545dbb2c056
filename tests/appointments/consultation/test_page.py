"""The visit's page: who opens it, what it shows, and that no typed text is ever lost."""

import re
from datetime import timedelta

import pytest

from appointments.models import Appointment, Consultation, ConsultationAddendum
from appointments.services.encounter_notes import finish_notes, save_notes
from precta.audit.models import AuditLog
from tests import factories
from tests.appointments.consultation.conftest import NOW, typed


def path(visit, more=""):
    return f"/workspace/visits/{visit.pk}/{more}"


def said(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())).replace("&#x27;", "'")


@pytest.fixture
def client(cast, at_clinic):
    return at_clinic(cast.uzima, cast.doctor.user)


def test_the_page_says_when_it_can_begin_and_opening_it_is_in_the_trail(cast, client, visit, noon):
    noon.now = NOW - timedelta(minutes=11)
    page = client.get(path(visit))
    assert "You can begin from Tue 24 Nov, 11:50" in said(page) and "A cough for three days" in said(page)
    assert b"/start/" not in page.content
    assert AuditLog.objects.get(action="patient.viewed").resource_id == cast.patient.pk
    noon.now = NOW - timedelta(minutes=10)
    assert path(visit, "start/") in client.get(path(visit)).content.decode()
    assert client.post(path(visit, "start/")).status_code == 302
    assert "since 11:50" in said(client.get(path(visit)))


def test_nobody_else_of_the_clinic_or_elsewhere_finds_it(cast, at_clinic, over, ended):
    save_notes(consultation=ended, by_user=cast.doctor.user, values={"findings": "Zebra stripes"}, version=0)
    colleague = factories.make_doctor(cast.uzima, "Wanjiru", "Kamau").user
    manager = factories.make_staff(cast.uzima, "manager")
    for person, status in ((colleague, 404), (cast.staff, 403), (manager, 403), (cast.owner, 403), (cast.admin, 403)):
        client = at_clinic(cast.uzima, person)
        for url in (path(over), path(over, "start/"), path(over, "addendum/")):
            answer = client.post(url, typed(1, findings="Mine"))
            assert answer.status_code == status, (person, url)
        assert client.get(path(over)).status_code == status
        desk = client.get(f"/admin/desk/visits/{over.pk}/").content + client.get("/admin/").content
        assert b"Zebra" not in desk
    assert Consultation.objects.get().findings == "Zebra stripes"


def test_a_plain_form_saves_ends_and_signs(cast, client, running):
    assert client.post(path(running), typed(0, findings="Clear")).status_code == 302
    assert Consultation.objects.get().findings == "Clear"
    client.post(path(running), typed(1, "end", findings="Clear", diagnosis="Bronchitis"))
    assert Appointment.objects.get().status == "completed"
    assert Consultation.objects.get().diagnosis == "Bronchitis"  # what was typed went along
    client.post(path(running), typed(2, "finish", findings="Clear", diagnosis="Bronchitis", plan="Rest"))
    assert Consultation.objects.get().finished_at == NOW
    page = said(client.get(path(running)))
    assert "Signed Tue 24 Nov, 12:00" in page and "Bronchitis" in page
    assert '<textarea name="findings"' not in client.get(path(running)).content.decode()


def test_signing_too_early_or_empty_is_refused_with_the_text_kept(client, running):
    early = client.post(path(running), typed(0, "finish", plan="Rest a while"))
    assert early.status_code == 400
    assert "End the visit first" in said(early) and "Rest a while" in said(early)
    client.post(path(running), typed(0, "end"))
    version = Consultation.objects.get().notes_version
    empty = client.post(path(running), typed(version, "finish", findings="Clear all over"))
    assert empty.status_code == 400
    assert "Write a diagnosis or a plan" in said(empty) and "Clear all over" in said(empty)


def test_the_second_tab_is_shown_both_texts_and_its_next_save_is_the_merged_one(client, running):
    client.post(path(running), typed(0, findings="Crackles on the left"))
    clash = client.post(path(running), typed(0, findings="Fever since Monday"))
    assert clash.status_code == 409
    page = clash.content.decode()
    assert "Crackles on the left" in page and "Fever since Monday" in page
    assert '<input type="hidden" name="version" value="1">' in page
    assert Consultation.objects.get().findings == "Crackles on the left"
    both = "Fever since Monday\nCrackles on the left"
    assert client.post(path(running), typed(1, findings=both)).status_code == 302
    assert Consultation.objects.get().findings == both


def test_the_script_saves_with_the_same_rules_and_answers_in_json(client, running):
    json = {"HTTP_ACCEPT": "application/json"}
    saved = client.post(path(running), typed(0, findings="Clear\r\nlungs"), **json)
    assert saved.status_code == 200
    assert (saved.json()["version"], saved.json()["saved_at"]) == (1, "12:00")
    assert saved.json()["values"]["findings"] == "Clear\nlungs"
    clash = client.post(path(running), typed(0, findings="Other"), **json)
    assert clash.status_code == 409
    assert (clash.json()["error"], clash.json()["version"]) == ("changed", 1)
    assert clash.json()["values"]["findings"] == "Clear\nlungs"
    odd = client.post(path(running), typed(1, findings="a\x00b"), **json)
    assert odd.status_code == 400 and odd.json()["error"] == "invalid"
    long = client.post(path(running), typed(1, findings="a" * 20_001), **json)
    assert long.status_code == 400
    for version in ("", "-1", "abc", "9" * 30):
        assert client.post(path(running), typed(version, findings="x"), **json).status_code == 400


def test_a_save_before_the_beginning_or_after_the_signature_is_refused_and_the_text_shown(cast, client, visit):
    early = client.post(path(visit), typed(0, findings="Written too early"))
    assert early.status_code == 409 and "Written too early" in said(early)
    client.post(path(visit, "start/"))
    client.post(path(visit), typed(0, "end", plan="Rest"))
    client.post(path(visit), typed(1, "finish", plan="Rest"))
    late = client.post(path(visit), typed(1, plan="Rest", findings="Typed in the other tab"))
    assert late.status_code == 409
    assert "Typed in the other tab" in said(late)  # in the field of an addition
    assert client.post(path(visit), typed(1, findings="x"), HTTP_ACCEPT="application/json").json() == {
        "error": "locked"
    }
    assert Consultation.objects.get().findings == ""


def test_additions_are_dated_signed_and_refused_before(client, over, ended, cast):
    client.post(path(over, "addendum/"), {"text": "Later"})
    assert not ConsultationAddendum.objects.exists()
    finish_notes(consultation=ended, by_user=cast.doctor.user, values={"plan": "Rest"}, version=0)
    assert client.post(path(over, "addendum/"), {"text": "  "}).status_code == 400
    assert client.post(path(over, "addendum/"), {"text": "The culture is negative"}).status_code == 302
    assert ConsultationAddendum.objects.get().text == "The culture is negative"
    page = said(client.get(path(over)))
    assert "The culture is negative" in page and cast.doctor.display_name in page


def test_one_click_proposes_the_next_free_time(cast, client, running):
    factories.make_full_week(cast.doctor)
    taken = NOW.replace(hour=5) + timedelta(weeks=2)  # 08:00, the first of that day
    factories.make_appointment(cast.other_patient, cast.doctor, taken)
    client.post(path(running), typed(0, "propose-2", plan="Rest"))
    notes = Consultation.objects.get()
    assert notes.follow_up_recommended and notes.plan == "Rest"
    assert (notes.follow_up_at, notes.follow_up_mode) == (taken + timedelta(minutes=30), "in_person")
    assert Appointment.objects.filter(scheduled_at=notes.follow_up_at).count() == 0  # nothing is booked
    assert "Tue 8 Dec, 08:30" in said(client.get(path(running)))
    client.post(path(running), typed(1, "withdraw", plan="Rest", follow_up_recommended="on"))
    notes.refresh_from_db()
    assert notes.follow_up_recommended and notes.follow_up_at is None


def test_beyond_what_patients_can_book_the_recommendation_stands_in_words(cast, client, running):
    factories.make_full_week(cast.doctor)
    client.post(path(running), typed(0, "propose-12"))
    notes = Consultation.objects.get()
    assert notes.follow_up_recommended and notes.follow_up_at is None
    assert notes.follow_up_notes == "In about 12 weeks."


def test_unsigned_notes_wait_on_the_days_page_and_every_list_leads_to_the_visit(cast, client, over):
    for url in ("/workspace/", "/workspace/calendar/", "/workspace/patients/", f"/workspace/?visit={over.pk}"):
        assert path(over) in client.get(url).content.decode(), url
    assert "Notes to finish" in said(client.get("/workspace/?day=2026-11-20"))
    Consultation.objects.update(plan="Rest", finished_at=NOW)
    assert "Notes to finish" not in said(client.get("/workspace/"))


def test_the_page_costs_the_same_however_much_was_added(cast, client, over, ended, django_assert_max_num_queries):
    finish_notes(consultation=ended, by_user=cast.doctor.user, values={"plan": "Rest"}, version=0)
    for number in range(8):
        ConsultationAddendum.objects.create(consultation=ended, author=cast.doctor.user, text=f"Addition {number}")
    with django_assert_max_num_queries(20):
        client.get(path(over))
