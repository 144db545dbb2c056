"""A payment is settled by asking the provider, and acts once."""

import threading
import time
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from precta import clock
from precta.audit.models import AuditLog
from precta.ids import new_id
from precta.outbox.models import OutboxEvent
from precta.payments import selectors, services
from precta.payments.exceptions import ProviderUnavailable
from precta.payments.models import Payment, Refund
from precta.payments.services import reconciling
from precta.tenancy import clinic_context

pytestmark = pytest.mark.django_db


def audit(action: str) -> int:
    return AuditLog.objects.filter(action=action).count()


def events(kind: str) -> int:
    return OutboxEvent.objects.filter(kind=kind).count()


def test_a_payment_that_the_customer_approved_is_completed_once(in_uzima, provider, begin, heard):
    payment = begin()
    services.charge_mpesa(payment=payment, phone="0712 345 678")
    provider.approve(payment.provider_reference)
    for _repeat in range(3):
        settled = services.settle_payment(reference=payment.provider_reference)
    assert settled.status == "completed"
    assert settled.paid_at is not None
    assert heard == [("completed", payment.pk)]
    assert audit("payment.completed") == events("payment.completed") == 1


def test_an_answer_that_says_only_that_the_call_was_understood_is_not_a_payment(in_uzima, provider, begin, heard):
    payment = begin()
    services.charge_mpesa(payment=payment, phone="0712345678")
    settled = services.settle_payment(reference=payment.provider_reference)
    assert settled.status == "pending"
    assert settled.next_check_at > clock.now()
    assert heard == []


def test_what_we_keep_of_the_answer_names_no_person_and_no_authorization(in_uzima, pay):
    payment = pay()
    kept = str(payment.provider_response)
    assert payment.provider_response["status"] == "success"
    for secret in ("authorization", "AUTH_", "amina@example.test", "712345678", "customer", "last4"):
        assert secret not in kept


@pytest.mark.parametrize("message", [("Insufficient funds", "insufficient_funds"), ("Declined", "declined")])
def test_a_refused_payment_fails_once_with_a_reason(in_uzima, provider, begin, heard, message):
    payment = begin()
    services.charge_mpesa(payment=payment, phone="0712345678")
    provider.ledger.refuse(payment.provider_reference, message[0])
    for _repeat in range(2):
        settled = services.settle_payment(reference=payment.provider_reference)
    assert (settled.status, settled.failure_reason) == ("failed", message[1])
    assert heard == [("failed", payment.pk)]
    assert audit("payment.failed") == events("payment.failed") == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("amount", 249_900), ("amount", 250_001), ("currency", "NGN"), ("reference", "somebody-elses")],
)
def test_money_that_differs_from_what_was_asked_is_put_aside(in_uzima, provider, begin, heard, column, value):
    payment = begin()
    services.charge_mpesa(payment=payment, phone="0712345678")
    provider.approve(payment.provider_reference)
    answer = services.starting.ask_provider(payment)
    from dataclasses import replace

    from precta.payments.services.settling import record_answer

    for _repeat in range(2):
        settled = record_answer(payment_id=payment.pk, answer=replace(answer, **{column: value}), now=clock.now())
    assert settled.status == "pending"
    assert settled.put_aside_at is not None
    assert settled.next_check_at is None
    assert heard == []
    row = AuditLog.objects.get(action="payment.mismatch")
    assert row.details[column]["got"] == value


def test_test_money_is_not_money(in_uzima, provider, begin, settings, heard):
    settings.PAYSTACK_DOMAIN = "live"
    payment = begin()
    services.charge_mpesa(payment=payment, phone="0712345678")
    provider.approve(payment.provider_reference)
    settled = services.settle_payment(reference=payment.provider_reference)
    assert settled.status == "pending"
    assert AuditLog.objects.get(action="payment.mismatch").details["domain"]["got"] == "test"
    assert heard == []


def test_a_failed_payment_that_succeeds_after_all_is_completed(in_uzima, provider, begin, heard):
    payment = begin(method="card")
    services.open_card_checkout(payment=payment, callback_url="http://uzima.precta.localhost/x/")
    provider.refuse(payment.provider_reference)
    assert services.settle_payment(reference=payment.provider_reference).status == "failed"
    provider.store.run("UPDATE transactions SET status = 'abandoned'")
    provider.approve(payment.provider_reference)
    assert services.settle_payment(reference=payment.provider_reference).status == "completed"
    assert heard == [("failed", payment.pk), ("completed", payment.pk)]


