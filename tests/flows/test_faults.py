"""Processes die, the provider misbehaves, the queue is away: what was acknowledged stays, and happens once."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection

from appointments.models import Appointment
from precta import clock, hosts
from precta.outbox.models import OutboxEvent
from precta.payments.models import Payment, ProviderEvent, Refund
from precta.tenancy import clinic_context
from tests.live.stack import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

LONGEST_ANSWER = 10.0


@pytest.fixture
def held(scene):
    return scene.hold(scene.patient("Zuhura", last_name="Makonde"), scene.doctor(), notes="Secret reason")


def confirmations(visit):
    with clinic_context(visit.clinic):
        return OutboxEvent.objects.filter(kind="appointment.confirmed", payload__appointment_id=visit.pk).count()


def reconcile(scene, visit):
    """A minute passes and beat comes by."""
    for payment in scene.payments(visit):
        if payment.next_check_at:
            scene.alter(Payment, payment.pk, visit.clinic, next_check_at=clock.now() - timedelta(seconds=1))
    with clinic_context(visit.clinic):
        waiting = ProviderEvent.objects.filter(reference=scene.reference(visit), processed_at__isnull=True)
        waiting.update(received_at=clock.now() - timedelta(minutes=2))
    scene.live.send_task("precta.payments.tasks.reconcile_all")


def at_provider(scene, visit):
    sql = "SELECT * FROM transactions WHERE reference = ?"
    return [row for p in scene.payments(visit) for row in scene.live.standin.store.all(sql, p.provider_reference)]


def stored_events(scene, visit):
    with clinic_context(visit.clinic):
        return list(ProviderEvent.objects.filter(reference=scene.reference(visit)))


def test_the_reconciler_confirms_what_no_webhook_told(scene, held):
    scene.live.standin.fault("webhook", "lose", times=None)
    scene.pay(held)
    scene.live.standin.approve(scene.reference(held))
    reconcile(scene, held)
    scene.comes_to(held, "confirmed")
    assert confirmations(held) == 1


@pytest.mark.parametrize("kind", ["duplicate", "reorder"])
def test_webhooks_that_come_twice_or_in_disorder_confirm_once(scene, held, kind):
    scene.live.standin.fault("webhook", kind, times=None, seconds=1)
    scene.pay(held)
    scene.live.standin.approve(scene.reference(held))
    scene.comes_to(held, "confirmed")
    time.sleep(1.5)
    assert confirmations(held) == 1
    assert [p.status for p in scene.payments(held)] == ["completed"]


@pytest.mark.parametrize("kind", ["hang", "trickle", "500", "nonsense", "drop"])
def test_a_provider_that_misbehaves_is_waited_for_ten_seconds_and_never_in_a_transaction(scene, held, kind):
    scene.live.standin.fault("any", kind, times=None, seconds=30)
    answers = []
    began = time.monotonic()
    asking = threading.Thread(target=lambda: answers.append(scene.pay(held, timeout=60)))
    scene.session(held.booked_by)
    asking.start()
    open_for = 0.0
    while asking.is_alive():
        open_for = max(open_for, longest_transaction())
        time.sleep(0.2)
    asking.join()
    assert time.monotonic() - began < LONGEST_ANSWER + 1
    assert answers[0].status in {302, 503}
    assert open_for < 2
    assert scene.now(held).status == "pending_payment"

    # Nothing is asked for twice: the second press finds out first what became of the first.
    scene.live.standin.faults.clear()
    scene.alter(Payment, scene.payments(held)[-1].pk, held.clinic, charged_at=clock.now() - timedelta(minutes=3))
    assert scene.pay(held).status in {302, 503}
    until(lambda: at_provider(scene, held), "a request is at the provider")
    scene.live.standin.approve(at_provider(scene, held)[-1]["reference"])
    scene.comes_to(held, "confirmed")
    assert sum(p.amount for p in scene.payments(held) if p.status == "completed") == held.fee


def longest_transaction() -> float:
    """Seconds for which the oldest transaction of the portal has been idle."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'idle in transaction' AND pid <> pg_backend_pid()"
        )
        return float(cursor.fetchone()[0])


def test_a_web_process_that_dies_while_it_asks_for_the_money_loses_nothing(scene, held):
    """Killed after the provider has acted and before anybody heard of it."""
    scene.live.standin.fault("charge", "hang", seconds=8, after=True)
    scene.session(held.booked_by)
    asking = threading.Thread(target=lambda: swallow(lambda: scene.pay(held)))
    asking.start()
    until(lambda: at_provider(scene, held), "the request is at the provider")
    scene.live.kill("web")
    asking.join()
    scene.live.start_web()
    assert scene.look(held, "pay/").status == 200
    scene.live.standin.approve(scene.reference(held))
    scene.comes_to(held, "confirmed")
    assert len(at_provider(scene, held)) == 1
    assert confirmations(held) == 1


