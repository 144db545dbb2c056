"""Codes by SMS: who holds the phone, for one purpose, for ten minutes, with five tries."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.exceptions import TooManyCodes
from accounts.models import PhoneCode
from accounts.services.phone_codes import MOST_TRIES, check_phone_code, send_phone_code
from precta.payments.exceptions import InvalidPhone
from precta.sms.exceptions import SmsUnavailable

pytestmark = pytest.mark.django_db
PHONE = "+254712345678"


def digits_in(message) -> str:
    return re.search(r"\b\d{6}\b", message.text).group()


def send(outbox, *, phone=PHONE, purpose="claim", subject="browser", **extra) -> str:
    send_phone_code(phone=phone, purpose=purpose, subject=subject, **extra)
    assert outbox[-1].to == PHONE
    return digits_in(outbox[-1])


def check(code, *, phone=PHONE, purpose="claim", subject="browser", **extra) -> bool:
    return check_phone_code(phone=phone, purpose=purpose, subject=subject, code=code, **extra)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_the_right_code_counts_once(sms_outbox):
    code = send(sms_outbox, phone="0712 345678")
    assert check(f" {code[:3]} {code[3:]} ")
    assert not check(code)


def test_the_digits_are_not_in_the_table(sms_outbox):
    code = send(sms_outbox)
    row = PhoneCode.objects.get()
    assert code not in row.code_hash
    assert len(row.code_hash) == 64


def test_a_code_is_over_after_ten_minutes(sms_outbox):
    code = send(sms_outbox)
    assert not check(code, now=timezone.now() + timedelta(minutes=10, seconds=1))
    assert check(code, now=timezone.now() + timedelta(minutes=9))


def test_after_five_wrong_tries_the_right_code_is_wrong_too(sms_outbox):
    code = send(sms_outbox)
    for _ in range(MOST_TRIES):
        assert not check(wrong(code))
    assert not check(code)


@pytest.mark.parametrize(
    "other", [{"purpose": "link"}, {"subject": "another browser"}, {"phone": "+254712345679"}, {"subject": ""}]
)
def test_a_code_counts_for_nothing_but_what_it_was_sent_for(sms_outbox, other):
    code = send(sms_outbox)
    assert not check(code, **other)
    assert check(code)


def test_a_new_code_ends_the_one_before(sms_outbox):
    first = send(sms_outbox)
    second = send(sms_outbox)
    assert first == second or not check(first)
    assert check(second)


def test_somebody_elses_request_does_not_end_mine(sms_outbox):
    mine = send(sms_outbox)
    send(sms_outbox, subject="another browser")
    assert check(mine)


def test_one_phone_gets_three_codes_in_ten_minutes_whoever_asks(sms_outbox):
    for number in range(3):
        send(sms_outbox, subject=str(number))
    with pytest.raises(TooManyCodes) as error:
        send(sms_outbox, subject="4")
    assert 0 < error.value.retry_after <= 600
    assert len(sms_outbox) == 3
    assert send_phone_code(phone="+254722000111", purpose="claim")


def test_one_network_cannot_ring_phone_after_phone(sms_outbox):
    for number in range(60):
        send_phone_code(phone=f"+2547120000{number:02d}", purpose="claim")
    with pytest.raises(TooManyCodes):
        send_phone_code(phone="+254712999999", purpose="claim")
    assert len(sms_outbox) == 60


@pytest.mark.parametrize("phone", ["+447700900123", "0202222222", "abc", "", "+2547123456789", "1" * 400])
def test_only_kenyan_mobiles_get_codes(sms_outbox, phone):
    with pytest.raises(InvalidPhone):
        send_phone_code(phone=phone, purpose="claim")
    assert not sms_outbox


def test_a_code_that_could_not_be_sent_is_not_open(monkeypatch):
    def refuse(**_):
        raise SmsUnavailable("x")

    monkeypatch.setattr("accounts.services.phone_codes.send_sms", refuse)
    with pytest.raises(SmsUnavailable):
        send_phone_code(phone=PHONE, purpose="claim")
    assert not PhoneCode.objects.exists()


def test_the_message_says_what_the_code_is_for(sms_outbox):
    send_phone_code(phone=PHONE, purpose="link", place="Uzima Clinic")
    assert "Uzima Clinic" in sms_outbox[-1].text
    send_phone_code(phone=PHONE, purpose="invitation")
    assert "staff" in sms_outbox[-1].text
    assert all(len(message.text) <= 160 for message in sms_outbox), "one part each"


@pytest.mark.parametrize("code", ["", "abc", "\x00", "1" * 5000, "１２３４５６"])
def test_odd_codes_are_simply_wrong(sms_outbox, code):
    send(sms_outbox)
    assert not check(code)
