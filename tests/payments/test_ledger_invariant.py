"""I4: what we say of a payment is what the provider says of it."""

import pytest

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
