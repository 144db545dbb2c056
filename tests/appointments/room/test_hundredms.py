"""100ms in place of our own room: its calls against the stand-in, its events at our webhook."""

import json
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from appointments.exceptions import VideoRefused, VideoUnavailable
from appointments.models import Appointment, Consultation
from appointments.room.access import Side, find_place
from appointments.room.handlers import close_room
from appointments.room.providers import video_provider
from appointments.room.providers.builtin import BuiltIn
from appointments.room.providers.hundredms import HundredMs, management_token, room_name
from appointments.services.attendance import mark_no_show
from appointments.services.cancellation import Side as CancelSide
from appointments.services.cancellation import cancel_appointment
from appointments.services.consultation import end_consultation, start_consultation
from precta import clock
from precta.audit.models import AuditLog
from precta.devstack.hundredms import HundredMsStandIn
from precta.devstack.hundredms.server import event
from precta.outbox.models import OutboxEvent
from precta.outbox.services import emit, sweep_events
from precta.tenancy import clinic_context, public_context

pytestmark = pytest.mark.django_db
SECRET = "our-secret-in-their-header"
WEBHOOK = "/video/100ms/webhook/"


@pytest.fixture
def provider(settings):
    with HundredMsStandIn() as standin:
        settings.VIDEO_PROVIDER = "hundredms"
        settings.HUNDREDMS_BASE_URL = standin.url
        settings.HUNDREDMS_SUBDOMAIN = standin.url
        settings.HUNDREDMS_ACCESS_KEY = standin.access_key
        settings.HUNDREDMS_SECRET = standin.secret
        settings.HUNDREDMS_TEMPLATE_ID = "template-1"
        settings.HUNDREDMS_WEBHOOK_SECRET = SECRET
        yield standin


@pytest.fixture
def begun(cast, video_visit):
    """A visit that goes on since half an hour, its booked time over."""
    visit = video_visit(-9)
    with clinic_context(cast.uzima):
        visit.clinic = cast.uzima
        consultation = start_consultation(appointment=visit, by_user=cast.doctor.user)
        long_ago = clock.now() - timedelta(minutes=45)
        Appointment.objects.filter(pk=visit.pk).update(scheduled_at=long_ago)
        Consultation.objects.filter(pk=consultation.pk).update(started_at=long_ago)
    return visit


@pytest.fixture
def tell(at_platform, settings):
    """`tell(body, secret=…)` → the status of the webhook's answer."""
    settings.HUNDREDMS_WEBHOOK_SECRET = SECRET

    def post(body, secret=SECRET):
        headers = {"x-precta-secret": secret} if secret is not None else {}
        return at_platform().post(WEBHOOK, body, content_type="application/json", headers=headers).status_code

    return post


def consultation_of(visit):
    with clinic_context(visit.clinic):
        return Consultation.objects.get(appointment=visit.pk)


def acts(clinic, beginning):
    with clinic_context(clinic) if clinic else public_context():
        rows = AuditLog.objects.filter(action__startswith=beginning).order_by("created_at", "pk")
        return list(rows.values_list("action", flat=True))


def test_our_own_room_is_what_there_is_unless_configured(settings):
    assert isinstance(video_provider(), BuiltIn)
    settings.VIDEO_PROVIDER = "hundredms"
    assert isinstance(video_provider(), HundredMs)


def test_the_management_token_is_as_documented(settings):
    settings.HUNDREDMS_ACCESS_KEY, settings.HUNDREDMS_SECRET = "key", "s" * 32
    facts = jwt.decode(management_token(), "s" * 32, algorithms=["HS256"])
    assert set(facts) == {"access_key", "type", "version", "jti", "iat", "nbf", "exp"}
    assert (facts["access_key"], facts["type"], facts["version"]) == ("key", "management", 2)
    assert facts["exp"] - facts["iat"] <= 600


def test_each_side_is_led_to_the_providers_page_of_one_room(provider, at_room, visit, cast, trail):
    urls = {}
    for person, side in ((cast.patient, "patient"), (cast.doctor, "doctor")):
        page = at_room(person, visit).look().content.decode()
        assert "The call opens in a window of its own" in page
        answer = at_room(person, visit).post("open")
        assert answer.status_code == 302
        urls[side] = urlsplit(answer["Location"])
        assert answer["Location"].startswith(f"{provider.url}/meeting/")
        assert parse_qs(urls[side].query)["userId"] == [f"{visit.pk}-{side}"]
    (room,) = provider.rooms.values()
    assert room["name"] == f"{cast.uzima.code}-{visit.pk}"
    assert room["size"] == 2
    assert 120 <= room["max_duration_seconds"] <= 43_200
    assert room["webhook"]["headers"] == {"X-Precta-Secret": SECRET}
    assert room["webhook"]["url"].endswith(WEBHOOK)
    assert urls["patient"].path == f"/meeting/{room['codes']['guest']}"
    assert urls["doctor"].path == f"/meeting/{room['codes']['host']}"
    # No more of a patient than the first name.
    assert parse_qs(urls["patient"].query)["name"] == ["Amina"]
    assert "Hassan" not in json.dumps(list(provider.rooms.values()))
    assert [details.get("provider") for _act, _user, details in trail("room.joined")] == ["hundredms"] * 2


