"""How two pages find each other through the server, and what is written beside the picture."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from appointments.models import Consultation, RoomMessage
from appointments.room import signalling
from appointments.room.access import Side
from appointments.room.ice import ice_servers
from appointments.room.services import MOST_MESSAGES
from appointments.services.consultation import start_consultation
from precta.cache import DOWN
from precta.outbox.services import sweep_events
from precta.ratelimit import wait_seconds
from precta.tenancy import clinic_context
from tests.appointments.conftest import statements  # noqa: F401 - a fixture
from tests.appointments.room.conftest import PAGE

pytestmark = pytest.mark.django_db
OFFER = {"kind": "offer", "n": 1, "call": "call12345678", "sdp": "v=0\r\n"}
XSS = "<script>alert(1)</script> & \"both\" 'ways'"


@pytest.fixture
def both(visit, at_room, cast):
    """Patient and doctor, who have joined."""
    people = at_room(cast.patient, visit), at_room(cast.doctor, visit)
    for person, page in zip(people, PAGE.values(), strict=True):
        assert person.post("join", page=page).json() == {"servers": []}
    return people


def test_each_hears_what_the_other_says_once_and_in_order(both):
    patient, doctor = both
    offer = {**OFFER, "to": PAGE["patient"]}
    candidate = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
    trickle = {"kind": "candidate", "n": 2, "to": PAGE["patient"], "call": "call12345678", "candidate": candidate}
    doctor.exchange(PAGE["doctor"], signals=[offer, trickle])
    heard = patient.exchange(PAGE["patient"]).json()
    assert [one["kind"] for one in heard["signals"]] == ["offer", "candidate"]
    assert heard["signals"][0] == {**offer, "page": PAGE["doctor"]}
    assert heard["signals"][1]["candidate"] == candidate
    assert heard["other"] == {
        "where": "room",
        "page": PAGE["doctor"],
        "state": {"wish": "auto", "sound": False, "picture": False, "screen": False},
    }
    assert heard["visit"] == "waiting"
    again = patient.exchange(PAGE["patient"], after=heard["after"]).json()
    assert again["signals"] == []
    # What one says is not told to oneself.
    assert doctor.exchange(PAGE["doctor"]).json()["signals"] == []


def test_the_other_one_is_away_then_at_the_door_then_inside(visit, at_room, cast):
    patient, doctor = at_room(cast.patient, visit), at_room(cast.doctor, visit)
    assert doctor.exchange(stage="lobby").json()["other"]["where"] == "away"
    patient.exchange(stage="lobby")
    assert doctor.exchange(stage="lobby").json()["other"]["where"] == "lobby"
    patient.post("join", page=PAGE["patient"])
    told = doctor.exchange(stage="lobby").json()["other"]
    assert (told["where"], told["page"]) == ("room", PAGE["patient"])
    assert patient.post("leave", page=PAGE["patient"]).status_code == 204
    assert doctor.exchange(stage="lobby").json()["other"]["where"] == "away"


def test_coming_and_going_is_in_the_trail(both, cast, trail):
    patient, _doctor = both
    patient.post("leave", page=PAGE["patient"])
    patient.post("leave", page=PAGE["patient"])
    assert trail("room.") == [
        ("room.joined", cast.patient.pk, {"side": "patient"}),
        ("room.joined", cast.doctor.pk, {"side": "doctor"}),
        ("room.left", cast.patient.pk, {"side": "patient"}),
    ]


def test_a_second_window_takes_the_call_over(both):
    patient, doctor = both
    doctor.exchange(PAGE["doctor"], signals=[{**OFFER, "to": PAGE["patient"]}])
    patient.post("join", page="otherwindow1")
    old = patient.exchange(PAGE["patient"], signals=[{**OFFER, "to": PAGE["doctor"]}]).json()
    assert old["taken"] is True
    new = patient.exchange("otherwindow1").json()
    assert new["taken"] is False
    assert new["signals"] == []  # they were meant for the page before
    heard = doctor.exchange(PAGE["doctor"]).json()
    assert heard["signals"] == []
    assert heard["other"]["page"] == "otherwindow1"
    # The old window closes, which is none of the new one's business.
    patient.post("leave", page=PAGE["patient"])
    assert doctor.exchange(PAGE["doctor"]).json()["other"]["page"] == "otherwindow1"


def test_a_window_that_takes_over_at_that_very_moment_keeps_the_call(both, visit, cast, monkeypatch):
    patient, _doctor = both
    look = signalling._holder

    def looked_just_before(visit_id, side):
        found = look(visit_id, side)
        signalling.take_over(visit_id, side, "otherwindow1")
        return found

    monkeypatch.setattr(signalling, "_holder", looked_just_before)
    patient.exchange(PAGE["patient"])
    monkeypatch.setattr(signalling, "_holder", look)
    assert patient.exchange("otherwindow1").json()["taken"] is False
    assert patient.exchange(PAGE["patient"]).json()["taken"] is True


def test_a_page_that_comes_in_without_joining_is_in_the_trail_once(visit, at_room, cast, trail):
    doctor = at_room(cast.doctor, visit)
    for _time in range(2):
        assert doctor.exchange(PAGE["doctor"]).json()["other"]["where"] == "away"
    assert trail("room.") == [("room.joined", cast.doctor.pk, {"side": "doctor"})]


@pytest.mark.parametrize(
    "signal",
    [
        {},
        {"kind": "shout"},
        {"kind": ["offer"]},
        {"kind": {}},
        {"kind": "offer", "sdp": "x" * 32_001},
        {"kind": "offer", "sdp": None},
        {"kind": "candidate", "candidate": {"candidate": "x" * 1_001}},
        {"kind": "candidate", "candidate": {"candidate": "x", "sdpMLineIndex": 99}},
        {"kind": "candidate", "candidate": "x"},
        {"kind": "bye", "n": 0},
        {"kind": "bye", "n": True},
        {"kind": "bye", "to": "../../x"},
        {"kind": "bye", "call": ""},
    ],
)
def test_what_no_page_of_ours_says_is_refused_and_told_to_nobody(both, signal):
    patient, doctor = both
    said = {**OFFER, "to": PAGE["doctor"], **signal} if signal else {}
    assert patient.exchange(PAGE["patient"], signals=[said]).status_code == 400
    assert doctor.exchange(PAGE["doctor"]).json()["signals"] == []


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"stage": "room", "page": "no", "state": {}, "signals": []}', 400),
        (b"[" * 5000, 400),
        (b'{"stage": "room", "page": "somepage1234", "state": {"wish": []}, "signals": []}', 400),
        (b'{"stage": "room", "page": ["somepage1234"], "state": {}, "signals": []}', 400),
        (b'{"stage": "room", "page": "somepage1234", "state": [], "signals": {}}', 400),
        (b'{"stage": "' + b"x" * 97_000 + b'"}', 413),
    ],
)
def test_nonsense_is_no_failure(both, raw, status):
    assert both[0].exchange(raw=raw).status_code == status


@pytest.mark.parametrize("after", ["x", "0", 5, [], None, "\u0665-\u0660", "9" * 16 + "-0", "-1-0", "0-0\n"])
def test_a_place_that_was_never_read_to_is_the_beginning(both, after):
    patient, doctor = both
    doctor.exchange(PAGE["doctor"], signals=[{**OFFER, "to": PAGE["patient"]}])
    answer = patient.exchange(PAGE["patient"], after=after)
    assert answer.status_code == 200
    assert [one["kind"] for one in answer.json()["signals"]] == ["offer"]


def test_too_many_signals_at_once_are_refused(both):
    many = [{"kind": "bye", "n": n, "to": PAGE["doctor"], "call": "call12345678"} for n in range(1, 62)]
    assert both[0].exchange(PAGE["patient"], signals=many).status_code == 400


def test_one_person_asks_so_often_and_no_more(both, settings, cast):
    patient, doctor = both
    settings.RATE_LIMITS = True
    assert patient.exchange(PAGE["patient"]).status_code == 200
    for _ in range(400):
        wait_seconds("room-exchange", f"user:{cast.patient.pk}", "400/m")
    answer = patient.exchange(PAGE["patient"])
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert doctor.exchange(PAGE["doctor"]).status_code == 200


def test_asking_costs_few_statements(both, statements):  # noqa: F811
    patient, _doctor = both
    patient.exchange(PAGE["patient"])
    statements.clear()
    assert patient.exchange(PAGE["patient"]).status_code == 200
    asked = [sql for sql in statements if not sql.upper().startswith("SET ")]
    # The clinic, the session, the person, the visit with who they are to it, the notes.
    assert len(asked) <= 5, "\n".join(sql[:120] for sql in asked)
    assert len(statements) <= 9


def test_the_keys_are_the_clinics_own(both, visit, cast):
    with clinic_context(cast.uzima):
        assert signalling.who_is_here([visit.pk]) == {visit.pk: {Side.PATIENT, Side.DOCTOR}}
    with clinic_context(cast.pwani):
        assert signalling.who_is_here([visit.pk]) == {}


def test_without_valkey_notes_go_on_and_nothing_fails(both, monkeypatch, visit, cast):
    patient, doctor = both

    def away(*args, **kwargs):
        raise DOWN[0]

    monkeypatch.setattr("redis.client.Pipeline.execute", away)
    told = patient.exchange(PAGE["patient"], signals=[{**OFFER, "to": PAGE["doctor"]}])
    assert told.status_code == 200
    assert told.json()["other"] is None
    assert doctor.ask("messages", text="I can still write").status_code == 200
    assert "I can still write" in patient.exchange(PAGE["patient"]).content.decode()
    assert patient.ask("join", page=PAGE["patient"]).status_code == 503
    with clinic_context(cast.uzima):
        assert signalling.who_is_here([visit.pk]) == {}


# Notes


def test_notes_go_both_ways_and_are_told_once(both):
    patient, doctor = both
    sent = doctor.ask("messages", text="Amoxicillin 500 mg\nthree times a day").json()["messages"][0]
    assert sent["mine"] is True
    told = patient.exchange(PAGE["patient"]).json()
    assert [(line["text"], line["mine"]) for line in told["messages"]] == [(sent["text"], False)]
    assert patient.exchange(PAGE["patient"], mark=told["mark"]).json()["messages"] == []
    patient.post("messages", text="Asante")
    later = doctor.exchange(PAGE["doctor"], mark=sent["mark"]).json()
    assert [line["text"] for line in later["messages"]] == ["Asante"]


def test_markup_in_a_note_is_text(both):
    patient, doctor = both
    answer = patient.post("messages", text=XSS)
    assert answer["Location"].endswith("/room/#notes")
    page = doctor.look().content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;both&quot;" in page
    assert doctor.exchange(PAGE["doctor"]).json()["messages"][0]["text"] == XSS


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001, "a\x00b", "\u202egnp.exe"])
def test_a_note_that_cannot_be_kept_is_a_form_error(both, text, cast):
    patient, _doctor = both
    plain = patient.post("messages", text=text)
    assert plain.status_code == 400
    assert "errorlist" in plain.content.decode()
    assert patient.ask("messages", text=text).json()["error"]
    with clinic_context(cast.uzima):
        assert not RoomMessage.objects.exists()


def test_a_visit_holds_so_many_notes(both, visit, cast):
    with clinic_context(cast.uzima):
        RoomMessage.objects.bulk_create(
            RoomMessage(appointment=visit, sender=cast.patient.user, text="x") for _ in range(MOST_MESSAGES)
        )
    assert both[0].ask("messages", text="one more").status_code == 400


def test_notes_can_be_read_after_the_visit_and_none_added(both, visit, at_clinic, cast):
    patient, doctor = both
    patient.post("messages", text="Zingiber")
    doctor.post("start")
    doctor.post("end")
    assert patient.ask("messages", text="too late").status_code == 403
    page = at_clinic(cast.uzima, cast.patient.user).get(f"/appointments/{visit.pk}/").content.decode()
    assert "Notes from the video visit" in page
    assert "Zingiber" in page


# The visit


def test_the_doctor_begins_and_ends_and_the_other_page_is_told(both, visit, cast):
    patient, doctor = both
    assert doctor.ask("start").json() == {"visit": "running"}
    assert doctor.post("start").status_code == 302  # again, which is harmless
    assert patient.exchange(PAGE["patient"]).json()["visit"] == "running"
    assert doctor.post("end").status_code == 302
    told = patient.exchange(PAGE["patient"]).json()
    assert told == {"visit": "over", "to": f"/appointments/{visit.pk}/"}
    assert patient.post("leave", page=PAGE["patient"]).status_code == 204
    with clinic_context(cast.uzima):
        assert Consultation.objects.get(appointment=visit).ended_at is not None
        sweep_events()
        assert signalling.who_is_here([visit.pk]) == {}


def test_a_visit_that_never_began_is_left_and_not_ended(both, visit, cast):
    _patient, doctor = both
    answer = doctor.client.post(f"{doctor.base}end/", follow=True)
    assert "This visit has not begun yet" in answer.content.decode()
    with clinic_context(cast.uzima):
        assert not Consultation.objects.exists()


@pytest.mark.parametrize("what", ["start", "end"])
def test_the_patient_neither_begins_nor_ends_it(both, what, cast):
    patient, _doctor = both
    assert patient.post(what).status_code == 403
    assert patient.client.get(f"{patient.base}end/").status_code == 403
    with clinic_context(cast.uzima):
        assert not Consultation.objects.exists()


def test_losing_the_page_and_coming_back_changes_nothing_of_the_consultation(both, visit, cast):
    patient, doctor = both
    doctor.post("start")

    def facts():
        with clinic_context(cast.uzima):
            return Consultation.objects.filter(appointment=visit).values().get()

    before = facts()
    for person, page in ((patient, PAGE["patient"]), (doctor, PAGE["doctor"])):
        person.post("leave", page=page)
        person.post("join", page=page + "x")
        person.exchange(page + "x")
    assert facts() == before


# Recording


def test_a_recording_needs_both_and_either_may_take_it_back(both, visit, cast, trail):
    patient, doctor = both
    refused = patient.client.post(f"{patient.base}recording/", {"agree": "1"}, follow=True)
    assert "once the doctor has begun" in refused.content.decode()
    doctor.post("start")
    for person in both:
        person.post("recording", agree="1")
    with clinic_context(cast.uzima):
        kept = Consultation.objects.get(appointment=visit)
        assert kept.patient_agreed_to_recording_at and kept.doctor_agreed_to_recording_at
    patient.post("recording", agree="0")
    with clinic_context(cast.uzima):
        kept.refresh_from_db()
        assert kept.patient_agreed_to_recording_at is None
        assert kept.doctor_agreed_to_recording_at is not None
        patient.post("recording", agree="1")
        Consultation.objects.filter(pk=kept.pk).update(recording_url="https://files.example/1.mp4")
    answer = patient.client.post(f"{patient.base}recording/", {"agree": "0"}, follow=True)
    assert "Ask the clinic to delete the recording" in answer.content.decode()
    acts = [(action, details["side"]) for action, _user, details in trail("consultation.recording")]
    assert acts == [
        ("consultation.recording_agreed", "patient"),
        ("consultation.recording_agreed", "doctor"),
        ("consultation.recording_refused", "patient"),
        ("consultation.recording_agreed", "patient"),
    ]


def test_our_own_room_says_that_it_records_nothing(both):
    assert "This call is not recorded" in both[0].look().content.decode()


# STUN and TURN


def test_a_relay_gets_a_credential_that_runs_out(settings):
    settings.ROOM_ICE_SERVERS = [
        {"urls": "stun:stun.example:3478"},
        {"urls": ["turn:turn.example:3478", "turns:turn.example:443"]},
        {"urls": "turn:old.example", "username": "u", "credential": "c"},
    ]
    settings.ROOM_TURN_SECRET = "north"
    now = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    plain, relay, fixed = ice_servers(user_id="abc", now=now)
    assert plain == {"urls": "stun:stun.example:3478"}
    assert fixed == settings.ROOM_ICE_SERVERS[2]
    username = f"{int(now.timestamp()) + 6 * 3600}:abc"
    digest = hmac.new(b"north", username.encode(), hashlib.sha1).digest()
    assert relay["username"] == username
    assert relay["credential"] == base64.b64encode(digest).decode()


def test_without_a_secret_servers_are_handed_out_as_they_are(settings):
    settings.ROOM_ICE_SERVERS = [{"urls": "turn:turn.example"}]
    settings.ROOM_TURN_SECRET = ""
    assert json.dumps(ice_servers(user_id="abc")) == '[{"urls": "turn:turn.example"}]'


# The pages of the visit


def test_the_visits_page_leads_in_and_says_who_is_there(visit, video_visit, at_room, at_clinic, cast):
    client = at_clinic(cast.uzima, cast.patient.user)
    url = f"/appointments/{visit.pk}/"
    page = client.get(url).content.decode()
    assert f"{url}room/" in page
    assert "The doctor has not come yet" in page
    at_room(cast.doctor, visit).exchange(stage="lobby")
    assert "The doctor is there." in client.get(url).content.decode()
    early = video_visit(200)
    assert "The room opens on" in client.get(f"/appointments/{early.pk}/").content.decode()
    in_person = video_visit(300, consultation_type="in_person")
    assert "/room/" not in client.get(f"/appointments/{in_person.pk}/").content.decode()


def test_without_a_script_there_are_notes_and_the_clinics_phone(visit, at_room, cast):
    type(cast.uzima).objects.filter(pk=cast.uzima.pk).update(phone="+254700111222")
    page = at_room(cast.patient, visit).look().content.decode()
    without = page.partition("<noscript>")[2]
    assert "The video call needs JavaScript" in without
    assert "+254700111222" in without
    assert "Look for new notes" in without
    with clinic_context(cast.uzima):
        start_consultation(appointment=visit, by_user=cast.doctor.user)
    assert "End for both" in at_room(cast.doctor, visit).look().content.decode()
