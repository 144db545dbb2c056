"""The stand-in keeps to the provider's contract, so that what passes here passes there."""

import hashlib
import hmac
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from precta.devstack.paystack import PaystackStandIn

KEY = "sk_test_of_these_tests"
CARD = {
    "email": "asha@example.com",
    "amount": 250_000,
    "currency": "KES",
    "callback_url": "http://clinic.test/back?x=1",
}
PHONE = {
    "email": "asha@example.com",
    "amount": 250_000,
    "currency": "KES",
    "mobile_money": {"phone": "+254712345678", "provider": "mpesa"},
}


class Receiver:
    """A merchant's webhook address that remembers what came; `answers` are its next statuses."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.answers: list[int] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.received.append((self.headers["x-paystack-signature"], body))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        # The name that only browsers resolve, as in the demo.
        return f"http://precta.localhost:{self.server.server_port}/payments/paystack/webhook"

    def events(self) -> list[str]:
        return [json.loads(body)["event"] for _, body in self.received]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def standin(receiver: Receiver) -> Iterator[PaystackStandIn]:
    with PaystackStandIn(webhook_url=receiver.url, secret_key=KEY) as standin:
        standin.control({"refund_delay": 0})
        yield standin


@pytest.fixture
def api(standin: PaystackStandIn) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=standin.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=5) as client:
        yield client


def until(condition: Callable[[], Any], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_wrong_key_is_refused(standin: PaystackStandIn) -> None:
    answer = httpx.get(f"{standin.url}/transaction/verify/x", headers={"Authorization": "Bearer sk_test_other"})
    assert answer.status_code == 401
    assert answer.json()["status"] is False


def test_a_card_payment_goes_through_the_hosted_page_and_back(
    api: httpx.Client, standin: PaystackStandIn, receiver: Receiver
) -> None:
    data = api.post("/transaction/initialize", json={**CARD, "reference": "ab12-one"}).json()["data"]
    assert data["reference"] == "ab12-one"
    assert api.get("/transaction/verify/ab12-one").json()["data"]["status"] == "abandoned"

    page = httpx.get(data["authorization_url"])
    assert "KES 2,500" in page.text
    assert "script" not in page.headers["Content-Security-Policy"]
    assert api.get("/transaction/verify/ab12-one").json()["data"]["status"] == "ongoing"

    back = httpx.post(data["authorization_url"], data={"action": "pay"})
    assert back.status_code == 303
    assert back.headers["Location"] == "http://clinic.test/back?x=1&trxref=ab12-one&reference=ab12-one"

    paid = api.get("/transaction/verify/ab12-one").json()["data"]
    assert (paid["status"], paid["amount"], paid["currency"], paid["domain"]) == ("success", 250_000, "KES", "test")
    assert paid["channel"] == "card"
    until(lambda: receiver.received)
    signature, body = receiver.received[0]
    assert hmac.compare_digest(signature, hmac.new(KEY.encode(), body, hashlib.sha512).hexdigest())
    assert json.loads(body)["event"] == "charge.success"
    assert json.loads(body)["data"]["reference"] == "ab12-one"


@pytest.mark.parametrize(("action", "status"), [("decline", "failed"), ("abandon", "abandoned")])
def test_an_unpaid_card_payment_returns_without_money_or_event(
    api: httpx.Client, receiver: Receiver, action: str, status: str
) -> None:
    data = api.post("/transaction/initialize", json={**CARD, "reference": "ab12-two"}).json()["data"]
    httpx.get(data["authorization_url"])
    assert httpx.post(data["authorization_url"], data={"action": action}).status_code == 303
    assert api.get("/transaction/verify/ab12-two").json()["data"]["status"] == status
    time.sleep(0.3)
    assert receiver.received == []


def test_a_reference_serves_once(api: httpx.Client) -> None:
    assert api.post("/transaction/initialize", json={**CARD, "reference": "same"}).status_code == 200
    for path, body in (("/transaction/initialize", CARD), ("/charge", PHONE)):
        answer = api.post(path, json={**body, "reference": "same"})
        assert answer.status_code == 400
        assert answer.json()["code"] == "duplicate_reference"
        assert answer.json()["type"] == "validation_error"
        assert "nextStep" in answer.json()["meta"]


@pytest.mark.parametrize(
    "change",
    [{"reference": "with_underscore"}, {"reference": "a b"}, {"amount": 0}, {"amount": 25.5}, {"email": "nobody"}],
)
def test_bad_fields_are_refused(api: httpx.Client, change: dict[str, Any]) -> None:
    for path, body in (("/transaction/initialize", CARD), ("/charge", PHONE)):
        answer = api.post(path, json={**body, "reference": "ok", **change})
        assert answer.status_code == 400
        assert answer.json()["status"] is False


@pytest.mark.parametrize("phone", ["+254712345678", "254712345678", "254112345678"])
def test_both_forms_of_a_phone_are_taken(api: httpx.Client, phone: str) -> None:
    body = {**PHONE, "mobile_money": {"phone": phone, "provider": "mpesa"}, "reference": "p-1"}
    assert api.post("/charge", json=body).json()["data"]["status"] == "pay_offline"
    assert api.get("/charge/p-1").json()["data"]["status"] == "pending"


def test_the_offline_provider_names_the_account(api: httpx.Client) -> None:
    body = {**PHONE, "mobile_money": {"phone": "254700000000", "provider": "mpesa_offline"}, "reference": "p-2"}
    data = api.post("/charge", json=body).json()["data"]
    assert data["account_number"]
    assert data["account_reference"]


@pytest.mark.parametrize(("action", "status"), [("approve", "success"), ("refuse", "failed"), ("time_out", "failed")])
def test_a_person_answers_the_prompt(
    api: httpx.Client, standin: PaystackStandIn, receiver: Receiver, action: str, status: str
) -> None:
    api.post("/charge", json={**PHONE, "reference": "p-3"})
    assert "+254712345678" in httpx.get(f"{standin.url}/mpesa/").text
    httpx.post(f"{standin.url}/mpesa/", data={"reference": "p-3", "action": action})
    data = api.get("/charge/p-3").json()["data"]
    assert data["status"] == status
    if status == "failed":
        assert data["message"]
        assert receiver.received == []  # no event tells of a failed charge
    else:
        until(lambda: receiver.events() == ["charge.success"])


def test_prompts_can_be_answered_by_themselves(api: httpx.Client, standin: PaystackStandIn) -> None:
    api.post("/_control", json={"auto_approve_mpesa": 0})
    api.post("/charge", json={**PHONE, "reference": "p-4"})
    until(lambda: api.get("/charge/p-4").json()["data"]["status"] == "success")


def test_a_prompt_is_answered_once(api: httpx.Client, standin: PaystackStandIn, receiver: Receiver) -> None:
    api.post("/charge", json={**PHONE, "reference": "p-5"})
    standin.approve("p-5")
    standin.refuse("p-5")
    standin.approve("p-5")
    assert api.get("/charge/p-5").json()["data"]["status"] == "success"
    until(lambda: receiver.received)
    time.sleep(0.2)
    assert receiver.events() == ["charge.success"]


def test_refunds_are_processed_and_never_exceed_the_payment(
    api: httpx.Client, standin: PaystackStandIn, receiver: Receiver
) -> None:
    api.post("/charge", json={**PHONE, "reference": "r-1"})
    assert api.post("/refund", json={"transaction": "r-1"}).status_code == 400  # nothing was paid yet
    standin.approve("r-1")

    answer = api.post("/refund", json={"transaction": "r-1", "amount": 100_000, "currency": "KES"}).json()["data"]
    assert (answer["status"], answer["amount"]) == ("pending", 100_000)
    until(lambda: api.get(f"/refund/{answer['id']}").json()["data"]["status"] == "processed")
    assert api.get("/transaction/verify/r-1").json()["data"]["status"] == "success"  # a part only

    assert api.post("/refund", json={"transaction": "r-1", "amount": 150_001}).status_code == 400
    assert api.post("/refund", json={"transaction": "r-1"}).json()["data"]["amount"] == 150_000
    until(lambda: api.get("/transaction/verify/r-1").json()["data"]["status"] == "reversed")
    assert api.post("/refund", json={"transaction": "r-1"}).status_code == 400
    listed = api.get("/refund", params={"transaction": "r-1"}).json()["data"]
    assert sorted(refund["amount"] for refund in listed) == [100_000, 150_000]
    until(lambda: len(receiver.received) == 7)
    assert receiver.events()[1:4] == ["refund.pending", "refund.processing", "refund.processed"]


def test_a_failed_refund_leaves_the_money(api: httpx.Client, standin: PaystackStandIn, receiver: Receiver) -> None:
    standin.control({"refund_outcome": "failed"})
    api.post("/charge", json={**PHONE, "reference": "r-2"})
    standin.approve("r-2")
    api.post("/refund", json={"transaction": "r-2"})
    until(lambda: "refund.failed" in receiver.events())
    assert api.get("/transaction/verify/r-2").json()["data"]["status"] == "success"
    assert standin.refunds("r-2")[0]["status"] == "failed"


def test_an_unanswered_webhook_comes_again(api: httpx.Client, standin: PaystackStandIn, receiver: Receiver) -> None:
    receiver.answers = [500]
    api.post("/charge", json={**PHONE, "reference": "w-1"})
    standin.approve("w-1")
    until(lambda: len(receiver.received) == 2)
    assert receiver.received[0] == receiver.received[1]


@pytest.mark.parametrize(("kind", "expected"), [("lose", 0), ("duplicate", 2), ("delay", 0)])
def test_webhooks_are_lost_doubled_and_late_on_request(
    api: httpx.Client, standin: PaystackStandIn, receiver: Receiver, kind: str, expected: int
) -> None:
    standin.fault("webhook", kind)
    api.post("/charge", json={**PHONE, "reference": "w-2"})
    standin.approve("w-2")
    until(lambda: len(receiver.received) == expected)
    time.sleep(0.3)
    assert len(receiver.received) == expected


def test_webhooks_overtake_each_other_on_request(
    api: httpx.Client, standin: PaystackStandIn, receiver: Receiver
) -> None:
    standin.fault("webhook", "reorder")
    for reference in ("w-3", "w-4"):
        api.post("/charge", json={**PHONE, "reference": reference})
        standin.approve(reference)
    until(lambda: len(receiver.received) == 2)
    assert [json.loads(body)["data"]["reference"] for _, body in receiver.received] == ["w-4", "w-3"]


@pytest.mark.parametrize("kind", ["500", "nonsense", "drop", "hang", "trickle"])
@pytest.mark.parametrize("after", [False, True])
def test_a_fault_spoils_one_answer_and_says_whether_the_deed_was_done(
    api: httpx.Client, kind: str, after: bool
) -> None:
    fault = {"operation": "charge", "kind": kind, "after": after, "seconds": 1}
    assert api.post("/_control", json={"faults": [fault]}).status_code == 200
    try:
        answer = api.post("/charge", json={**PHONE, "reference": "f-1"}, timeout=0.5)
        assert answer.status_code == 500 or "html" in answer.text or kind == "trickle"
    except httpx.TransportError:
        assert kind in {"drop", "hang", "trickle"}  # a busy machine may trickle slower than the time-out
    known = api.get("/charge/f-1").status_code == 200
    assert known is (after or kind == "trickle")
    assert api.get("/_control").json()["faults"] == []


def test_an_unknown_switch_is_refused(api: httpx.Client) -> None:
    assert api.post("/_control", json={"explode": True}).status_code == 400
    assert api.post("/_control", json={"faults": [{"operation": "charge", "kind": "lose"}]}).status_code == 400


def test_the_ledger_survives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite3"
    with PaystackStandIn(secret_key=KEY, file=file) as first:
        httpx.post(
            f"{first.url}/charge", json={**PHONE, "reference": "k-1"}, headers={"Authorization": f"Bearer {KEY}"}
        )
        first.approve("k-1")
    with PaystackStandIn(secret_key=KEY, file=file) as second:
        assert second.transaction("k-1")["status"] == "success"
        waiting = httpx.get(f"{second.url}/_ledger").json()["webhooks"]
        assert [hook["state"] for hook in waiting] == ["waiting"]
