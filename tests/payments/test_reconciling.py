"""With every webhook lost, money is still found; one clinic, or one silence, never keeps the others waiting."""

from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from precta import clock
from precta.audit.models import AuditLog
from precta.payments import services, tasks
from precta.payments.exceptions import ProviderUnavailable
from precta.payments.models import Payment, PaymentStatus
from precta.payments.services.refunding import LEASE
from precta.tenancy import clinic_context

pytestmark = pytest.mark.django_db


def test_with_all_webhooks_lost_the_reconciler_confirms_within_five_minutes(in_uzima, provider, begin, heard):
    # A patient may pay at any moment after being asked; the beat comes each minute.
    began = clock.now()
    for paid_after in (1, 20, 50):
        payment = services.charge_mpesa(payment=begin(), phone="0712345678", now=began)
        now, paid_at = began, began + timedelta(minutes=paid_after)
        while now < paid_at:
            services.reconcile_payments(now=now)
            now += timedelta(minutes=1)
        provider.approve(payment.provider_reference)
        while now <= paid_at + timedelta(minutes=5):
            services.reconcile_payments(now=now)
            now += timedelta(minutes=1)
        payment.refresh_from_db()
        assert payment.status == "completed", paid_after
    assert len(heard) == 3


def test_what_is_not_due_is_not_asked_about(in_uzima, provider, begin):
    services.charge_mpesa(payment=begin(), phone="0712345678")
    begin()  # nothing went out
    begin(method="cash")
    assert services.reconcile_payments().payments == 0
    assert "verify" not in provider.faults.calls


def test_two_beats_at_once_ask_once(in_uzima, provider, begin):
    services.charge_mpesa(payment=begin(), phone="0712345678")
    now = clock.now() + timedelta(minutes=10)
    services.reconcile_payments(now=now)
    services.reconcile_payments(now=now)
    assert provider.faults.calls["verify"] == 1


def test_a_payment_that_never_went_out_is_closed_without_a_question(in_uzima, provider, begin, heard):
    payment = begin()
    services.reconcile_payments(now=clock.now() + timedelta(hours=2))
    payment.refresh_from_db()
    assert (payment.status, payment.failure_reason) == (PaymentStatus.FAILED, "not_started")
    assert AuditLog.objects.filter(action="payment.failed", resource_id=payment.pk).count() == 1
    assert provider.faults.calls == {}
    assert heard == []


def test_a_silent_provider_is_left_alone_after_three_questions(in_uzima, provider, begin):
    for _payment in range(5):
        services.charge_mpesa(payment=begin(), phone="0712345678")
    provider.fault("verify", "500", times=None)
    services.reconcile_payments(now=clock.now() + timedelta(minutes=10))
    assert provider.faults.calls["verify"] == 9  # three questions of three tries each


def test_one_payment_in_trouble_does_not_keep_the_others_waiting(in_uzima, provider, begin):
    from precta.payments.signals import payment_completed

    payments = [services.charge_mpesa(payment=begin(), phone="0712345678") for _ in range(3)]
    for payment in payments:
        provider.approve(payment.provider_reference)

    def broken(sender, *, payment, **kwargs):
        if payment.pk == payments[0].pk:
            raise RuntimeError

    payment_completed.connect(broken)
    services.reconcile_payments(now=clock.now() + timedelta(minutes=10))
    payment_completed.disconnect(broken)
    assert Payment.objects.filter(status="completed").count() == 2


def test_a_payment_is_watched_for_three_days_and_then_only_webhooks_wake_it(in_uzima, provider, begin):
    payment = services.charge_mpesa(payment=begin(), phone="0712345678")
    services.restart_payment(payment=payment, method="card", now=clock.now() + timedelta(minutes=5))
    services.settle_payment(reference=payment.provider_reference, now=clock.now() + timedelta(hours=71))
    payment.refresh_from_db()
    assert payment.next_check_at is not None
    services.settle_payment(reference=payment.provider_reference, now=clock.now() + timedelta(hours=73))
    payment.refresh_from_db()
    assert payment.next_check_at is None


def test_the_beat_serves_every_clinic_the_suspended_ones_too(uzima, pwani, provider, begin):
    payments = {}
    for clinic in (uzima, pwani):
        with clinic_context(clinic):
            payments[clinic] = services.charge_mpesa(
                payment=begin(), phone="0712345678", now=clock.now() - timedelta(minutes=1)
            )
        provider.approve(payments[clinic].provider_reference)
    pwani.status = "suspended"
    pwani.save(update_fields=["status"])
    tasks.reconcile_all()
    tasks.sweep_refunds_all()
    for clinic, payment in payments.items():
        with clinic_context(clinic):
            payment.refresh_from_db()
        assert payment.status == "completed"


