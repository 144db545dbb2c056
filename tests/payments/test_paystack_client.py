"""The client believes little and waits little."""

import json
import socket
import threading
import time
from datetime import UTC, datetime

import httpx
import pytest
import respx

from precta.payments.exceptions import DuplicateReference, ProviderRefused, ProviderUnavailable, UnknownTransaction
from precta.payments.providers.paystack import Paystack
from precta.payments.scrub import clean_text, transaction_facts

BASE = "https://paystack.test"
GOOD = {
    "id": 4_099_260_516,
    "domain": "live",
    "status": "success",
    "reference": "abc-1",
    "amount": 250_000,
    "currency": "KES",
    "paid_at": "2026-11-22T10:00:00.000Z",
    "metadata": "",
}


@pytest.fixture
def paystack(settings):
    settings.PAYSTACK_BASE_URL = BASE
    settings.PAYSTACK_SECRET_KEY = "sk_test_x"
    return Paystack()


@pytest.fixture
def wire():
    with respx.mock(base_url=BASE, assert_all_called=False) as router:
        yield router


def verified(wire, **changes):
    wire.get("/transaction/verify/abc-1").respond(200, json={"status": True, "message": "ok", "data": GOOD | changes})
    return Paystack().verify("abc-1")


def test_amounts_come_as_numbers_and_as_texts(paystack, wire):
    for amount, read in ((250_000, 250_000), ("250000", 250_000), (250_000.0, 250_000), (2.5, None), ("x", None)):
        assert verified(wire, amount=amount).amount == read
    for nothing in (None, True, [], {}, "", "-5", "9" * 400):
        assert verified(wire, amount=nothing).amount is None


@pytest.mark.parametrize("metadata", ["", 0, None, [], {"a": 1}, "text"])
def test_metadata_may_be_anything(paystack, wire, metadata):
    assert verified(wire, metadata=metadata).status == "success"


def test_odd_fields_become_empty_ones(paystack, wire):
    answer = verified(wire, status=5, currency=None, domain=[], reference={}, paid_at="31 February")
    assert (answer.status, answer.currency, answer.domain, answer.reference, answer.paid_at) == ("5", "", "", "", None)


def test_the_time_of_payment_is_read_as_utc(paystack, wire):
    assert verified(wire).paid_at == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert verified(wire, paid_at="2026-11-22T10:00:00").paid_at == datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>resting</html>"),
        (200, b""),
        (200, b"[]"),
        (200, b'{"status": true, "data": []}'),
        (200, b'{"status": true}'),
        (302, b"{}"),
        (401, b'{"status": false, "message": "Invalid key"}'),
        (404, b"<html>Not Found</html>"),
        (429, b'{"status": false, "message": "slow down"}'),
        (500, b'{"status": false, "message": "oops"}'),
        (503, b""),
        (200, b"[" * 100_000),
        (200, b'"' + b"x" * 2_000_000 + b'"'),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_answer_that_says_nothing_of_the_payment_is_no_answer(paystack, wire, status, body):
    wire.get("/transaction/verify/abc-1").respond(status, content=body)
    with pytest.raises(ProviderUnavailable):
        paystack.verify("abc-1")


def test_questions_are_repeated_and_orders_are_not(paystack, wire):
    question = wire.get("/transaction/verify/abc-1").respond(500)
    order = wire.post("/charge").mock(side_effect=httpx.ReadTimeout)
    with pytest.raises(ProviderUnavailable):
        paystack.verify("abc-1")
    with pytest.raises(ProviderUnavailable):
        paystack.charge_mpesa(reference="abc-1", email="a@b.ke", amount=1, currency="KES", phone="+254712345678")
    assert (question.call_count, order.call_count) == (3, 1)


def test_a_second_try_may_find_the_answer(paystack, wire):
    good = httpx.Response(200, json={"status": True, "data": GOOD})
    wire.get("/transaction/verify/abc-1").mock(side_effect=[httpx.ConnectError("x"), good])
    assert paystack.verify("abc-1").status == "success"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"message": "Duplicate Transaction Reference", "code": "duplicate_reference"}, DuplicateReference),
        ({"message": "Duplicate Transaction Reference"}, DuplicateReference),
        ({"message": "Transaction reference not found.", "code": "transaction_not_found"}, UnknownTransaction),
        ({"message": "Invalid phone number", "code": "invalid_params"}, ProviderRefused),
        ({"message": None}, ProviderRefused),
    ],
)
def test_a_refusal_says_what_was_wrong(paystack, wire, body, error):
    wire.post("/charge").respond(400, json={"status": False, **body})
    with pytest.raises(error) as caught:
        paystack.charge_mpesa(reference="abc-1", email="a@b.ke", amount=1, currency="KES", phone="+254712345678")
    assert type(caught.value) is error


