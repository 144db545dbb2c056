"""One decision is one refund, through crashes, repetitions and silence."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from precta import clock
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from precta.payments import exceptions, selectors, services
from precta.payments.models import Refund
from precta.payments.services.refunding import MAX_ATTEMPTS
from precta.tenancy import clinic_context

pytestmark = pytest.mark.django_db
HALF = Decimal("1250.00")


def ask(payment, amount=HALF, key="cancel") -> Refund:
    return services.request_refund(payment=payment, amount=amount, reason="visit cancelled", key=key)


def at_provider(provider, payment) -> list[int]:
    return [refund["amount"] for refund in provider.refunds(payment.provider_reference)]


def test_a_refund_goes_out_when_its_decision_is_committed(in_uzima, provider, pay, django_capture_on_commit_callbacks):
    payment = pay()
    with django_capture_on_commit_callbacks(execute=True):
        refund = ask(payment)
        assert at_provider(provider, payment) == []
    refund.refresh_from_db()
    assert refund.status == "pending"
    assert at_provider(provider, payment) == [125_000]


def test_the_same_decision_taken_twice_is_one_refund(in_uzima, pay):
    payment = pay()
    assert ask(payment).pk == ask(payment).pk
    assert Refund.objects.count() == 1
    assert OutboxEvent.objects.filter(kind="refund.queued").count() == 1


def test_no_more_goes_back_than_came_in(in_uzima, pay):
    payment = pay()
    ask(payment, Decimal("2000"), "a")
    with pytest.raises(exceptions.RefundTooLarge):
        ask(payment, Decimal("500.01"), "b")
    ask(payment, Decimal("500"), "c")
    with pytest.raises(exceptions.RefundTooLarge):
        ask(payment, Decimal("0.01"), "d")
    assert selectors.refunded_total(payment.subject_id) == Decimal("2500")


@pytest.mark.parametrize("amount", ["0", "-1", "1.001"])
def test_only_whole_positive_cents_go_back(in_uzima, pay, amount):
    with pytest.raises(exceptions.InvalidAmount):
        ask(pay(), Decimal(amount))


def test_money_that_never_came_does_not_go_back(in_uzima, begin):
    with pytest.raises(exceptions.NotRefundable):
        ask(begin())
    assert not Refund.objects.exists()


def test_a_refund_submitted_twice_is_sent_once(in_uzima, provider, pay):
    payment = pay()
    refund = ask(payment)
    for _repeat in range(3):
        services.submit_refund(refund.pk)
    assert at_provider(provider, payment) == [125_000]
    assert provider.faults.calls["refund"] == 1


def test_a_refund_whose_answer_was_lost_is_found_and_not_sent_again(in_uzima, provider, pay):
    payment = pay()
    refund = ask(payment)
    provider.fault("refund", "drop", after=True)
    assert services.submit_refund(refund.pk).status == "queued"
    settled = services.submit_refund(refund.pk, now=clock.now() + timedelta(minutes=5))
    assert settled.status == "pending"
    assert settled.provider_refund_id
    assert at_provider(provider, payment) == [125_000]


def test_a_crash_after_the_call_and_before_the_record_makes_no_second_refund(in_uzima, provider, pay, monkeypatch):
    from precta.payments.services import refunding

    payment = pay()
    refund = ask(payment)

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(refunding, "_take_over", killed)
        services.submit_refund(refund.pk)
    refund.refresh_from_db()
    assert refund.status == "queued"
    services.submit_refund(refund.pk)  # at once: the lease of the dead one still runs
    assert provider.faults.calls["refund"] == 1
    services.sweep_refunds(now=clock.now() + timedelta(minutes=5))
    refund.refresh_from_db()
    assert refund.status == "pending"
    assert at_provider(provider, payment) == [125_000]


def test_two_equal_refunds_of_one_payment_are_told_apart(in_uzima, provider, pay):
    payment = pay()
    refunds = [ask(payment, HALF, key) for key in ("a", "b")]
    provider.fault("refund", "drop", after=True)
    for refund in refunds:
        services.submit_refund(refund.pk)
    services.sweep_refunds(now=clock.now() + timedelta(minutes=5))
    assert at_provider(provider, payment) == [125_000, 125_000]
    numbers = set(Refund.objects.values_list("provider_refund_id", flat=True))
    assert len(numbers - {""}) == 2


def test_a_refund_is_recognised_by_its_amount_when_the_note_got_lost(in_uzima, provider, pay):
    payment = pay()
    refund = ask(payment)
    provider.fault("refund", "drop", after=True)
    services.submit_refund(refund.pk)
    provider.store.run("UPDATE refunds SET merchant_note = ''")
    services.sweep_refunds(now=clock.now() + timedelta(minutes=5))
    assert at_provider(provider, payment) == [125_000]


def test_a_payment_is_refunded_when_all_of_it_has_gone_back(in_uzima, provider, pay):
    payment = pay()
    for key in ("a", "b"):
        services.submit_refund(ask(payment, HALF, key).pk)
    assert selectors.refunded_total(payment.subject_id) == payment.amount
    payment.refresh_from_db()
    assert payment.status == "completed"  # on its way, not yet gone
    provider.settle_refunds()
    services.sweep_refunds(now=clock.now() + timedelta(minutes=15))
    payment.refresh_from_db()
    assert payment.status == "refunded"
    assert set(Refund.objects.values_list("status", flat=True)) == {"processed"}
    assert OutboxEvent.objects.filter(kind="refund.processed").count() == 2
    assert AuditLog.objects.filter(action="payment.refunded").count() == 1


def test_a_partly_refunded_payment_stays_completed(in_uzima, provider, pay):
    payment = pay()
    services.submit_refund(ask(payment).pk)
    provider.settle_refunds()
    services.sweep_refunds(now=clock.now() + timedelta(minutes=15))
    payment.refresh_from_db()
    assert payment.status == "completed"
    assert payment.refunds.get().status == "processed"


def test_a_refund_that_the_provider_keeps_refusing_fails_and_staff_learn_of_it(in_uzima, provider, pay):
    payment = pay()
    refund = ask(payment)
    # Given back in full by hand, at the provider's own desk: nothing is left for ours.
    provider.ledger.refund({"transaction": payment.provider_reference, "merchant_note": "by hand"})
    now = clock.now()
    for _attempt in range(MAX_ATTEMPTS + 2):
        services.submit_refund(refund.pk, now=now)
        now += timedelta(hours=12)
    refund.refresh_from_db()
    assert (refund.status, refund.attempts) == ("failed", MAX_ATTEMPTS)
    assert "reversed" in refund.last_error
    assert AuditLog.objects.filter(action="refund.failed").count() == 1
    assert OutboxEvent.objects.filter(kind="refund.failed").count() == 1
    assert selectors.refunded_total(payment.subject_id) == 0


def test_silence_alone_never_fails_a_refund(in_uzima, provider, pay):
    refund = ask(pay())
    provider.fault("refund_list", "500", times=None)
    now = clock.now()
    for _attempt in range(MAX_ATTEMPTS + 2):
        services.submit_refund(refund.pk, now=now)
        now += timedelta(hours=12)
    refund.refresh_from_db()
    assert refund.status == "queued"
    assert "refund" not in provider.faults.calls


@pytest.mark.parametrize(("outcome", "status"), [("failed", "failed"), ("needs-attention", "pending")])
def test_a_refund_that_cannot_be_paid_out_is_shown_to_staff_once(in_uzima, provider, pay, outcome, status):
    provider.control({"refund_outcome": outcome})
    refund = ask(pay())
    services.submit_refund(refund.pk)
    provider.settle_refunds()
    for minutes in (15, 60):
        services.sweep_refunds(now=clock.now() + timedelta(minutes=minutes))
    refund.refresh_from_db()
    assert refund.status == status
    kind = f"refund.{outcome.replace('-', '_')}"
    assert AuditLog.objects.filter(action=kind).count() == OutboxEvent.objects.filter(kind=kind).count() == 1


def test_a_failed_refund_is_sent_again_once_however_often_staff_ask(in_uzima, provider, pay):
    payment = pay()
    refund = ask(payment)
    provider.control({"refund_outcome": "failed"})
    services.submit_refund(refund.pk)
    provider.settle_refunds()
    services.sweep_refunds(now=clock.now() + timedelta(minutes=15))
    refund.refresh_from_db()
    again = services.retry_refund(refund=refund)
    assert services.retry_refund(refund=refund).pk == again.pk
    services.submit_refund(again.pk)
    assert len(at_provider(provider, payment)) == 2
    assert selectors.refunded_total(payment.subject_id) == HALF


def test_cash_goes_back_over_the_desk_and_never_through_the_provider(in_uzima, provider, begin, cast):
    payment = begin(method="cash")
    services.take_cash(payment=payment, taken_by=cast.staff)
    payment.refresh_from_db()
    refund = ask(payment, payment.amount)
    services.submit_refund(refund.pk)
    services.sweep_refunds(now=clock.now() + timedelta(hours=1))
    assert provider.faults.calls == {}
    for _press in range(2):
        services.hand_back_cash(refund=refund, handed_by=cast.staff)
    payment.refresh_from_db()
    assert payment.status == "refunded"
    assert AuditLog.objects.get(action="refund.processed").user_id == cast.staff.pk


def test_money_of_the_provider_is_not_handed_back_in_cash(in_uzima, pay, cast):
    refund = ask(pay())
    with pytest.raises(exceptions.NotRefundable):
        services.hand_back_cash(refund=refund, handed_by=cast.staff)


@pytest.mark.django_db(transaction=True)
def test_eight_workers_with_one_refund_send_it_once(uzima, provider, pay):
    with clinic_context(uzima):
        payment = pay()
        provider.fault("refund_list", "500", times=3)  # the task at commit finds nobody at home
        refund = ask(payment)
        Refund.objects.update(next_attempt_at=clock.now(), status="queued")
    sent_before = provider.faults.calls.get("refund", 0)
    start = threading.Barrier(8)
    errors: list[Exception] = []

    def submit():
        try:
            with clinic_context(uzima):
                start.wait()
                services.submit_refund(refund.pk)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sent_before == 0
    assert at_provider(provider, payment) == [125_000]


@pytest.mark.django_db(transaction=True)
def test_decisions_that_race_never_owe_more_than_was_paid(uzima, provider, pay):
    with clinic_context(uzima):
        payment = pay()
    start = threading.Barrier(6)
    refused: list[str] = []

    def decide(key: str):
        try:
            with clinic_context(uzima):
                start.wait()
                ask(payment, Decimal("1000"), key)
        except exceptions.RefundTooLarge:
            refused.append(key)
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(str(number),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 4
    with clinic_context(uzima):
        assert selectors.refunded_total(payment.subject_id) == Decimal("2000")
    assert sum(at_provider(provider, payment)) == 200_000
