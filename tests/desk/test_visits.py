"""What the desk does with a visit: who may, what it does, and that a refusal changes and sends nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from accounts.models import Doctor
from appointments.models import Appointment, AppointmentStatus
from precta.audit.models import AuditLog
from precta.audit.services import record
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.money_helpers import broken_invariants, refunds_of

pytestmark = pytest.mark.django_db
ACTIONS = ("arrived", "not-arrived", "no-show", "cancel", "move")


def url(visit, action):
    return f"/admin/desk/visits/{visit.pk}/{action}/"


def state(clinic):
    """Everything that an action could change or send."""
    with clinic_context(clinic):
        return {
            "visits": list(Appointment.objects.order_by("pk").values()),
            "payments": list(Payment.objects.order_by("pk").values()),
            "refunds": list(Refund.objects.order_by("pk").values()),
            "events": OutboxEvent.objects.count(),
            "trail": AuditLog.objects.count(),
            "sent": Notification.objects.count(),
        }


def fresh(visit):
    with clinic_context(visit.clinic):
        return Appointment.objects.get(pk=visit.pk)


def run_outbox(ground):
    """Let everybody be told of everything."""
    with clinic_context(ground.uzima):
        for event in OutboxEvent.objects.filter(relayed_at=None).order_by("created_at"):
            assert relay_event(event.pk, now=event.next_attempt_at), event.last_error


def shown_amounts(ground, visit):
    from appointments.services.cancellation import quote_refund

    with clinic_context(ground.uzima):
        visit = Appointment.objects.select_related("clinic").get(pk=visit.pk)
        return {f"shown_{side}": quote_refund(appointment=visit, by=side).amount for side in ("patient", "clinic")}


@pytest.mark.parametrize("role", ["front_desk", "manager", "owner"])
def test_the_desk_marks_arrivals_takes_them_back_and_notes_who_did_not_come(ground, desk, role):
    visit = ground.paid(days=1, hour=8)
    client = desk(role)
    with time_machine.travel(visit.scheduled_at - timedelta(minutes=5), tick=False):
        answer = client.post(url(visit, "arrived"), {"back": "status=coming&doctor=nonsense!&day=2026-11-24"})
        assert answer["Location"].startswith("/admin/desk/?day=2026-11-24&status=coming#v-")
        assert fresh(visit).arrived_at is not None
        client.post(url(visit, "not-arrived"))
        assert fresh(visit).arrived_at is None
    with time_machine.travel(visit.scheduled_at + timedelta(minutes=15), tick=False):
        assert "cannot be taken back" in client.get(url(visit, "no-show")).content.decode()
        client.post(url(visit, "no-show"))
    assert fresh(visit).status == AppointmentStatus.NO_SHOW
    with clinic_context(ground.uzima):
        trail = AuditLog.objects.filter(resource_id=visit.pk).order_by("pk").values_list("action", "user_id")
        who = desk.people[role].pk
        assert set(trail) == {
            ("appointment.arrived", who),
            ("appointment.arrival_undone", who),
            ("appointment.no_show", who),
        }
        assert not Refund.objects.exists()


def test_who_waits_in_the_video_room_is_not_noted_as_missing(ground, desk):
    visit = ground.paid(days=1, hour=8, consultation_type="video")
    with clinic_context(ground.uzima):
        record("room.joined", resource=visit, details={"side": "patient"})
    client = desk()
    with time_machine.travel(visit.scheduled_at + timedelta(minutes=15), tick=False):
        page = client.get(url(visit, "no-show")).content.decode()
        assert "has come, so this visit was not missed" in page and "btn danger" not in page
        told = client.post(url(visit, "no-show"), follow=True).content.decode()
    assert "has come, so this visit was not missed" in told
    assert fresh(visit).status == AppointmentStatus.CONFIRMED


@pytest.mark.parametrize("who", ["pharmacist", "other_staff", "doctor", "patient", "other_doctor"])
def test_nobody_else_does_anything_with_a_visit(ground, desk, at_clinic, who):
    visit = ground.paid(days=0, hour=1)
    people = {
        "pharmacist": desk.people["pharmacist"],
        "other_staff": factories.make_staff(ground.pwani, "owner"),
        "doctor": ground.doctor.user,
        "patient": ground.patient.user,
        "other_doctor": ground.other_doctor.user,
    }
    client = at_clinic(ground.uzima, people[who])
    before = state(ground.uzima)
    assert client.get("/admin/desk/").status_code == 403
    for action in ACTIONS:
        data = {"cause": "clinic", "shown_patient": "0", "shown_clinic": "2500"}
        assert client.post(url(visit, action), data).status_code == 403, action
    assert state(ground.uzima) == before


def test_a_visit_of_another_clinic_is_not_there(ground, desk, at_clinic):
    visit = ground.paid(days=1)
    client = at_clinic(ground.pwani, factories.make_staff(ground.pwani, "owner"))
    before = state(ground.uzima)
    for action in ACTIONS:
        assert client.post(url(visit, action), {}).status_code == 404, action
    assert state(ground.uzima) == before


def test_too_early_and_too_late_are_told_and_change_nothing(ground, desk):
    client = desk()
    early = ground.paid(days=5)
    done = ground.paid(days=-1, hour=8, status="completed")
    before = state(ground.uzima)
    for visit, action in ((early, "arrived"), (early, "no-show"), (early, "not-arrived"), (done, "arrived")):
        answer = client.post(url(visit, action), follow=True)
        words = answer.content.decode()
        assert "too early" in words or "Somebody changed this visit" in words, action
    for action in ("cancel", "move"):
        assert "changed" in client.get(url(done, action), follow=True).content.decode() or action == "move"
        client.post(url(done, action), {"cause": "clinic", "shown_patient": "0", "shown_clinic": "0"})
    assert state(ground.uzima) == before


def test_cancelling_shows_both_refunds_and_gives_the_patients_by_the_rule(ground, desk):
    visit = ground.paid(days=0, hour=23)
    with time_machine.travel(visit.scheduled_at - timedelta(hours=5), tick=False):
        page = desk().get(url(visit, "cancel")).content.decode()
        assert "KES\xa01,250 of KES\xa02,500 go back: 50 percent" in page
        assert "KES\xa02,500 go back: everything" in page
        assert 'name="refund"' not in page
        data = {"cause": "patient", "reason": "Called us", **shown_amounts(ground, visit)}
        answer = desk().post(url(visit, "cancel"), data)
    assert answer.status_code == 302
    assert fresh(visit).status == "cancelled" and fresh(visit).cancelled_by_id == desk.people["front_desk"].pk
    assert refunds_of(visit) == [Decimal(1250)]
    with clinic_context(ground.uzima):
        event = OutboxEvent.objects.get(kind="appointment.cancelled")
        assert event.payload == {"appointment_id": visit.pk, "side": "clinic", "cause": "patient"}
    run_outbox(ground)
    told = Notification.objects.filter(user=ground.patient.user, channel="push").first()
    assert "cancelled this visit for you, as you asked" in told.body and "KES\xa01,250 goes back" in told.body
    assert not broken_invariants(ground.uzima)


def test_when_the_clinic_is_the_cause_everything_goes_back(ground, desk):
    visit = ground.paid(days=0, hour=23)
    with time_machine.travel(visit.scheduled_at - timedelta(minutes=30), tick=False):
        desk().post(url(visit, "cancel"), {"cause": "clinic", **shown_amounts(ground, visit)})
    assert refunds_of(visit) == [Decimal(2500)]
    assert not broken_invariants(ground.uzima)


@pytest.mark.parametrize("role", ["owner", "manager"])
def test_whoever_runs_the_clinic_gives_back_more_than_the_rule(ground, desk, role):
    visit = ground.paid(days=0, hour=23)
    with time_machine.travel(visit.scheduled_at - timedelta(minutes=30), tick=False):
        page = desk(role).get(url(visit, "cancel")).content.decode()
        assert "Nothing of the KES\xa02,500 goes back" in page and 'name="refund"' in page
        data = {"cause": "patient", "refund": "800.50", **shown_amounts(ground, visit)}
        assert desk(role).post(url(visit, "cancel"), data).status_code == 302
    assert refunds_of(visit) == [Decimal("800.50")]
    assert fresh(visit).refund_due == Decimal("800.50")
    with clinic_context(ground.uzima):
        details = AuditLog.objects.get(action="appointment.cancelled").details
    assert (details["by_the_rule"], details["refund"]) == ("0.00", "800.50")
    assert not broken_invariants(ground.uzima)


@pytest.mark.parametrize(
    ("role", "changes", "status"),
    [
        ("owner", {"refund": "2500.01"}, 400),
        ("owner", {"refund": "-1"}, 400),
        ("owner", {"refund": "NaN"}, 400),
        ("owner", {"cause": "clinic", "refund": "100"}, 400),
        ("owner", {"cause": "nobody"}, 400),
        ("owner", {"cause": ""}, 400),
        ("owner", {"reason": "x" * 501}, 400),
        ("owner", {"reason": "\u202eabc"}, 400),
        ("owner", {"shown_patient": ""}, 400),
        ("front_desk", {"shown_patient": "2500"}, 409),
        ("front_desk", {"cause": "clinic", "shown_clinic": "1250"}, 409),
    ],
)
def test_a_cancellation_that_is_not_what_was_shown_changes_nothing(ground, desk, role, changes, status):
    visit = ground.paid(days=0, hour=23)
    with time_machine.travel(visit.scheduled_at - timedelta(minutes=30), tick=False):
        data = {"cause": "patient", "reason": "", **shown_amounts(ground, visit), **changes}
        before = state(ground.uzima)
        assert desk(role).post(url(visit, "cancel"), data).status_code == status
        assert state(ground.uzima) == before


def test_the_front_desk_cannot_choose_what_goes_back(ground, desk):
    visit = ground.paid(days=0, hour=23)
    with time_machine.travel(visit.scheduled_at - timedelta(minutes=30), tick=False):
        data = {"cause": "patient", "refund": "2500", **shown_amounts(ground, visit)}
        assert desk().post(url(visit, "cancel"), data).status_code == 302
    assert refunds_of(visit) == []


def test_a_held_time_is_let_go_of_without_money(ground, desk):
    visit = ground.held(days=1)
    assert "Nothing was paid" in desk().get(url(visit, "cancel")).content.decode()
    desk().post(url(visit, "cancel"), {"cause": "patient", "shown_patient": "0", "shown_clinic": "0"})
    assert fresh(visit).status == "cancelled"
    assert not broken_invariants(ground.uzima)


def test_moving_keeps_the_payment_and_whoever_booked_it_and_tells_the_patient(ground, desk):
    visit = ground.paid(days=3, hour=8)
    to = ground.at(days=4, hour=9)
    query = {"at": f"{to:%Y-%m-%dT%H:%MZ}", "mode": "video"}
    page = desk().get(url(visit, "move"), query)
    assert page.status_code == 200
    form = page.context["form"]
    data = {**query, "expected_fee": form.initial["expected_fee"], "key": form.initial["key"]}
    answer = desk().post(url(visit, "move"), data)
    assert answer.status_code == 302
    with clinic_context(ground.uzima):
        new = Appointment.objects.get(rescheduled_from=visit.pk)
        assert (new.status, new.scheduled_at, new.booked_by_id) == ("confirmed", to, ground.patient.pk)
        assert Payment.objects.get().subject_id == new.pk
        assert AuditLog.objects.get(action="appointment.rescheduled").user_id == desk.people["front_desk"].pk
        assert OutboxEvent.objects.filter(kind="appointment.rescheduled").count() == 1
    assert fresh(visit).cancelled_by_id == desk.people["front_desk"].pk
    assert fresh(visit).cancellation_reason == "rescheduled for the clinic"
    # A second click is the same move.
    assert desk().post(url(visit, "move"), data).status_code == 302
    with clinic_context(ground.uzima):
        assert Appointment.objects.live().count() == 1
    assert not broken_invariants(ground.uzima)


def test_a_dearer_time_costs_nothing_more_and_a_cheaper_one_gives_back(ground, desk):
    visit = ground.paid(days=3, hour=8)
    to = ground.at(days=4, hour=9)
    query = {"at": f"{to:%Y-%m-%dT%H:%MZ}", "mode": "in_person"}
    Doctor.objects.filter(pk=ground.doctor.pk).update(consultation_fee=4000)
    assert desk().get(url(visit, "move"), query).context["quote"].to_pay == 0
    Doctor.objects.filter(pk=ground.doctor.pk).update(consultation_fee=2000)
    form = desk().get(url(visit, "move"), query).context["form"]
    Doctor.objects.filter(pk=ground.doctor.pk).update(consultation_fee=1500)
    before = state(ground.uzima)
    data = {**query, "expected_fee": "2000", "key": form.initial["key"]}
    assert desk().post(url(visit, "move"), data).status_code == 409
    assert state(ground.uzima) == before
    assert desk().post(url(visit, "move"), data | {"expected_fee": "1500"}).status_code == 302
    with clinic_context(ground.uzima):
        assert Refund.objects.get().amount == 1000
    assert not broken_invariants(ground.uzima)


def test_the_desk_moves_within_the_lead_time_which_binds_patients(ground, desk):
    visit = ground.paid(days=1, hour=12)
    to = ground.at(days=1, hour=9)
    query = {"at": f"{to:%Y-%m-%dT%H:%MZ}", "mode": "in_person"}
    with time_machine.travel(to - timedelta(minutes=10), tick=False):
        form = desk().get(url(visit, "move"), query).context["form"]
        assert desk().post(url(visit, "move"), {**query, **form.initial}).status_code == 302
    with clinic_context(ground.uzima):
        assert Appointment.objects.live().get().scheduled_at == to


def test_a_time_that_is_taken_not_offered_or_nonsense_moves_nothing(ground, desk):
    visit = ground.paid(days=3, hour=8)
    other = ground.paid(days=4, hour=9, patient=ground.other_patient)
    before = state(ground.uzima)
    key = {"expected_fee": "2500", "key": "abcdefgh12345678", "mode": "in_person"}
    for at, status in (
        (f"{other.scheduled_at:%Y-%m-%dT%H:%MZ}", 409),
        (f"{ground.at(days=4, hour=9, minute=7):%Y-%m-%dT%H:%MZ}", 400),
        (f"{ground.at(days=-4):%Y-%m-%dT%H:%MZ}", 400),
        (f"{visit.scheduled_at:%Y-%m-%dT%H:%MZ}", 400),
        ("31 February", 400),
        ("", 400),
    ):
        assert desk().post(url(visit, "move"), {**key, "at": at}).status_code == status, at
    assert state(ground.uzima) == before


def test_a_visit_that_is_held_or_began_or_whose_doctor_is_away_for_good_is_not_moved(ground, desk):
    held = ground.held(days=2)
    began = ground.paid(days=-1, hour=3)
    before = state(ground.uzima)
    for visit in (held, began):
        assert desk().get(url(visit, "move")).status_code == 302
    coming = ground.paid(days=3)
    Doctor.objects.filter(pk=ground.doctor.pk).update(verification_status="rejected")
    assert "takes no new visits" in desk().get(url(coming, "move"), follow=True).content.decode()
    assert state(ground.uzima)["events"] == before["events"]


def test_a_receipt_is_there_for_money_only(ground, desk):
    visit = ground.paid(days=2, method="cash")
    page = desk().get(url(visit, "receipt")).content.decode()
    assert "Paid in cash" in page and "KES\xa02,500" in page and "Paystack" not in page
    assert "Paystack" in desk().get(url(ground.paid(days=3), "receipt")).content.decode()
    assert desk().get(url(ground.held(days=4), "receipt")).status_code == 404
    assert desk("pharmacist").get(url(visit, "receipt")).status_code == 403