def test_its_id_is_kept_and_it_is_closed_at_the_end(provider, at_room, visit, cast):
    at_room(cast.patient, visit).post("open")
    (room_id,) = provider.rooms
    with clinic_context(cast.uzima):
        visit.clinic = cast.uzima
        start_consultation(appointment=visit, by_user=cast.doctor.user)
        sweep_events()
        assert Consultation.objects.get(appointment=visit).room_id == room_id
        end_consultation(appointment=visit, by_user=cast.doctor.user)
        sweep_events()
    assert provider.rooms[room_id]["was_ended"] is True
    assert provider.rooms[room_id]["enabled"] is False


def move_away(visit, by):
    emit("appointment.rescheduled", appointment_id="another", from_id=visit.pk)


def cancel(visit, by):
    Appointment.objects.filter(pk=visit.pk).update(scheduled_at=clock.now() + timedelta(minutes=5))
    visit.refresh_from_db()
    cancel_appointment(appointment=visit, by_user=by, side=CancelSide.CLINIC)


def miss(visit, by):
    mark_no_show(appointment=visit, by_user=by, now=visit.scheduled_at + timedelta(minutes=16))


@pytest.mark.parametrize("call_off", [cancel, miss, move_away])
def test_a_room_entered_before_the_beginning_closes_when_the_visit_is_called_off(
    provider, at_room, visit, cast, call_off
):
    at_room(cast.doctor, visit).post("open")
    (room_id,) = provider.rooms
    with clinic_context(cast.uzima):
        visit = Appointment.objects.select_related("clinic", "doctor").get(pk=visit.pk)
        call_off(visit, cast.doctor.user)
        sweep_events()
    assert list(provider.rooms) == [room_id]
    assert provider.rooms[room_id]["was_ended"] is True
    assert provider.rooms[room_id]["enabled"] is False


def test_a_room_that_nobody_entered_is_not_made_to_be_closed(provider, visit, cast):
    with clinic_context(cast.uzima):
        visit = Appointment.objects.select_related("clinic", "doctor").get(pk=visit.pk)
        cancel(visit, cast.doctor.user)
        sweep_events()
    assert provider.calls == []


def test_what_could_not_be_closed_is_tried_again(provider, visit, cast):
    with clinic_context(cast.uzima):
        visit.clinic = cast.uzima
        consultation = start_consultation(appointment=visit, by_user=cast.doctor.user)
        sweep_events()
        end_consultation(appointment=visit, by_user=cast.doctor.user)
        ended = OutboxEvent.objects.get(kind="consultation.ended")
        provider.fault = "500"
        with pytest.raises(VideoUnavailable):
            close_room(ended)
        close_room(ended)
        close_room(ended)
        room_id = Consultation.objects.get(pk=consultation.pk).room_id
    assert provider.rooms[room_id]["enabled"] is False


@pytest.mark.parametrize("fault", ["500", "nonsense", "drop"])
def test_a_provider_in_trouble_is_said_and_breaks_nothing(provider, at_room, visit, cast, fault):
    provider.fault = fault
    room = at_room(cast.patient, visit)
    page = room.client.post(f"{room.base}open/", follow=True)
    assert page.status_code == 200
    assert "The video service does not answer" in page.content.decode()


def test_a_provider_that_hangs_is_given_up_within_the_deadline(provider, visit, cast):
    visit.clinic = cast.uzima
    provider.fault = "hang"
    began = time.monotonic()
    with pytest.raises(VideoUnavailable):
        HundredMs(budget=0.5).open_room(visit)
    assert time.monotonic() - began < 3


def test_a_wrong_key_is_no_room(provider, visit, cast, settings):
    visit.clinic = cast.uzima
    settings.HUNDREDMS_SECRET = "another secret that is long enough to sign"
    with pytest.raises(VideoUnavailable):
        HundredMs().open_room(visit)
    assert not provider.rooms


def test_a_refusal_is_told_from_an_outage(provider, visit, cast):
    with clinic_context(cast.uzima):
        place = find_place(user=cast.patient.user, clinic=cast.uzima, visit_id=visit.pk)
        assert place.side is Side.PATIENT
        with pytest.raises(VideoRefused):
            HundredMs().join_url(place, "no-such-room")


# The webhook


@pytest.mark.parametrize("secret", ["", "wrong", SECRET + "x", None])
def test_whoever_does_not_know_our_secret_is_refused(tell, begun, secret):
    body = event("session.close.success", room_name=room_name(begun))
    assert tell(body, secret) == 403
    assert consultation_of(begun).ended_at is None


