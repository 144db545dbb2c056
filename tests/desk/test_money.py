"""Cash and refunds at the desk: who may, one effect however often, and books that agree."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from appointments.models import Appointment
from precta.audit.models import AuditLog
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.money_helpers import broken_invariants
from tests.desk.test_visits import fresh, run_outbox, state

pytestmark = pytest.mark.django_db


def cash_url(payment):
    return f"/admin/desk/payments/{payment.pk}/cash/"


def part_url(payment):
    return f"/admin/desk/payments/{payment.pk}/give-back/"


def hand_url(refund):
    return f"/admin/desk/refunds/{refund.pk}/hand-back/"


def again_url(refund):
    return f"/admin/desk/refunds/{refund.pk}/again/"


def owe(ground, visit, amount=2500, **extra):
    """A refund of a cancelled visit."""
    with clinic_context(ground.uzima):
        Appointment.objects.filter(pk=visit.pk).update(
            status="cancelled", cancelled_at=timezone.now(), refund_due=amount
        )
        values = {"key": f"cancel:{visit.pk}", "subject_id": visit.pk, "amount": amount, "reason": "cancelled"}
        return Refund.objects.create(payment=visit.payment, **{**values, **extra})


@pytest.mark.parametrize("role", ["front_desk", "manager", "owner"])
def test_cash_confirms_the_visit_and_who_took_it_is_kept_and_shown(ground, desk, role):
    visit = ground.held(days=2)
    client = desk(role)
    assert "KES\xa02,500" in client.get(cash_url(visit.payment)).content.decode()
    assert client.post(cash_url(visit.payment)).status_code == 302
    assert fresh(visit).status == "confirmed"
    with clinic_context(ground.uzima):
        payment = Payment.objects.get()
        assert (payment.status, payment.taken_by_id) == ("completed", desk.people[role].pk)
        assert timezone.now() - payment.paid_at < timedelta(minutes=1)
        assert AuditLog.objects.get(action="payment.completed").user_id == desk.people[role].pk
    shown = client.get(f"/admin/payments/payment/{payment.pk}/change/").content.decode()
    assert desk.people[role].email in shown
    assert not broken_invariants(ground.uzima)


def test_cash_taken_twice_is_one_payment(ground, desk):
    visit = ground.held(days=2)
    desk().post(cash_url(visit.payment))
    before = state(ground.uzima)
    words = desk("manager").post(cash_url(visit.payment), follow=True).content.decode()
    assert "does not wait for money" in words
    assert state(ground.uzima) == before
    with clinic_context(ground.uzima):
        assert Payment.objects.get().taken_by_id == desk.people["front_desk"].pk


def test_cash_pays_for_what_was_to_be_paid_by_phone(ground, desk):
    visit = ground.held(days=2, method="mpesa")
    assert "paid by M-Pesa" in desk().get(cash_url(visit.payment)).content.decode()
    desk().post(cash_url(visit.payment))
    with clinic_context(ground.uzima):
        payment = Payment.objects.get()
        assert (payment.method, payment.provider, payment.status) == ("cash", "cash", "completed")
    assert fresh(visit).status == "confirmed"


def test_no_cash_is_taken_for_a_time_that_is_not_held_any_more(ground, desk):
    visit = ground.held(days=2)
    with clinic_context(ground.uzima):
        Appointment.objects.filter(pk=visit.pk).update(hold_expires_at=timezone.now() - timedelta(seconds=1))
    before = state(ground.uzima)
    words = desk().post(cash_url(visit.payment), follow=True).content.decode()
    assert "not held any more" in words
    assert state(ground.uzima) == before


def test_handing_back_is_noted_once_with_who_and_when(ground, desk):
    refund = owe(ground, ground.paid(days=2, method="cash"))
    assert "KES\xa02,500" in desk().get(hand_url(refund)).content.decode()
    desk().post(hand_url(refund))
    before = state(ground.uzima)
    assert "not waiting to be handed back" in desk("owner").post(hand_url(refund), follow=True).content.decode()
    assert state(ground.uzima) == before
    with clinic_context(ground.uzima):
        refund.refresh_from_db()
        assert (refund.status, refund.handed_by_id) == ("processed", desk.people["front_desk"].pk)
        assert Payment.objects.get().status == "refunded"
        assert OutboxEvent.objects.filter(kind="refund.processed").count() == 1
    assert not broken_invariants(ground.uzima)


def test_a_patient_is_told_where_their_cash_is_and_that_it_was_handed_back(ground, desk):
    visit = ground.paid(days=2, method="cash")
    desk().post(
        f"/admin/desk/visits/{visit.pk}/cancel/",
        {"cause": "clinic", "shown_patient": "2500", "shown_clinic": "2500"},
    )
    run_outbox(ground)
    told = Notification.objects.filter(user=ground.patient.user, channel="push")
    assert "KES\xa02,500 waits for you at the clinic, in cash." in told.get().body
    with clinic_context(ground.uzima):
        refund = Refund.objects.get()
    desk().post(hand_url(refund))
    run_outbox(ground)
    assert told.count() == 2
    assert told.filter(body__contains="The clinic handed KES\xa02,500 back to you in cash.").exists()


def test_money_of_the_provider_is_never_handed_back_in_cash(ground, desk):
    refund = owe(ground, ground.paid(days=2))
    before = state(ground.uzima)
    assert desk().post(hand_url(refund)).status_code == 302
    assert state(ground.uzima) == before


def test_a_failed_refund_is_sent_again_once_and_the_books_agree_again(ground, desk):
    refund = owe(ground, ground.paid(days=2), status="failed", last_error="Customer bank declined")
    assert broken_invariants(ground.uzima)
    assert "Customer bank declined" in desk().get(again_url(refund)).content.decode()
    desk().post(again_url(refund))
    before = state(ground.uzima)
    assert "nothing to try again" in desk("manager").post(again_url(refund), follow=True).content.decode()
    assert state(ground.uzima) == before
    with clinic_context(ground.uzima):
        assert Refund.objects.exclude(pk=refund.pk).get().key == f"again:{refund.pk}"
        assert AuditLog.objects.get(action="refund.requested").user_id == desk.people["front_desk"].pk
    assert not broken_invariants(ground.uzima)
    shown = desk().get(f"/admin/payments/refund/{refund.pk}/change/").content.decode()
    assert "Failed, then sent again" in shown


@pytest.mark.parametrize("status", ["queued", "pending", "processed"])
def test_only_a_failed_refund_is_sent_again(ground, desk, status):
    refund = owe(ground, ground.paid(days=2), status=status)
    before = state(ground.uzima)
    desk().post(again_url(refund))
    assert state(ground.uzima) == before


def part_of(client, payment, **changes):
    form = client.get(part_url(payment)).context["form"]
    data = {"amount": "400.50", "reason": "Waited two hours", **form.initial, **changes}
    return data, client.post(part_url(payment), data)


@pytest.mark.parametrize(("role", "method"), [("owner", "mpesa"), ("manager", "cash")])
def test_a_part_beyond_the_rules_makes_a_visit_that_stands_cheaper(ground, desk, role, method):
    visit = ground.paid(days=2, method=method)
    client = desk(role)
    data, answer = part_of(client, visit.payment)
    assert answer.status_code == 302
    # The same form again is the same decision.
    client.post(part_url(visit.payment), data)
    assert fresh(visit).fee == Decimal("2099.50")
    with clinic_context(ground.uzima):
        refund = Refund.objects.get()
        assert (refund.amount, refund.reason, refund.status) == (Decimal("400.50"), "Waited two hours", "queued")
        trail = AuditLog.objects.get(action="appointment.part_given_back")
        assert trail.user_id == desk.people[role].pk and "Waited" not in str(trail.details)
    assert not broken_invariants(ground.uzima)


@pytest.mark.parametrize("status", ["completed", "cancelled", "no_show"])
def test_a_part_of_a_visit_that_is_over_goes_back_and_the_books_agree(ground, desk, status):
    extra = {"cancelled_at": timezone.now(), "refund_due": 0} if status == "cancelled" else {}
    visit = ground.paid(days=-2, status=status, **extra)
    _data, answer = part_of(desk("owner"), visit.payment, amount="2500")
    assert answer.status_code == 302
    after = fresh(visit)
    assert (after.fee, after.refund_due) == {
        "completed": (Decimal(0), None),
        "cancelled": (Decimal(2500), Decimal(2500)),
        "no_show": (Decimal(2500), None),
    }[status]
    assert not broken_invariants(ground.uzima)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"amount": "2500.01"}, 400),
        ({"amount": "0"}, 400),
        ({"amount": "-5"}, 400),
        ({"amount": "NaN"}, 400),
        ({"amount": "1e400"}, 400),
        ({"reason": ""}, 400),
        ({"key": "x"}, 400),
        ({"shown_left": "2000"}, 409),
        ({"shown_left": ""}, 400),
        ({"amount": "2600", "shown_left": "3000"}, 409),
    ],
)
def test_a_part_that_cannot_be_changes_nothing(ground, desk, changes, status):
    visit = ground.paid(days=2)
    client = desk("owner")
    before = state(ground.uzima)
    _data, answer = part_of(client, visit.payment, **changes)
    assert answer.status_code == status
    assert state(ground.uzima) == before


def test_a_time_that_is_held_for_moving_is_let_go_when_a_part_goes_back(ground, desk):
    visit = ground.paid(days=2)
    move = factories.make_appointment(
        ground.patient, ground.doctor, ground.at(4), fee=3000, status="pending_payment", rescheduled_from=visit
    )
    part_of(desk("owner"), visit.payment)
    assert fresh(move).status == "cancelled"
    assert not broken_invariants(ground.uzima)


def test_a_cancelled_visits_refund_counts_before_a_part_can_go_back(ground, desk):
    visit = ground.paid(days=2)
    owe(ground, visit, amount=1500)
    client = desk("owner")
    assert "KES\xa01,000" in client.get(part_url(visit.payment)).content.decode()
    part_of(client, visit.payment, amount="1000")
    assert fresh(visit).refund_due == Decimal(2500)
    assert "No money of this payment" in client.get(part_url(visit.payment), follow=True).content.decode()
    assert not broken_invariants(ground.uzima)


@pytest.mark.parametrize("who", ["pharmacist", "other_staff", "doctor", "patient"])
def test_nobody_else_touches_money(ground, desk, at_clinic, who):
    held = ground.held(days=2)
    paid = ground.paid(days=3)
    refund = owe(ground, ground.paid(days=4, method="cash"))
    failed = owe(ground, ground.paid(days=5), status="failed")
    user = {
        "pharmacist": desk.people["pharmacist"],
        "other_staff": factories.make_staff(ground.pwani, "owner"),
        "doctor": ground.doctor.user,
        "patient": ground.patient.user,
    }[who]
    client = at_clinic(ground.uzima, user)
    before = state(ground.uzima)
    for url in (cash_url(held.payment), part_url(paid.payment), hand_url(refund), again_url(failed)):
        assert client.get(url).status_code == 403, url
        assert client.post(url, {"amount": "1", "reason": "x"}).status_code == 403, url
    assert state(ground.uzima) == before


def test_the_front_desk_gives_back_no_part_and_is_not_offered_it(ground, desk):
    visit = ground.paid(days=3)
    assert desk().get(part_url(visit.payment)).status_code == 403
    page = desk().get(f"/admin/payments/payment/{visit.payment.pk}/change/").content.decode()
    assert "Give back a part" not in page
    page = desk("owner").get(f"/admin/payments/payment/{visit.payment.pk}/change/").content.decode()
    assert "Give back a part" in page and "Receipt" in page


def test_another_clinics_money_is_not_there(ground, desk, at_clinic):
    visit = ground.held(days=2)
    refund = owe(ground, ground.paid(days=4, method="cash"))
    client = at_clinic(ground.pwani, factories.make_staff(ground.pwani, "owner"))
    for url in (cash_url(visit.payment), part_url(visit.payment), hand_url(refund), again_url(refund)):
        assert client.post(url).status_code == 404, url


def test_the_days_totals_are_by_method_and_by_the_clinics_calendar(ground, desk):
    noon = ground.at(days=-1, hour=9)
    for hour, method, amount in ((9, "cash", 2500), (10, "cash", 1500), (11, "mpesa", 3000), (12, "card", 900)):
        visit = factories.make_appointment(ground.patient, ground.doctor, ground.at(5, hour), fee=amount)
        with clinic_context(ground.uzima):
            Payment.objects.create(
                user=ground.patient.user,
                type="appointment",
                subject_id=visit.pk,
                amount=amount,
                method=method,
                status="completed",
                paid_at=noon,
                provider_reference=f"x-{visit.pk}",
            )
    with clinic_context(ground.uzima):
        cash = Payment.objects.filter(method="cash").first()
        values = {"payment": cash, "subject_id": cash.subject_id, "reason": "r"}
        Refund.objects.create(key="a", amount=500, status="processed", processed_at=noon, **values)
        Refund.objects.create(key="b", amount=100, **values)
        # Half past midnight in Nairobi of the day after.
        Payment.objects.filter(method="card").update(paid_at=noon.replace(hour=21, minute=30))
    page = desk().get(f"/admin/payments/payment/?day={noon:%Y-%m-%d}")
    tills = {till.method: (till.taken, till.returned, till.net) for till in page.context_data["till"]}
    assert tills == {"cash": (4000, 500, 3500), "mpesa": (3000, 0, 3000), "card": (0, 0, 0)}
    assert "Cash drawer" in page.content.decode()
    rows = page.context_data["cl"].queryset
    with clinic_context(ground.uzima):
        assert {row.method for row in rows} == {"cash", "mpesa"}
    for query in ("?day=nonsense", "?day=9999-99-99&method__exact=cash", "?day=0001-01-01"):
        assert desk().get("/admin/payments/payment/" + query).status_code == 200


def test_a_payment_is_found_by_the_payers_name(ground, desk):
    ground.paid(days=3)
    assert "Amina Hassan" in desk().get("/admin/payments/payment/?q=hassan").content.decode()
    assert "Amina Hassan" not in desk().get("/admin/payments/payment/?q=otieno").content.decode()