def test_a_refund_whose_task_was_lost_is_sent_by_the_sweep(in_uzima, provider, pay):
    payment = pay()
    services.request_refund(payment=payment, amount=Decimal("100"), reason="x", key="a")  # its commit never runs here
    assert services.sweep_refunds() == 1
    assert [refund["amount"] for refund in provider.refunds(payment.provider_reference)] == [10_000]


def test_the_command_serves_one_clinic_or_all(uzima, pwani, provider, begin):
    with clinic_context(uzima):
        payment = services.charge_mpesa(payment=begin(), phone="0712345678", now=clock.now() - timedelta(minutes=1))
    provider.approve(payment.provider_reference)
    out = StringIO()
    call_command("reconcile_payments", clinic="pwani", stdout=out)
    assert out.getvalue().startswith("pwani: ")
    call_command("reconcile_payments", stdout=out)
    assert "uzima: events 0, payments 1, completed 1" in out.getvalue()
    with pytest.raises(CommandError):
        call_command("reconcile_payments", clinic="nowhere")


def test_after_an_outage_the_command_asks_about_what_is_not_due_for_hours_or_at_all(in_uzima, provider, begin):
    payments = [services.charge_mpesa(payment=begin(), phone="0712345678") for _ in range(2)]
    Payment.objects.filter(pk=payments[0].pk).update(next_check_at=clock.now() + timedelta(hours=6))
    Payment.objects.filter(pk=payments[1].pk).update(next_check_at=None)  # the provider was away for three days
    for payment in payments:
        provider.approve(payment.provider_reference)
    assert services.reconcile_payments().payments == 0
    call_command("reconcile_payments", clinic="uzima", stdout=StringIO())
    assert Payment.objects.filter(status="completed").count() == 2


def test_a_provider_that_does_not_answer_the_command_is_no_success(in_uzima, provider, begin):
    services.charge_mpesa(payment=begin(), phone="0712345678")
    provider.fault("verify", "500", times=None)
    out = StringIO()
    with pytest.raises(CommandError, match="unanswered: 1"):
        call_command("reconcile_payments", stdout=out)
    assert "uzima: " in out.getvalue() and "pwani: " in out.getvalue()


def test_the_waiting_page_asks_seldom_however_often_it_polls(in_uzima, provider, begin):
    payment = services.charge_mpesa(payment=begin(), phone="0712345678")
    states = [services.payment_state(Payment.objects.get(pk=payment.pk)) for _poll in range(5)]
    assert provider.faults.calls["verify"] == 1
    assert {state.status for state in states} == {"pending"}
    assert 0 < states[0].seconds_left <= 90
    assert not states[0].can_ask_again
    late = services.payment_state(payment, now=clock.now() + timedelta(minutes=2))
    assert (late.seconds_left, late.can_ask_again) == (0, True)


def test_the_waiting_page_learns_of_the_money_and_of_a_refusal(in_uzima, provider, begin):
    paid = services.charge_mpesa(payment=begin(), phone="0712345678")
    refused = services.charge_mpesa(payment=begin(), phone="0712345678")
    provider.approve(paid.provider_reference)
    provider.refuse(refused.provider_reference)
    assert services.payment_state(paid).status == "completed"
    state = services.payment_state(refused)
    assert (state.status, state.can_ask_again) == ("failed", True)
    assert state.message == services.failure_text(Payment.objects.get(pk=refused.pk))


def test_in_a_long_run_each_refund_is_leased_from_its_own_moment(in_uzima, pay, monkeypatch):
    """Else a slow provider lets the next run send the same money again."""
    for payment in (pay(), pay(), pay()):
        services.request_refund(payment=payment, amount=Decimal("1250.00"), reason="cancelled", key="k")
    began = clock.now() + timedelta(minutes=1)
    left = []
    monkeypatch.setattr("precta.clock.now", lambda: began + timedelta(seconds=100 * len(left)))

    def be_slow(payment):
        left.append(payment.refunds.get().next_attempt_at - clock.now())
        raise ProviderUnavailable

    monkeypatch.setattr("precta.payments.services.refunding._provider_refunds", be_slow)
    services.sweep_refunds()
    assert left == [LEASE] * 3