def test_without_a_secret_of_ours_nobody_is_genuine(tell, settings):
    settings.HUNDREDMS_WEBHOOK_SECRET = ""
    assert tell(event("session.close.success"), "") == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"type": "x"}', b'{"type": 1, "id": "x"}'])
def test_what_is_no_event_is_refused(tell, body):
    assert tell(body) == 400


def test_a_flood_is_refused(tell):
    assert tell(b"x" * 300_000) == 413


@pytest.mark.parametrize("name", ["", "nobody-xyz", "-", "uzima", "\u0000", 5])
def test_what_nobody_knows_is_put_aside_once(tell, cast, name):
    body = event("session.open.success", event_id="e-1", room_name=name)
    assert tell(body) == 200
    assert tell(body) == 200
    assert acts(None, "video_event") == ["video_event.unknown"]


def test_a_closed_session_supplies_an_end_that_nobody_set(tell, begun, cast):
    stopped = clock.now() - timedelta(minutes=3)
    body = event("session.close.success", room_name=room_name(begun), session_stopped_at=stopped.isoformat())
    assert tell(body) == 200
    assert tell(body) == 200
    after = consultation_of(begun)
    assert abs((after.ended_at - stopped).total_seconds()) < 1
    assert after.duration_seconds == pytest.approx(42 * 60, abs=5)
    with clinic_context(cast.uzima):
        assert Appointment.objects.get(pk=begun.pk).status == "completed"
    assert acts(cast.uzima, "video_event") == ["video_event.received"]
    assert acts(cast.uzima, "consultation.ended") == ["consultation.ended"]


def test_the_length_of_a_session_will_do(tell, begun, cast):
    started = clock.now() - timedelta(minutes=40)
    facts = {"session_started_at": started.isoformat(), "session_duration": 1800.5}
    tell(event("session.close.success", room_name=room_name(begun), **facts))
    assert abs((consultation_of(begun).ended_at - started).total_seconds() - 1800.5) < 1


@pytest.mark.parametrize(
    "facts",
    [
        {"session_started_at": "9999-12-31T23:59:59Z", "session_duration": 86_000},
        {"session_stopped_at": "9999-12-31T23:59:59-14:00"},
        {"session_stopped_at": "0001-01-01T00:00:00+14:00"},
        {"session_started_at": "2026-13-45T00:00:00Z", "session_duration": float("nan")},
        {"session_started_at": [], "session_duration": {}},
    ],
)
def test_times_that_cannot_be_never_end_a_visit_outside_its_own(tell, begun, facts):
    assert tell(event("session.close.success", room_name=room_name(begun), **facts)) == 200
    after = consultation_of(begun)
    assert after.started_at <= after.ended_at <= clock.now()


def test_an_end_that_the_doctor_set_stays(tell, begun, cast):
    with clinic_context(cast.uzima):
        begun.clinic = cast.uzima
        end = end_consultation(appointment=begun, by_user=cast.doctor.user).ended_at
    long_ago = (clock.now() - timedelta(minutes=20)).isoformat()
    assert tell(event("session.close.success", room_name=room_name(begun), session_stopped_at=long_ago)) == 200
    assert consultation_of(begun).ended_at == end


def test_a_session_that_closes_within_the_booked_time_ends_nothing(tell, visit, cast):
    with clinic_context(cast.uzima):
        visit.clinic = cast.uzima
        start_consultation(appointment=visit, by_user=cast.doctor.user)
    assert tell(event("session.close.success", room_name=room_name(visit))) == 200
    assert consultation_of(visit).ended_at is None
    with clinic_context(cast.uzima):
        assert Appointment.objects.get(pk=visit.pk).status == "in_progress"


@pytest.mark.parametrize(
    ("agreed", "kept"), [((), False), (("patient",), False), (("doctor",), False), (("patient", "doctor"), True)]
)
def test_a_recording_is_kept_only_with_both_consents(tell, begun, cast, agreed, kept):
    with clinic_context(cast.uzima):
        for side in agreed:
            Consultation.objects.filter(appointment=begun).update(**{f"{side}_agreed_to_recording_at": clock.now()})
    url = "https://recordings.example/1.mp4"
    assert tell(event("beam.recording.success", room_name=room_name(begun), recording_presigned_url=url)) == 200
    assert consultation_of(begun).recording_url == (url if kept else "")
    what = "consultation.recorded" if kept else "consultation.recording_dropped"
    assert acts(cast.uzima, "consultation.record") == [what]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://plain.example/", "https://x/" + "y" * 500, None, 5])
def test_an_address_that_is_none_is_not_kept(tell, begun, cast, url):
    with clinic_context(cast.uzima):
        now = clock.now()
        Consultation.objects.filter(appointment=begun).update(
            patient_agreed_to_recording_at=now, doctor_agreed_to_recording_at=now
        )
    assert tell(event("recording.success", room_name=room_name(begun), recording_url=url)) == 200
    assert consultation_of(begun).recording_url == ""
