"""The provider's word at the running portal's door: twice, late, forged, of another amount."""

from datetime import timedelta

import pytest

from appointments.models import Appointment
from precta import clock
from precta.audit.models import AuditLog
from precta.ids import new_id
from precta.outbox.models import OutboxEvent
from precta.payments.models import Payment, ProviderEvent
from precta.tenancy import clinic_context
from tests.live.stack import until


@pytest.fixture
def held(scene):
    """A visit whose prompt is on the phone. The provider's own events are lost: the tests bring theirs."""
    scene.live.standin.fault("webhook", "lose", times=None)
    visit = scene.hold(scene.patient(), scene.doctor())
    assert scene.pay(visit).status == 302
    return visit


def charge_success(scene, visit, **changes):
    data = scene.live.standin.transaction(scene.reference(visit)) | changes
    return {"event": "charge.success", "data": data}


def confirmations(visit):
    with clinic_context(visit.clinic):
        return OutboxEvent.objects.filter(kind="appointment.confirmed", payload__appointment_id=visit.pk).count()


def test_the_same_event_many_times_confirms_once(scene, held):
    scene.live.standin.approve(scene.reference(held))
    event = charge_success(scene, held)
    assert {scene.live.webhook(event) for _ in range(3)} == {200}
    scene.comes_to(held, "confirmed")
    assert scene.live.webhook(event) == 200
    assert confirmations(held) == 1
    assert [payment.status for payment in scene.payments(held)] == ["completed"]


def test_a_forged_event_is_refused_and_changes_nothing(scene, held):
    scene.live.standin.approve(scene.reference(held))
    event = charge_success(scene, held)
    assert scene.live.webhook(event, signature="0" * 128) == 403
    assert scene.live.webhook(event, signature="") == 403
    assert scene.now(held).status == "pending_payment"


def test_a_genuine_event_about_money_that_never_came_is_not_believed(scene, held):
    event = charge_success(scene, held, status="success", paid_at="2026-11-24T08:00:00.000Z")
    assert scene.live.webhook(event) == 200
    until(lambda: processed(scene, held), "the event is looked at")
    assert scene.now(held).status == "pending_payment"
    assert confirmations(held) == 0


def test_an_event_of_another_amount_is_put_aside_and_the_visit_stays_unpaid(scene, held):
    reference = scene.reference(held)
    scene.live.standin.store.run("UPDATE transactions SET amount = 100 WHERE reference = ?", reference)
    scene.live.standin.approve(reference)
    assert scene.live.webhook(charge_success(scene, held)) == 200
    until(lambda: scene.payments(held)[0].put_aside_at is not None, "the payment is put aside")
    assert scene.now(held).status != "confirmed"
    assert confirmations(held) == 0


def test_money_after_the_hold_takes_the_time_again_when_it_is_free(scene, held):
    lapse(scene, held)
    scene.live.standin.approve(scene.reference(held))
    assert scene.live.webhook(charge_success(scene, held)) == 200
    again = until(lambda: successor(held), "a visit at the same time")
    assert (again.status, again.patient_id) == ("confirmed", held.patient_id)


def test_money_after_the_hold_goes_back_when_the_time_is_gone(scene, held):
    lapse(scene, held)
    other = scene.patient("Peter")
    slot = next(slot for slot in scene.free(held.doctor) if slot.starts_at == held.scheduled_at)
    scene.hold(other, held.doctor, slot)
    reference = scene.reference(held)
    scene.live.standin.approve(reference)
    assert scene.live.webhook(charge_success(scene, held)) == 200
    until(lambda: scene.live.standin.refunds(reference), "a refund at the provider")
    assert scene.live.standin.refunds(reference)[0]["amount"] == 250_000
    assert scene.now(held).refund_due == 2500


@pytest.mark.parametrize("reference", ["{code}-nosuchpayment", "somebody-elses", ""])
def test_what_is_genuine_but_unknown_is_answered_and_audited(scene, reference):
    known = set(put_aside())
    event = {"event": "charge.success", "data": {"reference": reference.format(code=scene.uzima.code), "id": new_id()}}
    assert scene.live.webhook(event) == 200
    assert len(set(put_aside()) - known) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"event": 7}', b"[" * 5000])
def test_nonsense_that_is_rightly_signed_is_a_400(scene, body):
    standin = scene.live.standin
    assert standin.webhooks.post(body) == 400


def test_an_oversized_event_is_refused(scene):
    assert scene.live.standin.webhooks.post(b'{"event": "' + b"x" * 300_000 + b'"}') == 413


def put_aside():
    return AuditLog.objects.filter(resource_type="provider_event").values_list("pk", flat=True)


def processed(scene, visit):
    with clinic_context(visit.clinic):
        done = ProviderEvent.objects.filter(processed_at__isnull=False)
        return done.filter(reference=scene.reference(visit)).exists()


def lapse(scene, visit):
    """The hold ends as if its minutes had passed, and the sweeper comes by."""
    long_ago = clock.now() - timedelta(minutes=5)
    scene.alter(Appointment, visit.pk, visit.clinic, hold_expires_at=long_ago)
    scene.alter(Payment, visit.payment_id, visit.clinic, charged_at=long_ago)
    scene.live.send_task("appointments.tasks.expire_holds_all")
    scene.comes_to(visit, "cancelled")


def successor(visit):
    with clinic_context(visit.clinic):
        at_that_time = Appointment.objects.live().filter(doctor=visit.doctor_id, scheduled_at=visit.scheduled_at)
        return at_that_time.exclude(pk=visit.pk).first()
