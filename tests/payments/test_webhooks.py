"""An event makes us ask; it is believed only when it is signed, and acted on once."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from precta import clock
from precta.audit.models import AuditLog
from precta.ids import new_id
from precta.payments import selectors, services
from precta.payments.models import Payment, ProviderEvent
from precta.tenancy import clinic_context

pytestmark = pytest.mark.django_db


@pytest.fixture
def charged(uzima, provider, begin):
    with clinic_context(uzima):
        payment = begin()
        return services.charge_mpesa(payment=payment, phone="0712345678")


@pytest.fixture
def delivered(tell, django_capture_on_commit_callbacks):
    """`delivered(...)` → the answer, after the work that it queued has been done."""

    def post(*args, **kwargs):
        with django_capture_on_commit_callbacks(execute=True):
            return tell(*args, **kwargs)

    return post


def fresh(uzima, payment) -> Payment:
    with clinic_context(uzima):
        return Payment.objects.get(pk=payment.pk)


def stored(clinic) -> int:
    with clinic_context(clinic):
        return ProviderEvent.objects.count()


def charge_data(payment, **other):
    return {"reference": payment.provider_reference, "status": "success", "amount": 250_000, "currency": "KES", **other}


def test_the_address_is_the_one_that_the_provider_is_told():
    assert reverse("payments:paystack-webhook", "precta.urls.platform") == "/payments/paystack/webhook/"


def test_a_genuine_event_confirms_the_payment(uzima, provider, charged, delivered, heard):
    provider.approve(charged.provider_reference)
    assert delivered(data=charge_data(charged)).status_code == 200
    assert fresh(uzima, charged).status == "completed"
    assert heard == [("completed", charged.pk)]


def test_an_event_that_comes_again_is_stored_and_acted_on_once(uzima, provider, charged, delivered, heard):
    provider.approve(charged.provider_reference)
    for _again in range(3):
        assert delivered(data=charge_data(charged)).status_code == 200
    assert stored(uzima) == 1
    assert heard == [("completed", charged.pk)]


def test_an_event_that_lies_about_the_money_confirms_nothing(uzima, provider, charged, delivered, heard):
    assert delivered(data=charge_data(charged)).status_code == 200
    assert fresh(uzima, charged).status == "pending"
    assert heard == []


def test_a_late_event_still_settles_a_payment_that_was_given_up(uzima, provider, charged, delivered, heard):
    with clinic_context(uzima):
        services.restart_payment(payment=charged, method="card", now=clock.now() + timedelta(minutes=5))
    provider.approve(charged.provider_reference)
    delivered(data=charge_data(charged))
    assert fresh(uzima, charged).status == "completed"
    assert heard == [("completed", charged.pk)]


@pytest.mark.parametrize("forgery", ["other-key", "no-signature", "short", "not-hex", "of-other-body"])
def test_a_forged_event_is_refused_and_leaves_nothing(uzima, provider, charged, delivered, heard, forgery):
    provider.approve(charged.provider_reference)
    wishes = {
        "other-key": {"key": "sk_test_stolen"},
        "no-signature": {"signature": ""},
        "short": {"signature": "abc"},
        "not-hex": {"signature": "é" * 128},
        "of-other-body": {"signature": provider.webhooks.sign(b"{}")},
    }[forgery]
    assert delivered(data=charge_data(charged), **wishes).status_code == 403
    assert fresh(uzima, charged).status == "pending"
    assert stored(uzima) == 0
    assert not AuditLog.objects.filter(resource_type="provider_event").exists()
    assert heard == []


def test_without_a_key_nothing_is_genuine(charged, delivered, settings):
    settings.PAYSTACK_SECRET_KEY = ""
    assert delivered(data=charge_data(charged), key="").status_code == 403


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"{}", b'{"event": 5}', b"[" * 100_000, b"NaN"],
    ids=["empty", "cut", "list", "null", "text", "bytes", "no-event", "odd-event", "deep", "nan"],
)
def test_a_signed_body_that_is_no_event_is_a_bad_request(charged, delivered, body):
    assert delivered(body=body).status_code == 400


@pytest.mark.parametrize(
    "data",
    [None, [], "text", {}, {"reference": 5}, {"reference": ""}, {"reference": "a\x00b"}, {"reference": "\ud800"}],
    ids=str,
)
def test_a_signed_event_of_nobody_is_put_aside(uzima, delivered, data):
    body = json.dumps({"event": "charge.success", "data": data}).encode()
    for _again in range(2):
        assert delivered(body=body).status_code == 200
    assert AuditLog.objects.filter(action="provider_event.unknown").count() == 1
    assert stored(uzima) == 0


def test_an_event_of_an_unknown_payment_of_a_known_clinic_is_put_aside(uzima, delivered):
    assert delivered(data={"reference": f"{uzima.code}-{new_id()}"}).status_code == 200
    assert AuditLog.objects.filter(action="provider_event.unknown").count() == 1
    assert stored(uzima) == 0


def test_an_event_reaches_only_the_clinic_that_its_reference_names(uzima, pwani, provider, charged, delivered, heard):
    provider.approve(charged.provider_reference)
    number = charged.provider_reference.split("-")[1]
    delivered(data={"reference": f"{pwani.code}-{number}"})
    assert (stored(uzima), stored(pwani)) == (0, 0)
    assert fresh(uzima, charged).status == "pending"
    delivered(data=charge_data(charged))
    assert (stored(uzima), stored(pwani)) == (1, 0)


def test_the_money_of_a_suspended_clinic_is_settled_too(uzima, provider, charged, delivered):
    uzima.status = "suspended"
    uzima.save(update_fields=["status"])
    provider.approve(charged.provider_reference)
    delivered(data=charge_data(charged))
    assert fresh(uzima, charged).status == "completed"


def test_what_is_stored_of_an_event_names_no_person(uzima, provider, charged, delivered):
    secret = {"email": "amina@example.test", "phone": "+254712345678", "first_name": "Amina\x00"}
    delivered(data=charge_data(charged, customer=secret, authorization={"authorization_code": "AUTH_1"}, metadata=0))
    with clinic_context(uzima):
        event = ProviderEvent.objects.get()
    assert "amina" not in str(event.payload).lower()
    assert "AUTH_1" not in str(event.payload)
    assert event.payload["data"]["amount"] == 250_000


def test_an_event_stays_until_the_provider_has_answered(uzima, provider, charged, delivered):
    provider.approve(charged.provider_reference)
    provider.fault("verify", "500", times=3)
    assert delivered(data=charge_data(charged)).status_code == 200
    with clinic_context(uzima):
        assert ProviderEvent.objects.get().processed_at is None
        services.reconcile_payments(now=clock.now() + timedelta(minutes=2))
        assert ProviderEvent.objects.get().processed_at is not None
    assert fresh(uzima, charged).status == "completed"


def test_a_refund_event_makes_us_ask_which_refund_it_was(uzima, provider, pay, delivered):
    with clinic_context(uzima):
        payment = pay()
        refunds = [
            services.request_refund(payment=payment, amount=Decimal("1000"), reason="x", key=key) for key in "ab"
        ]
        for refund in refunds:
            services.submit_refund(refund.pk)
        refunds[1].refresh_from_db()
    provider.ledger.process_refund(int(refunds[1].provider_refund_id))
    delivered(
        "refund.processed",
        {"transaction_reference": payment.provider_reference, "amount": "100000", "refund_reference": None},
    )
    with clinic_context(uzima):
        states = {refund.key: refund.status for refund in payment.refunds.all()}
        assert selectors.refunded_total(payment.subject_id) == Decimal("2000")
    assert states == {"a": "pending", "b": "processed"}


def test_a_dispute_leaves_a_row_for_a_person(uzima, charged, delivered):
    delivered("charge.dispute.create", {"transaction": {"reference": charged.provider_reference}})
    with clinic_context(uzima):
        assert AuditLog.objects.filter(action="payment.disputed", resource_id=charged.pk).count() == 1


def test_only_posts_of_a_sensible_size_are_read(at_platform, tell):
    client = at_platform()
    for method in (client.get, client.put, client.delete):
        assert method("/payments/paystack/webhook/").status_code == 405
    assert tell(body=b"x" * 300_000).status_code == 413


def test_the_address_exists_on_the_platform_host_only(at_clinic, uzima):
    assert at_clinic(uzima).post("/payments/paystack/webhook/").status_code == 404
