"""A provider to pay at: the stand-in, spoken to over HTTP by the real client."""

import hashlib
import hmac
import json
from decimal import Decimal

import pytest

from precta.devstack.paystack import PaystackStandIn
from precta.ids import new_id
from precta.payments import services
from precta.payments.models import Payment

KEY = "sk_test_of_these_tests"
CALLBACK = "http://uzima.precta.localhost/appointments/x/pay/"


@pytest.fixture
def provider(settings):
    with PaystackStandIn(secret_key=KEY) as standin:
        standin.control({"refund_delay": 3600})
        settings.PAYSTACK_BASE_URL = standin.url
        settings.PAYSTACK_SECRET_KEY = KEY
        settings.PAYSTACK_DOMAIN = "test"
        yield standin


@pytest.fixture
def begin(cast):
    """`begin(...)` → a pending payment of the patient in the active schema; nothing has gone out for it."""

    def make(amount="2500.00", method="mpesa", subject_id="", payer=None) -> Payment:
        return services.start_payment(
            payer=payer or cast.patient.user,
            purpose="appointment",
            subject_id=subject_id or new_id(),
            amount=Decimal(amount),
            currency="KES",
            method=method,
        )

    return make


@pytest.fixture
def pay(provider, begin):
    """`pay(...)` → a completed payment."""

    def make(**wishes) -> Payment:
        payment = begin(**wishes)
        services.charge_mpesa(payment=payment, phone="0712345678")
        provider.approve(payment.provider_reference)
        return services.settle_payment(reference=payment.provider_reference)

    return make


@pytest.fixture
def heard():
    """What the apps above are told: a list of (news, payment id)."""
    from precta.payments.signals import payment_completed, payment_failed

    news: list[tuple[str, str]] = []

    def on_completed(sender, *, payment, **kwargs):
        news.append(("completed", payment.pk))

    def on_failed(sender, *, payment, **kwargs):
        news.append(("failed", payment.pk))

    payment_completed.connect(on_completed)
    payment_failed.connect(on_failed)
    yield news
    payment_completed.disconnect(on_completed)
    payment_failed.disconnect(on_failed)


@pytest.fixture
def tell(at_platform, settings):
    """`tell(kind, data)` → the webhook's answer; `key` forges, `body` and `signature` replace what is sent."""
    settings.PAYSTACK_SECRET_KEY = KEY

    def post(kind="charge.success", data=None, *, key=KEY, body=None, signature=None):
        raw = body if body is not None else json.dumps({"event": kind, "data": data or {}}).encode()
        sign = signature if signature is not None else hmac.new(key.encode(), raw, hashlib.sha512).hexdigest()
        return at_platform().post(
            "/payments/paystack/webhook/",
            data=raw,
            content_type="application/json",
            headers={"x-paystack-signature": sign},
        )

    return post
