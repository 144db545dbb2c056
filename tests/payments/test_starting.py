"""One request to the provider for each reference, whatever happens on the way."""

from datetime import timedelta
from decimal import Decimal

import pytest

from precta import clock
from precta.ids import new_id
from precta.payments import exceptions, selectors, services
from precta.payments.models import Payment
from precta.payments.services.starting import payer_email

pytestmark = pytest.mark.django_db
CALLBACK = "http://uzima.precta.localhost/appointments/x/pay/"


def test_a_payment_begins_as_a_row_and_nothing_goes_out(in_uzima, provider, begin):
    payment = begin()
    assert payment.provider_reference.startswith(f"{in_uzima.code}-")
    assert "_" not in payment.provider_reference
    assert (payment.status, payment.charged_at) == ("pending", None)
    assert provider.faults.calls == {}


@pytest.mark.parametrize("amount", ["0", "-5", "10.005", "NaN", "Infinity", "word"])
def test_only_positive_amounts_of_whole_cents_are_asked_for(in_uzima, cast, amount):
    with pytest.raises(exceptions.InvalidAmount):
        services.start_payment(
            payer=cast.patient.user,
            purpose="appointment",
            subject_id=new_id(),
            amount=amount,
            currency="KES",
            method="mpesa",
        )
    assert not Payment.objects.exists()


@pytest.mark.parametrize("typed", ["0712345678", "254712345678", "+254 712 345 678", "0112345678"])
def test_a_phone_may_be_written_in_any_usual_form(in_uzima, provider, begin, typed):
    payment = services.charge_mpesa(payment=begin(), phone=typed)
    assert payment.payer_phone.startswith("+254")
    assert len(payment.payer_phone) == 13
    assert payment.status == "pending"


@pytest.mark.parametrize(
    "typed", ["", "12", "+44 7700 900123", "0202345678", "07123456789", "x" * 5000, "0712\x00345678"]
)
def test_a_number_that_cannot_pay_is_refused_before_anything_goes_out(in_uzima, provider, begin, typed):
    payment = begin()
    with pytest.raises(exceptions.InvalidPhone):
        services.charge_mpesa(payment=payment, phone=typed)
    payment.refresh_from_db()
    assert payment.charged_at is None
    assert provider.faults.calls == {}


@pytest.mark.parametrize(("name", "sent"), [("mpesa", "+254712345678"), ("mpesa_offline", "254712345678")])
def test_the_phone_is_sent_in_the_form_of_the_provider_that_is_set(in_uzima, provider, begin, settings, name, sent):
    settings.PAYSTACK_MPESA_PROVIDER = name
    payment = services.charge_mpesa(payment=begin(), phone="0712345678")
    row = provider.ledger.transaction(payment.provider_reference)
    assert (row["phone"], row["amount"], row["currency"]) == (sent, 250_000, "KES")


def test_a_charge_is_never_sent_twice(in_uzima, provider, begin):
    payment = begin()
    for _press in range(3):
        services.charge_mpesa(payment=Payment.objects.get(pk=payment.pk), phone="0712345678")
    assert provider.faults.calls["charge"] == 1
    assert provider.faults.calls["verify"] == 2


def test_a_charge_whose_answer_was_lost_is_asked_about_and_not_repeated(in_uzima, provider, begin):
    provider.fault("charge", "drop", after=True)
    payment = services.charge_mpesa(payment=begin(), phone="0712345678")
    assert payment.status == "pending"
    provider.approve(payment.provider_reference)
    assert services.charge_mpesa(payment=payment, phone="0712345678").status == "completed"
    assert provider.faults.calls["charge"] == 1


def test_a_reference_that_is_taken_is_verified_before_anything_else(in_uzima, provider, begin):
    payment = begin()
    services.charge_mpesa(payment=payment, phone="0712345678")
    provider.approve(payment.provider_reference)
    # As after a crash between the call and the record of it, had the record come second.
    Payment.objects.update(charged_at=None)
    payment.refresh_from_db()
    assert services.charge_mpesa(payment=payment, phone="0712345678").status == "completed"


def test_a_refused_charge_fails_at_once(in_uzima, provider, begin, settings, heard):
    settings.PAYSTACK_MPESA_PROVIDER = "nobody"
    payment = services.charge_mpesa(payment=begin(), phone="0712345678")
    assert (payment.status, payment.failure_reason) == ("failed", "refused")
    assert payment.next_check_at is None
    assert heard == [("failed", payment.pk)]
    assert services.failure_text(payment)


def test_a_card_page_is_opened_once_and_found_again(in_uzima, provider, begin):
    payment = begin(method="card")
    url = services.open_card_checkout(payment=payment, callback_url=CALLBACK)
    assert url.startswith(provider.url)
    assert services.open_card_checkout(payment=Payment.objects.get(pk=payment.pk), callback_url=CALLBACK) == url
    assert provider.faults.calls == {"initialize": 1}


