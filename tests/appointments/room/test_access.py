"""Only the two people of a confirmed video visit, only in its time; every try is in the trail."""

from datetime import timedelta

import pytest

from accounts.models import Doctor
from accounts.services.family import add_child
from appointments.models import Appointment
from appointments.room.access import CLOSES_AFTER, OPENS_BEFORE
from appointments.services.consultation import start_consultation
from precta import clock
from precta.tenancy import clinic_context
from tests import factories
from tests.conftest import client_for

pytestmark = pytest.mark.django_db
# What a page of the room asks for, and how.
DOORS = ("look", "join", "messages", "exchange")


def knock(room, door):
    if door == "look":
        return room.look()
    if door == "exchange":
        return room.exchange("somepage1234")
    return room.post(door, page="somepage1234", text="hello")


def refused(rows):
    return [details["reason"] for action, _user, details in rows if action == "room.refused"]


def test_patient_and_doctor_are_let_in(visit, at_room, cast):
    for person, other in ((cast.patient, "Dr Achieng Njoroge"), (cast.doctor, "Amina Hassan")):
        page = at_room(person, visit).look()
        assert page.status_code == 200
        assert other in page.content.decode()


def test_the_guardian_of_a_child_is_its_side(video_visit, at_room, cast):
    values = {"first_name": "Zawadi", "last_name": "Hassan", "date_of_birth": (clock.now() - timedelta(1500)).date()}
    child = add_child(guardian=cast.patient, by=cast.patient.user, relation="parent", values=values).child
    visit = video_visit(patient=child, booked_by=cast.patient.user)
    page = at_room(cast.patient, visit).look()
    assert page.status_code == 200
    assert "for Zawadi" in page.content.decode()
    assert at_room(cast.other_patient, visit).look().status_code == 404


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("who", ["other_patient", "other_doctor", "staff", "owner", "admin", "colleague"])
def test_nobody_else_finds_it_and_the_try_is_kept(visit, at_room, cast, trail, who, door):
    cast.colleague = factories.make_doctor(cast.uzima, "Wafula", "Barasa")
    person = getattr(cast, who)
    assert knock(at_room(person, visit), door).status_code == 404
    assert trail("room.") == [("room.refused", person.pk, {"reason": "not_yours"})]


def test_a_stranger_signs_in_first(visit, at_clinic, cast):
    answer = at_clinic(cast.uzima).get(f"/appointments/{visit.pk}/room/")
    assert answer.status_code == 302
    assert "/account/login/" in answer["Location"]


def test_a_doctor_passes_the_second_factor_first(visit, cast):
    client = client_for("uzima.precta.localhost", cast.doctor.user, factor=False)
    answer = client.get(f"/appointments/{visit.pk}/room/")
    assert answer.status_code == 302
    assert "second-factor" in answer["Location"]


def test_a_doctor_who_left_the_clinic_has_no_room_here(visit, at_room, cast, trail):
    Doctor.objects.filter(pk=cast.doctor.pk).update(clinic=cast.pwani)
    assert at_room(cast.doctor, visit).look().status_code == 404
    assert refused(trail("room.")) == ["not_yours"]


def test_it_is_of_this_clinic_alone(visit, at_clinic, cast):
    for user in (cast.patient.user, cast.other_doctor.user):
        assert at_clinic(cast.pwani, user).get(f"/appointments/{visit.pk}/room/").status_code == 404


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ({"consultation_type": "in_person"}, "not_video"),
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "pending_payment"}, "not_paid"),
    ],
)
def test_a_visit_without_a_room_is_not_found_by_its_own_people(video_visit, at_room, cast, trail, door, extra, reason):
    visit = video_visit(**extra)
    for person in (cast.patient, cast.doctor):
        assert knock(at_room(person, visit), door).status_code == 404
    assert refused(trail("room.")) == [reason, reason]


@pytest.mark.parametrize(
    ("minutes", "extra", "reason", "words"),
    [
        (11, {}, "too_early", "The room opens on"),
        (-61, {}, "too_late", "The time of this visit is over"),
        (-40, {"status": "completed"}, "ended", "The visit has ended"),
        (-40, {"status": "no_show"}, "missed", "The time of this visit is over"),
    ],
)
def test_too_early_and_too_late_are_refused_with_a_page_that_says_so(
    video_visit, at_room, cast, trail, minutes, extra, reason, words
):
    visit = video_visit(minutes, **extra)
    for person in (cast.patient, cast.doctor):
        answer = at_room(person, visit).look()
        assert answer.status_code == 403
        assert words in answer.content.decode()
        assert at_room(person, visit).ask("join", page="somepage1234").json() == {"error": reason}
    assert refused(trail("room.")) == [reason] * 4


@pytest.mark.parametrize(("second", "status"), [(1, 403), (-1, 200)])
def test_the_door_opens_ten_minutes_before(cast, video_visit, at_room, second, status):
    visit = video_visit(OPENS_BEFORE.total_seconds() / 60 + second / 6)
    assert at_room(cast.patient, visit).look().status_code == status


def test_what_is_in_progress_stays_open_until_it_is_ended(cast, video_visit, at_room):
    visit = video_visit(-5)
    with clinic_context(cast.uzima):
        start_consultation(appointment=visit, by_user=cast.doctor.user)
        long_ago = clock.now() - timedelta(minutes=30) - CLOSES_AFTER - timedelta(hours=1)
        Appointment.objects.filter(pk=visit.pk).update(scheduled_at=long_ago)
    assert at_room(cast.patient, visit).look().status_code == 200
    assert at_room(cast.doctor, visit).post("end").status_code == 302
    assert at_room(cast.patient, visit).look().status_code == 403


def test_camera_and_microphone_are_allowed_there_and_nowhere_else(video_visit, at_room, cast, at_clinic):
    allowed = ("camera=(self)", "microphone=(self)", "display-capture=(self)")
    early = video_visit(60)
    for visit, status in ((video_visit(), 200), (early, 403)):
        answer = at_room(cast.patient, visit).look()
        assert answer.status_code == status
        assert all(part in answer["Permissions-Policy"] for part in allowed)
        assert "geolocation=()" in answer["Permissions-Policy"]
    elsewhere = at_clinic(cast.uzima, cast.patient.user).get(f"/appointments/{early.pk}/")
    assert "camera=()" in elsewhere["Permissions-Policy"]
    assert "microphone=()" in elsewhere["Permissions-Policy"]