def test_a_reference_that_never_reached_the_provider_fails_after_a_minute(in_uzima, provider, begin):
    provider.fault("charge", "drop")
    payment = begin()
    services.charge_mpesa(payment=payment, phone="0712345678")
    assert services.settle_payment(reference=payment.provider_reference).status == "pending"
    later = clock.now() + timedelta(seconds=61)
    settled = services.settle_payment(reference=payment.provider_reference, now=later)
    assert (settled.status, settled.failure_reason) == ("failed", "unreached")


def test_a_page_that_was_left_fails_after_an_hour_and_is_watched_still(in_uzima, provider, begin):
    payment = begin(method="card")
    services.open_card_checkout(payment=payment, callback_url="http://uzima.precta.localhost/x/")
    soon = clock.now() + timedelta(minutes=59)
    assert services.settle_payment(reference=payment.provider_reference, now=soon).status == "pending"
    later = clock.now() + timedelta(minutes=61)
    settled = services.settle_payment(reference=payment.provider_reference, now=later)
    assert (settled.status, settled.failure_reason) == ("failed", "abandoned")
    assert settled.next_check_at is not None


def test_a_second_success_for_one_subject_goes_back_by_itself(in_uzima, provider, begin, heard):
    subject = new_id()
    first, second = begin(subject_id=subject), begin(subject_id=subject)
    for payment in (first, second):
        services.charge_mpesa(payment=payment, phone="0712345678")
        provider.approve(payment.provider_reference)
    for payment in (first, second, first, second):
        services.settle_payment(reference=payment.provider_reference)
    second.refresh_from_db()
    assert heard == [("completed", first.pk)]
    assert second.status == "completed"
    assert second.duplicate_of_id == first.pk
    refund = second.refunds.get()
    assert refund.amount == second.amount
    assert selectors.paid_total(subject) == Decimal("2500.00")
    assert selectors.refunded_total(subject) == 0
    assert {row.pk for row in selectors.payments_for(subject)} == {first.pk, second.pk}
    assert audit("payment.duplicate") == 1


def test_a_failure_beside_a_success_is_no_news(in_uzima, provider, begin, heard):
    subject = new_id()
    first, second = begin(subject_id=subject), begin(subject_id=subject)
    for payment in (first, second):
        services.charge_mpesa(payment=payment, phone="0712345678")
    provider.approve(first.provider_reference)
    provider.refuse(second.provider_reference)
    services.settle_payment(reference=first.provider_reference)
    services.settle_payment(reference=second.provider_reference)
    assert heard == [("completed", first.pk)]
    assert events("payment.failed") == 0


def test_a_receiver_that_fails_leaves_the_payment_to_the_reconciler(in_uzima, provider, begin, heard):
    from precta.payments.signals import payment_completed

    payment = begin()
    services.charge_mpesa(payment=payment, phone="0712345678")
    provider.approve(payment.provider_reference)

    def broken(sender, **kwargs):
        raise RuntimeError("the app above is ill")

    payment_completed.connect(broken)
    with pytest.raises(RuntimeError):
        services.settle_payment(reference=payment.provider_reference)
    payment.refresh_from_db()
    assert payment.status == "pending"
    assert audit("payment.completed") == 0
    payment_completed.disconnect(broken)
    reconciling.reconcile_payments(now=clock.now() + timedelta(minutes=1))
    payment.refresh_from_db()
    assert payment.status == "completed"


def test_a_cash_payment_is_completed_at_the_desk_and_once(in_uzima, begin, heard, cast):
    payment = begin(method="cash")
    services.take_cash(payment=payment, taken_by=cast.staff)
    with pytest.raises(services.settling.PaymentClosed):
        services.take_cash(payment=payment, taken_by=cast.staff)
    assert heard == [("completed", payment.pk)]
    assert AuditLog.objects.get(action="payment.completed").user_id == cast.staff.pk