def test_a_paid_card_payment_opens_no_page(in_uzima, provider, begin):
    payment = begin(method="card")
    services.open_card_checkout(payment=payment, callback_url=CALLBACK)
    provider.approve(payment.provider_reference)
    services.settle_payment(reference=payment.provider_reference)
    with pytest.raises(exceptions.PaymentClosed):
        services.open_card_checkout(payment=payment, callback_url=CALLBACK)


def test_a_card_page_whose_address_was_lost_is_replaced(in_uzima, provider, begin):
    provider.fault("initialize", "drop", after=True)
    payment = begin(method="card")
    for _press in range(2):
        with pytest.raises(exceptions.ProviderUnavailable):
            services.open_card_checkout(payment=payment, callback_url=CALLBACK)
    again = services.restart_payment(payment=payment, method="card")
    assert again.pk != payment.pk
    assert services.open_card_checkout(payment=again, callback_url=CALLBACK).startswith("http")
    payment.refresh_from_db()
    assert (payment.status, payment.failure_reason) == ("failed", "replaced")


def test_before_anything_went_out_another_method_is_the_same_payment(in_uzima, provider, begin):
    payment = begin(method="mpesa")
    other = services.restart_payment(payment=payment, method="card")
    assert (other.pk, other.method) == (payment.pk, "card")
    assert Payment.objects.count() == 1


def test_while_the_prompt_is_open_asking_again_sends_nothing(in_uzima, provider, begin):
    payment = services.charge_mpesa(payment=begin(), phone="0712345678")
    again = services.restart_payment(payment=payment, method="mpesa")
    assert again.pk == payment.pk
    assert services.charge_mpesa(payment=again, phone="0712345678").pk == payment.pk
    assert provider.faults.calls["charge"] == 1


def test_asking_again_after_a_silence_is_a_new_reference(in_uzima, provider, begin, heard):
    payment = services.charge_mpesa(payment=begin(), phone="0712345678")
    later = clock.now() + timedelta(seconds=91)
    again = services.restart_payment(payment=payment, method="mpesa", now=later)
    assert again.provider_reference != payment.provider_reference
    assert (again.status, again.charged_at, again.amount) == ("pending", None, payment.amount)
    assert again.subject_id == payment.subject_id
    payment.refresh_from_db()
    assert (payment.status, payment.failure_reason) == ("failed", "replaced")
    assert heard == []  # the payer's own wish is no news


def test_pressing_again_twice_makes_one_new_payment(in_uzima, provider, begin):
    payment = services.charge_mpesa(payment=begin(), phone="0712345678")
    later = clock.now() + timedelta(seconds=91)
    first = services.restart_payment(payment=payment, method="card", now=later)
    second = services.restart_payment(payment=payment, method="card", now=later)
    assert first.pk == second.pk
    assert Payment.objects.count() == 2


def test_asking_again_for_what_is_paid_shows_the_payment(in_uzima, provider, begin):
    payment = services.charge_mpesa(payment=begin(), phone="0712345678")
    provider.approve(payment.provider_reference)
    again = services.restart_payment(payment=payment, method="card")
    assert (again.pk, again.status) == (payment.pk, "completed")


def test_asking_again_waits_while_the_provider_is_silent(in_uzima, provider, begin):
    payment = services.charge_mpesa(payment=begin(), phone="0712345678")
    provider.fault("verify", "500", times=None)
    with pytest.raises(exceptions.ProviderUnavailable):
        services.restart_payment(payment=payment, method="card")
    assert Payment.objects.count() == 1


def test_of_a_replaced_payment_and_its_successor_one_stays_paid(in_uzima, provider, begin, heard):
    old = services.charge_mpesa(payment=begin(), phone="0712345678")
    new = services.restart_payment(payment=old, method="card")
    services.open_card_checkout(payment=new, callback_url=CALLBACK)
    provider.approve(new.provider_reference)
    provider.approve(old.provider_reference)
    services.settle_payment(reference=new.provider_reference)
    # No webhook tells of the old one: the reconciler finds it, for it is still watched.
    services.reconcile_payments(now=clock.now() + timedelta(minutes=5))
    old.refresh_from_db()
    assert heard == [("completed", new.pk)]
    assert old.duplicate_of_id == new.pk
    assert old.refunds.get().amount == Decimal("2500.00")
    assert selectors.paid_total(new.subject_id) == Decimal("2500.00")


def test_a_payer_without_an_address_of_their_own_gets_a_technical_one(cast):
    assert payer_email(cast.patient.user) == "amina@example.test"
    user = cast.other_patient.user
    user.email = f"{user.pk}@no-mail.invalid"
    assert payer_email(user) == f"payer-{user.pk}@precta.localhost"


def test_what_is_moved_to_another_subject_counts_there(in_uzima, pay):
    payment = pay()
    services.request_refund(payment=payment, amount=Decimal("500"), reason="x", key="a")
    services.move_payments(from_subject=payment.subject_id, to_subject="other")
    assert selectors.paid_total(payment.subject_id) == 0
    assert (selectors.paid_total("other"), selectors.refunded_total("other")) == (Decimal("2500"), Decimal("500"))
    assert payment.refunds.get().subject_id == "other"
