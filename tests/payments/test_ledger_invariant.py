"""I4: what we say of a payment is what the provider says of it."""

from io import StringIO

import pytest
from django.core.management import call_command

from precta import clock
from precta.payments import services
from precta.payments.invariants import strange_to_the_provider
from precta.payments.models import Payment

pytestmark = pytest.mark.django_db


def test_payments_that_went_the_usual_way_agree_with_the_provider(in_uzima, provider, pay, begin):
    pay()
    begin()
    refused = services.charge_mpesa(payment=begin(), phone="0712345678")
    provider.refuse(refused.provider_reference)
    services.settle_payment(reference=refused.provider_reference)
    refunded = pay()
    refund = services.request_refund(payment=refunded, amount=refunded.amount, reason="x", key="a")
    services.submit_refund(refund.pk)
    provider.settle_refunds()
    services.settle_refunds(payment=refunded)
    assert list(strange_to_the_provider()) == []


@pytest.mark.parametrize("change", [{"amount": "2499.00"}, {"currency": "USD"}, {"status": "failed"}])
def test_a_payment_that_was_changed_behind_our_back_is_named(in_uzima, pay, change):
    payment = pay()
    Payment.objects.update(**change)
    assert [payment.provider_reference in found for found in strange_to_the_provider()] == [True]


def test_a_payment_that_the_provider_never_saw_is_named(in_uzima, provider, pay):
    pay()
    provider.reset()
    assert len(list(strange_to_the_provider())) == 1


def check(*options):
    """What the command says, and how it ends."""
    said, complaints, end = StringIO(), StringIO(), 0
    try:
        call_command("check_invariants", *options, stdout=said, stderr=complaints)
    except SystemExit as stop:
        end = stop.code
    return said.getvalue(), complaints.getvalue(), end


def test_only_a_named_ledger_is_asked(in_uzima, pay, provider):
    reference = pay().provider_reference
    provider.reset()
    said, complaints, end = check("--clinic", "uzima")
    assert (reference in said, complaints, end) == (False, "", 0)
    said, _complaints, end = check("--only", "I4")
    assert (reference in said, end) == (True, 1)


@pytest.mark.parametrize("change", [{"PAYSTACK_SECRET_KEY": ""}, {"PAYSTACK_BASE_URL": "http://127.0.0.1:9"}])
def test_a_provider_that_cannot_be_asked_is_no_all_clear(in_uzima, pay, settings, change):
    pay()
    for name, value in change.items():
        setattr(settings, name, value)
    said, complaints, end = check("--only", "I4")
    assert "I4   not checked" in said
    assert complaints.startswith("I4   not checked: clinic_")
    assert end == 1


def test_what_was_put_aside_waits_for_a_person_and_is_no_news(in_uzima, pay):
    payment = pay()
    Payment.objects.filter(pk=payment.pk).update(status="pending", paid_at=None, put_aside_at=clock.now())
    assert list(strange_to_the_provider()) == []
