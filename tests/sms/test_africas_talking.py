"""What Africa's Talking answers, and what becomes of it."""

from urllib.parse import parse_qs

import httpx
import pytest
import respx

from precta.sms import africas_talking
from precta.sms.exceptions import SmsError, SmsRefused, SmsUnavailable
from precta.sms.services import LONGEST, send_sms

ADDRESS = "https://api.africastalking.com/version1/messaging"
PHONE = "+254712345678"


@pytest.fixture(autouse=True)
def _real_client(settings):
    settings.SMS_BACKEND = "precta.sms.africas_talking.send"
    settings.AFRICASTALKING_USERNAME = "precta"
    settings.AFRICASTALKING_API_KEY = "key"
    settings.AFRICASTALKING_SENDER = "PRECTA"
    settings.AFRICASTALKING_BASE_URL = "https://api.africastalking.com"


@pytest.fixture
def provider(monkeypatch):
    # The deadline's transport goes below what respx can listen to.
    monkeypatch.setattr("precta.deadline.DeadlineTransport", lambda ends: httpx.HTTPTransport())
    with respx.mock() as router:
        yield router.post(ADDRESS)


def answer(status_code, **extra):
    recipient = {"statusCode": status_code, "number": PHONE, "status": "?", "cost": "0", "messageId": "1", **extra}
    return httpx.Response(201, json={"SMSMessageData": {"Message": "Sent", "Recipients": [recipient]}})


def test_a_message_goes_out_as_the_provider_wants_it(provider):
    provider.mock(return_value=answer(101))
    send_sms(to=PHONE, text="Habari, 14:30")
    request = provider.calls.last.request
    assert parse_qs(request.content.decode()) == {
        "username": ["precta"],
        "to": [PHONE],
        "message": ["Habari, 14:30"],
        "bulkSMSMode": ["1"],
        "from": ["PRECTA"],
    }
    assert request.headers["apiKey"] == "key"
    assert request.headers["Accept"] == "application/json"


def test_a_text_is_never_longer_than_three_parts(provider):
    provider.mock(return_value=answer(100))
    send_sms(to=PHONE, text="x" * 1000)
    assert len(parse_qs(provider.calls.last.request.content.decode())["message"][0]) == LONGEST


@pytest.mark.parametrize("status", [403, 404, 406])
def test_a_number_that_never_gets_a_message_is_not_tried_again(provider, status):
    provider.mock(return_value=answer(status))
    with pytest.raises(SmsRefused):
        send_sms(to=PHONE, text="x")


@pytest.mark.parametrize("status", [401, 402, 405, 407, 500, 501, 502, None, "101", True])
def test_trouble_that_may_pass_can_be_tried_again(provider, status):
    provider.mock(return_value=answer(status))
    with pytest.raises(SmsUnavailable):
        send_sms(to=PHONE, text="x")


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500, text="oops"),
        httpx.Response(401, text="The supplied authentication is invalid"),
        httpx.Response(302, headers={"Location": "https://evil.example/"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"SMSMessageData": {"Message": "InvalidPhoneNumber", "Recipients": []}}),
        httpx.Response(200, json={"SMSMessageData": {"Recipients": ["x"]}}),
        httpx.Response(200, content=b"[" * 200_000),
        httpx.ConnectTimeout("slow"),
    ],
)
def test_nonsense_and_silence_are_no_success(provider, response):
    provider.mock(side_effect=[response])
    with pytest.raises(SmsError) as error:
        send_sms(to=PHONE, text="a secret 123456")
    assert PHONE not in str(error.value)
    assert "123456" not in str(error.value)


def test_a_provider_that_trickles_is_given_up_on(monkeypatch, settings):
    import socket
    import threading
    import time

    server = socket.create_server(("127.0.0.1", 0))
    settings.AFRICASTALKING_BASE_URL = f"http://127.0.0.1:{server.getsockname()[1]}"
    monkeypatch.setattr(africas_talking, "TOTAL_SECONDS", 1.0)

    def trickle():
        peer, _ = server.accept()
        with peer:
            try:
                for _ in range(60):
                    peer.sendall(b"H")
                    time.sleep(0.1)
            except OSError:
                return

    threading.Thread(target=trickle, daemon=True).start()
    began = time.monotonic()
    with pytest.raises(SmsUnavailable):
        send_sms(to=PHONE, text="x")
    assert time.monotonic() - began < 3
    server.close()