def test_a_worker_that_dies_while_it_settles_is_made_up_for(scene, held):
    scene.pay(held)
    scene.live.standin.fault("verify", "hang", seconds=8)
    calls = scene.live.standin.faults.calls
    before = calls.get("verify", 0)
    scene.live.standin.approve(scene.reference(held))
    until(lambda: calls.get("verify", 0) > before, "the worker asks")
    scene.live.kill("worker")
    assert scene.now(held).status == "pending_payment"
    scene.live.standin.faults.clear()
    scene.live.start_worker()
    reconcile(scene, held)
    scene.comes_to(held, "confirmed", seconds=40)
    assert confirmations(held) == 1


def test_an_event_that_was_stored_before_all_died_is_acted_on_afterwards(scene, held):
    """Web, worker and queue are gone between the provider's word and what follows from it."""
    scene.pay(held)
    scene.live.kill("worker")
    scene.live.standin.approve(scene.reference(held))
    until(lambda: stored_events(scene, held), "the event is stored")
    scene.live.kill("web")
    scene.live.lose_queue()
    scene.live.start_web()
    scene.live.start_worker()
    assert scene.now(held).status == "pending_payment"
    reconcile(scene, held)
    scene.comes_to(held, "confirmed", seconds=40)
    assert confirmations(held) == 1
    until(lambda: all(event.processed_at for event in stored_events(scene, held)), "the event is done with")


def test_a_worker_that_dies_while_money_goes_back_sends_it_once(scene, held):
    """Killed after the provider has paid back and before anybody heard of it."""
    scene.pay(held)
    reference = scene.reference(held)
    scene.live.standin.approve(reference)
    scene.comes_to(held, "confirmed", seconds=40)
    scene.live.standin.fault("refund", "hang", seconds=8, after=True)
    answer = scene.live.request(
        "POST",
        f"/appointments/{held.pk}/cancel/",
        host=hosts.clinic_host(held.clinic),
        session=scene.session(held.booked_by),
        data={"expected_refund": held.fee, "reason": ""},
    )
    assert answer.status == 302, answer.text[:2000]
    until(lambda: scene.live.standin.refunds(reference), "the provider has paid back")
    scene.live.kill("worker")
    scene.live.standin.faults.clear()
    scene.live.lose_queue()
    scene.live.start_worker()
    [refund] = scene.payments(held)[0].refunds.all()
    assert refund.status == "queued"
    scene.alter(Refund, refund.pk, held.clinic, next_attempt_at=clock.now() - timedelta(seconds=1))
    scene.live.send_task("precta.payments.tasks.sweep_refunds_all")
    until(lambda: scene.payments(held)[0].refunds.all()[0].status != "queued", "the refund is known")
    assert [row["amount"] for row in scene.live.standin.refunds(reference)] == [250_000]


def test_without_a_queue_a_booking_stands_and_its_news_follows_later(scene):
    doctor, patient = scene.doctor(), scene.patient()
    slot = scene.free(doctor)[0]
    scene.live.kill("web")
    scene.live.start_web(CELERY_BROKER_URL="redis+socket:///nowhere/queue.sock?virtual_host=1")
    try:
        began = time.monotonic()
        visit = scene.hold(patient, doctor, slot)
        assert time.monotonic() - began < LONGEST_ANSWER
    finally:
        scene.live.kill("web")
        scene.live.start_web()
    with clinic_context(visit.clinic):
        waiting = OutboxEvent.objects.filter(payload__appointment_id=visit.pk, relayed_at__isnull=True)
        assert waiting.count() == 1
    scene.live.send_task("precta.outbox.tasks.sweep")

    def drained():
        with clinic_context(visit.clinic):
            return not OutboxEvent.objects.filter(payload__appointment_id=visit.pk, relayed_at__isnull=True).exists()

    until(drained, "the event is relayed")


def test_a_worker_that_was_away_finds_its_work_and_the_queue_holds_no_word_of_a_patient(scene, held):
    scene.live.kill("worker")
    try:
        scene.pay(held)
        scene.live.standin.approve(scene.reference(held))
        until(lambda: scene.live.queued() > 0, "work is waiting")
        queue = scene.live.messages()
        for word in ("Zuhura", "Makonde", "Secret", held.booked_by.email, scene.phone[1:]):
            assert word not in queue
    finally:
        scene.live.start_worker()
    scene.comes_to(held, "confirmed", seconds=40)


def test_a_hold_that_nobody_pays_for_ends_and_its_time_is_free_again(scene, held):
    scene.alter(Appointment, held.pk, held.clinic, hold_expires_at=clock.now() - timedelta(minutes=3))
    scene.live.send_task("appointments.tasks.expire_holds_all")
    scene.comes_to(held, "cancelled")
    assert held.scheduled_at in {slot.starts_at for slot in scene.free(held.doctor)}


def swallow(call):
    try:
        call()
    except OSError:
        pass  # the process that was asked has just been killed
    except Exception as error:
        assert "Disconnected" in type(error).__name__