@pytest.mark.django_db(transaction=True)
def test_eight_that_settle_at_once_act_once(uzima, provider, begin, heard):
    with clinic_context(uzima):
        payment = begin()
        services.charge_mpesa(payment=payment, phone="0712345678")
        provider.approve(payment.provider_reference)
    start = threading.Barrier(8)
    outcomes: list[str] = []

    def settle():
        try:
            with clinic_context(uzima):
                start.wait()
                outcomes.append(services.settle_payment(reference=payment.provider_reference).status)
        except Exception as error:
            outcomes.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=settle) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["completed"] * 8
    assert heard == [("completed", payment.pk)]
    with clinic_context(uzima):
        assert audit("payment.completed") == events("payment.completed") == 1


@pytest.mark.django_db(transaction=True)
def test_two_successes_settled_at_the_same_moment_leave_one(uzima, provider, begin, heard):
    subject = new_id()
    with clinic_context(uzima):
        both = [begin(subject_id=subject) for _ in range(2)]
        for payment in both:
            services.charge_mpesa(payment=payment, phone="0712345678")
            provider.approve(payment.provider_reference)
    start = threading.Barrier(2)
    errors: list[Exception] = []

    def settle(payment: Payment):
        try:
            with clinic_context(uzima):
                start.wait()
                services.settle_payment(reference=payment.provider_reference)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=settle, args=(payment,)) for payment in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(heard) == 1
    with clinic_context(uzima):
        assert Payment.objects.filter(status="completed").count() == 2
        assert selectors.paid_total(subject) == Decimal("2500.00")
        assert Payment.objects.get(duplicate_of__isnull=False).refunds.count() == 1


def test_no_question_is_asked_inside_a_transaction(in_uzima, provider, begin):
    from django.db import transaction

    payment = begin()
    for work in (
        lambda: services.settle_payment(reference=payment.provider_reference),
        lambda: services.charge_mpesa(payment=payment, phone="0712345678"),
        lambda: services.open_card_checkout(payment=payment, callback_url="http://x/"),
        lambda: services.restart_payment(payment=payment, method="card"),
    ):
        with transaction.atomic(), pytest.raises(RuntimeError):
            work()
    assert provider.faults.calls == {}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("operation", ["verify", "charge", "initialize", "refund"])
def test_while_the_provider_hangs_no_transaction_is_open(uzima, provider, begin, pay, operation):
    with clinic_context(uzima):
        payment = pay() if operation == "refund" else begin(method="card" if operation == "initialize" else "mpesa")
        if operation == "verify":
            services.charge_mpesa(payment=payment, phone="0712345678")
        if operation == "refund":
            provider.fault("refund_list", "500", times=3)  # the task at commit finds nobody at home
            refund = services.request_refund(payment=payment, amount=Decimal("1"), reason="x", key="a")
            Refund.objects.update(next_attempt_at=clock.now())
    provider.fault(operation, "hang", times=None, seconds=3)
    calls = {
        "verify": lambda: services.settle_payment(reference=payment.provider_reference, budget=2),
        "charge": lambda: services.charge_mpesa(payment=payment, phone="0712345678"),
        "initialize": lambda: services.open_card_checkout(payment=payment, callback_url="http://x.test/"),
        "refund": lambda: services.submit_refund(refund.pk),
    }

    def call():
        try:
            with clinic_context(uzima), suppress(ProviderUnavailable):
                calls[operation]()
        finally:
            connection.close()

    before = provider.faults.calls.get(operation, 0)
    thread = threading.Thread(target=call)
    thread.start()
    while provider.faults.calls.get(operation, 0) == before and thread.is_alive():
        time.sleep(0.02)
    time.sleep(0.2)
    assert thread.is_alive()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
            " AND backend_type = 'client backend'"
        )
        assert cursor.fetchone() == (0,)
    thread.join()


def test_a_crash_between_the_answer_and_the_commit_is_made_good_later(in_uzima, provider, begin, heard, monkeypatch):
    from precta.payments.services import settling

    payment = begin()
    services.charge_mpesa(payment=payment, phone="0712345678")
    provider.approve(payment.provider_reference)

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(settling, "emit", killed)  # late in the transaction: everything before is undone
        services.settle_payment(reference=payment.provider_reference)
    payment.refresh_from_db()
    assert payment.status == "pending"
    assert audit("payment.completed") == 0
    services.reconcile_payments(now=clock.now() + timedelta(minutes=1))
    payment.refresh_from_db()
    assert payment.status == "completed"
    assert heard == [("completed", payment.pk)]