def test_a_refusal_may_come_with_http_success(paystack, wire):
    wire.post("/charge").respond(200, json={"status": False, "message": "Declined"})
    with pytest.raises(ProviderRefused):
        paystack.charge_mpesa(reference="abc-1", email="a@b.ke", amount=1, currency="KES", phone="+254712345678")


@pytest.mark.parametrize(
    "url", [None, "", 5, "javascript:alert(1)", "/checkout", "http://plain.test", "https://x" * 99]
)
def test_nobody_is_sent_to_an_address_that_is_none(paystack, wire, settings, url):
    settings.PAYSTACK_DOMAIN = "live"
    wire.post("/transaction/initialize").respond(200, json={"status": True, "data": {"authorization_url": url}})
    with pytest.raises(ProviderUnavailable):
        paystack.open_checkout(reference="a", email="a@b.ke", amount=1, currency="KES", callback_url="https://x/")


def test_refunds_of_other_transactions_are_left_out(paystack, wire):
    rows = [
        {"id": 1, "transaction": 7, "amount": "100", "status": "processed", "merchant_note": "a"},
        {"id": 2, "transaction": {"id": 7}, "amount": 100, "status": "Pending"},
        {"id": 3, "transaction": 8, "amount": 100, "status": "processed"},
        "nonsense",
    ]
    wire.get("/refund").respond(200, json={"status": True, "data": rows})
    found = paystack.refunds_of(transaction_id="7")
    assert [(refund.id, refund.amount, refund.status) for refund in found] == [
        ("1", 100, "processed"),
        ("2", 100, "pending"),
    ]


def test_without_a_key_nothing_is_sent(settings, wire):
    settings.PAYSTACK_SECRET_KEY = ""
    with pytest.raises(ProviderUnavailable):
        Paystack().verify("abc-1")
    assert not wire.calls


def test_what_is_kept_is_short_clean_and_known():
    kept = transaction_facts(
        {
            "id": 1,
            "message": "call +254 712 345 678\x00 or a@b.ke\ud800 " + "x" * 500,
            "authorization": {"a": 1},
            "fees": 1.5,
        }
    )
    assert set(kept) == {"id", "message", "fees"}
    assert len(kept["message"]) == 200
    assert "712" not in kept["message"]
    assert "@" not in kept["message"]
    json.dumps(kept).encode()
    assert clean_text("a\u202eb\x00\ud800") == "ab"


# Servers that misbehave on the wire itself


def serve(behave):
    """A server whose every connection is given to `behave`; returns its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            try:
                client, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(client,), daemon=True).start()

    def handle(client):
        try:
            client.recv(65536)
            behave(client)
        except OSError:
            pass
        finally:
            client.close()

    threading.Thread(target=accept, daemon=True).start()
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


def hang(client):
    time.sleep(30)


def trickle_headers(client):
    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 500:
        client.sendall(bytes([byte]))
        time.sleep(0.2)


def trickle_body(client):
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _byte in range(300):
        client.sendall(b" ")
        time.sleep(0.2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behave", "question", "budget", "most"),
    [
        (trickle_headers, True, 99, 10),
        (hang, False, 99, 10),
        (hang, True, 1, 2),
        (trickle_body, True, 1, 2),
        (trickle_headers, False, 1, 2),
        (trickle_body, False, 1, 2),
    ],
)
def test_no_server_keeps_us_longer_than_ten_seconds_or_what_is_asked(settings, behave, question, budget, most):
    listener, settings.PAYSTACK_BASE_URL = serve(behave)
    settings.PAYSTACK_SECRET_KEY = "sk_test_x"
    paystack = Paystack(budget=budget)
    began = time.monotonic()
    with listener, pytest.raises(ProviderUnavailable):
        if question:
            paystack.verify("abc-1")
        else:
            paystack.charge_mpesa(reference="abc-1", email="a@b.ke", amount=1, currency="KES", phone="+254712345678")
    assert time.monotonic() - began < most
