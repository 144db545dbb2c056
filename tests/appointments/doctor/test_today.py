"""The doctor's day as a page, and what may be done from it."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from redis.client import Pipeline

from appointments.models import Appointment
from appointments.room import signalling
from appointments.room.access import Side
from precta.audit.models import AuditLog
from precta.cache import DOWN
from precta.ids import new_id
from precta.outbox.models import OutboxEvent
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests import factories


@pytest.fixture(autouse=True)
def noon(monkeypatch):
    """Tuesday 24 November 2026, 12:00 in Nairobi."""
    moment = datetime(2026, 11, 24, 9, tzinfo=UTC)
    monkeypatch.setattr("precta.clock.now", lambda: moment)
    return moment


def page(client, **query):
    return client.get("/workspace/", query)


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())).replace("&nbsp;", " ")


def pay(visit, amount, back=None, status="completed", at=datetime(2026, 11, 24, 6, tzinfo=UTC)):
    payment = Payment.objects.create(
        user=visit.booked_by,
        type="appointment",
        subject_id=visit.pk,
        amount=Decimal(amount),
        method="mpesa",
        status=status,
        provider_reference=new_id(),
        paid_at=at,
    )
    if back:
        for outcome in ("processed", "failed"):
            refund = Refund.objects.create(
                payment=payment,
                key=new_id(),
                subject_id=visit.pk,
                amount=Decimal(back),
                reason="cancelled",
                status=outcome,
            )
            Refund.objects.filter(pk=refund.pk).update(created_at=at)


def nothing_happened():
    return not OutboxEvent.objects.exists() and not AuditLog.objects.filter(action__startswith="appointment").exists()


PAGES = ["/workspace/"]


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_sent_to_sign_in_and_comes_back(cast, at_clinic, path):
    response = at_clinic(cast.uzima).get(path)
    assert response.status_code == 302
    assert "/account/login/" in response.url
    assert "workspace" in response.url


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("who", ["patient", "staff", "owner", "admin", "other_doctor"])
def test_nobody_but_a_doctor_of_this_clinic_has_a_workspace(cast, at_clinic, path, who):
    person = getattr(cast, who)
    assert at_clinic(cast.uzima, getattr(person, "user", person)).get(path).status_code == 403


ACTIONS = ["arrived", "not-arrived", "completed", "no-show", "cancel"]


@pytest.mark.parametrize("action", ACTIONS)
def test_another_doctors_visit_cannot_be_touched(cast, at_clinic, noon, action):
    colleague = factories.make_doctor(cast.uzima, "Wanjiru", "Mwangi")
    visit = factories.make_appointment(cast.patient, colleague, noon - timedelta(hours=1))
    response = at_clinic(cast.uzima, cast.doctor.user).post(f"/workspace/visits/{visit.pk}/{action}/")
    assert response.status_code == 404
    response = at_clinic(cast.uzima, cast.other_doctor.user).post(f"/workspace/visits/{visit.pk}/{action}/")
    assert response.status_code == 403
    with clinic_context(cast.uzima):
        visit.refresh_from_db()
        assert (visit.status, visit.arrived_at) == ("confirmed", None)
        assert nothing_happened()


@pytest.mark.parametrize("bad", ["0", "-1", "9223372036854775808", "abc", "%00", "..%2f", "é"])
@pytest.mark.parametrize("action", ACTIONS)
def test_an_id_that_is_none_is_not_found(cast, at_clinic, bad, action):
    assert at_clinic(cast.uzima, cast.doctor.user).post(f"/workspace/visits/{bad}/{action}/").status_code == 404


@pytest.mark.parametrize("bad", ["abc", "2026-02-31", "9999-12-31", "0001-01-01", "\x00", "2026-11-24T10:00"])
def test_a_day_that_is_none_shows_today(cast, at_clinic, bad):
    response = page(at_clinic(cast.uzima, cast.doctor.user), day=bad)
    assert response.status_code == 200
    assert "Tuesday 24 November" in text(response)


def test_the_day_is_the_clinics_day(cast, at_clinic):
    # 23:30 and 00:30 in Nairobi on either side of midnight.
    factories.make_appointment(cast.patient, cast.doctor, datetime(2026, 11, 24, 20, 30, tzinfo=UTC))
    factories.make_appointment(cast.patient, cast.doctor, datetime(2026, 11, 24, 21, 30, tzinfo=UTC))
    shown = page(at_clinic(cast.uzima, cast.doctor.user))
    assert [row.visit.scheduled_at.hour for row in shown.context["rows"]] == [20]
    assert "23:30" in text(shown)


def test_a_hold_says_nothing_about_the_person(cast, at_clinic, noon):
    hold = factories.make_appointment(
        cast.patient,
        cast.doctor,
        noon + timedelta(hours=1),
        status="pending_payment",
        hold_expires_at=noon + timedelta(minutes=11, seconds=30),
        notes="Cough",
    )
    factories.make_appointment(
        cast.patient,
        cast.doctor,
        noon + timedelta(hours=2),
        status="pending_payment",
        hold_expires_at=noon - timedelta(seconds=1),
    )
    shown = page(at_clinic(cast.uzima, cast.doctor.user))
    assert "Held 12 min" in text(shown)
    assert "Amina" not in text(shown)
    assert "Cough" not in text(shown)
    assert shown.context["total"] == 0
    assert len(shown.context["rows"]) == 1
    assert page(at_clinic(cast.uzima, cast.doctor.user), visit=hold.pk).status_code == 404


def test_the_figures_count_visits_and_what_stayed_of_the_money(cast, at_clinic, noon):
    with clinic_context(cast.uzima):
        pay(factories.make_appointment(cast.patient, cast.doctor, noon), "2500")
        pay(
            factories.make_appointment(cast.patient, cast.doctor, noon + timedelta(hours=1), consultation_type="video"),
            "2500",
            back="1000",
        )
        pay(
            factories.make_appointment(cast.patient, cast.doctor, noon + timedelta(days=2), status="cancelled"),
            "2500",
            back="1250",
        )
        pay(factories.make_appointment(cast.patient, cast.doctor, noon + timedelta(hours=2)), "999", status="failed")
        # Money counts in the week in which it comes, whenever the visit is.
        pay(factories.make_appointment(cast.patient, cast.doctor, noon + timedelta(days=7)), "400")
        last_week = noon - timedelta(days=7)
        pay(factories.make_appointment(cast.patient, cast.doctor, noon + timedelta(hours=3)), "9000", at=last_week)
        colleague = factories.make_doctor(cast.uzima, "Wanjiru", "Mwangi")
        pay(factories.make_appointment(cast.patient, colleague, noon), "2500")
    shown = page(at_clinic(cast.uzima, cast.doctor.user)).context
    assert (shown["total"], shown["by_video"], shown["earned"]) == (4, 1, Decimal("5650"))


def test_a_first_visit_is_marked_until_the_patient_was_seen(cast, at_clinic, noon):
    factories.make_appointment(cast.patient, cast.doctor, noon)
    client = at_clinic(cast.uzima, cast.doctor.user)
    assert "First visit" in text(page(client))
    factories.make_appointment(cast.patient, cast.doctor, noon - timedelta(days=30), status="completed")
    assert "First visit" not in text(page(client))


def test_opening_a_patient_is_noted(cast, at_clinic, noon):
    cast.patient.allergies = ["penicillin"]
    cast.patient.blood_type = "O+"
    cast.patient.date_of_birth = noon.date().replace(year=1992)
    cast.patient.save()
    factories.make_appointment(cast.patient, cast.doctor, noon - timedelta(days=83), status="completed")
    visit = factories.make_appointment(cast.patient, cast.doctor, noon)
    shown = text(page(at_clinic(cast.uzima, cast.doctor.user), visit=visit.pk))
    for words in ("34 years", "O+", "Allergic to penicillin", "Last seen at this clinic on 2 September 2026"):
        assert words in shown
    with clinic_context(cast.uzima):
        entry = AuditLog.objects.get(action="patient.viewed")
        assert (entry.user_id, entry.resource_id) == (cast.doctor.pk, cast.patient.pk)


def test_a_patient_whom_the_clinic_is_not_linked_with_stays_closed(cast, at_clinic, noon):
    visit = factories.make_appointment(cast.other_patient, cast.doctor, noon)
    assert page(at_clinic(cast.uzima, cast.doctor.user), visit=visit.pk).status_code == 404
    with clinic_context(cast.uzima):
        assert not AuditLog.objects.filter(action="patient.viewed").exists()


def test_a_colleagues_patient_stays_closed(cast, at_clinic, noon):
    colleague = factories.make_doctor(cast.uzima, "Wanjiru", "Mwangi")
    visit = factories.make_appointment(cast.patient, colleague, noon)
    for visit_id in (visit.pk, "abc", "\x00"):
        assert page(at_clinic(cast.uzima, cast.doctor.user), visit=visit_id).status_code == 404


def test_the_doctor_marks_arrival_and_completion(cast, at_clinic, noon):
    visit = factories.make_appointment(cast.patient, cast.doctor, noon - timedelta(minutes=5))
    client = at_clinic(cast.uzima, cast.doctor.user)
    response = client.post(f"/workspace/visits/{visit.pk}/arrived/")
    assert response.url == "/workspace/?day=2026-11-24"
    assert "1 person is waiting." in text(page(client))
    client.post(f"/workspace/visits/{visit.pk}/completed/")
    with clinic_context(cast.uzima):
        visit.refresh_from_db()
    assert visit.status == "completed"


def test_asking_before_a_no_show_changes_nothing(cast, at_clinic, noon):
    visit = factories.make_appointment(cast.patient, cast.doctor, noon - timedelta(hours=1))
    client = at_clinic(cast.uzima, cast.doctor.user)
    assert "cannot be taken back" in text(client.get(f"/workspace/visits/{visit.pk}/no-show/"))
    with clinic_context(cast.uzima):
        assert Appointment.objects.get(pk=visit.pk).status == "confirmed"
    client.post(f"/workspace/visits/{visit.pk}/no-show/")
    with clinic_context(cast.uzima):
        assert Appointment.objects.get(pk=visit.pk).status == "no_show"


def test_what_comes_too_early_changes_nothing_and_says_so(cast, at_clinic, noon):
    visit = factories.make_appointment(cast.patient, cast.doctor, noon + timedelta(hours=1))
    client = at_clinic(cast.uzima, cast.doctor.user)
    for action in ("completed", "no-show"):
        response = client.post(f"/workspace/visits/{visit.pk}/{action}/", follow=True)
        assert "too early" in text(response)
    with clinic_context(cast.uzima):
        assert Appointment.objects.get(pk=visit.pk).status == "confirmed"
        assert nothing_happened()


def test_a_full_day_costs_no_more_statements_than_an_empty_one(cast, at_clinic, noon):
    client = at_clinic(cast.uzima, cast.doctor.user)
    page(client)
    with CaptureQueriesContext(
        connection,
    ) as empty:
        page(client)
    for number in range(12):
        patient = factories.make_patient("Patient", str(number))
        factories.make_appointment(patient, cast.doctor, noon + timedelta(minutes=30 * number))
    with CaptureQueriesContext(connection) as full:
        page(client)
    assert len(full) == len(empty)
    assert len(full) <= 14


def in_room(visit, side, *, lobby=True):
    with clinic_context(visit.clinic):
        if lobby:
            signalling.wait(visit.pk, side)
        else:
            signalling.take_over(visit.pk, side, "page-of-a-test")


@pytest.mark.parametrize("lobby", [True, False], ids=["in the lobby", "in the call"])
def test_a_patient_in_the_video_room_is_marked_and_counted_as_waiting(cast, at_clinic, noon, lobby):
    visit = factories.make_appointment(
        cast.patient, cast.doctor, noon + timedelta(minutes=5), consultation_type="video"
    )
    client = at_clinic(cast.uzima, cast.doctor.user)
    in_room(visit, Side.DOCTOR, lobby=lobby)
    assert "Waits in the video room" not in text(page(client))
    in_room(visit, Side.PATIENT, lobby=lobby)
    shown = text(page(client))
    assert "Waits in the video room" in shown
    assert "1 person is waiting." in shown
    client.cookies["precta_language"] = "sw"
    assert "Anasubiri kwenye chumba cha video" in text(page(client))


@pytest.mark.parametrize(
    "extra",
    [
        {"consultation_type": "in_person"},
        {"consultation_type": "video", "status": "in_progress"},
        {"consultation_type": "video", "status": "completed"},
        {"consultation_type": "video", "status": "pending_payment"},
    ],
)
def test_nobody_waits_in_the_room_of_a_visit_that_has_none_or_has_begun(cast, at_clinic, noon, extra):
    if extra.get("status") == "pending_payment":
        extra = {**extra, "hold_expires_at": noon + timedelta(minutes=5)}
    in_room(factories.make_appointment(cast.patient, cast.doctor, noon, **extra), Side.PATIENT)
    assert "Waits in the video room" not in text(page(at_clinic(cast.uzima, cast.doctor.user)))


def test_all_rooms_of_a_day_are_asked_about_once_and_without_valkey_none_is_marked(cast, at_clinic, noon, monkeypatch):
    client = at_clinic(cast.uzima, cast.doctor.user)
    visits = [
        factories.make_appointment(
            factories.make_patient("Patient", str(number)),
            cast.doctor,
            noon + timedelta(minutes=30 * number),
            consultation_type="video",
        )
        for number in range(8)
    ]
    for visit in visits[:3]:
        in_room(visit, Side.PATIENT)
    trips, execute = [], Pipeline.execute

    def count(self, *args, **kwargs):
        trips.append(self.command_stack)
        return execute(self, *args, **kwargs)

    monkeypatch.setattr(Pipeline, "execute", count)
    assert text(page(client)).count("Waits in the video room") == 3
    assert len(trips) == 1

    def away(*args, **kwargs):
        raise DOWN[0]

    monkeypatch.setattr(Pipeline, "execute", away)
    shown = page(client)
    assert shown.status_code == 200
    assert "Waits in the video room" not in text(shown)
