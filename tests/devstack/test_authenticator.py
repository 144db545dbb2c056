"""The demo's authenticator app shows what the people's phones would."""

import pytest
from django.test import Client

from precta.devstack.authenticator import code_of_key
from precta.devstack.logins import DEMO_LOGINS, totp_secret
from tests.factories import TOTP_SECRET, give_second_factor, make_user, totp_code

pytestmark = pytest.mark.django_db


def ask(**query):
    return Client(HTTP_HOST="precta.localhost").get("/dev/authenticator/", query)


def page(**query) -> str:
    return ask(**query).content.decode()


def test_it_shows_the_codes_of_now_and_looks_again_when_they_change():
    user = make_user("njoroge@demo.precta.example", role="doctor")
    give_second_factor(user, totp_secret(user.email))
    other = make_user("somebody@example.test", role="doctor")
    give_second_factor(other)
    text = page()
    assert totp_code(totp_secret(user.email)) in text and totp_code() in text
    assert text.index(user.email) < text.index(other.email), "the printed logins come first"
    assert 1 <= int(ask()["Refresh"]) <= 30
    assert user.email not in page(q="somebody")


@pytest.mark.parametrize("key", ["?", "ABC", "a" * 300, "é", "\x00", "0189"])
def test_a_key_from_a_set_up_page_gives_its_code_and_nonsense_gives_none(key):
    spaced = " ".join(TOTP_SECRET[start : start + 4] for start in range(0, 32, 4))
    assert totp_code() in page(key=spaced)
    assert code_of_key(key.replace("\x00", "")) == "" or key == "a" * 300
    assert page(key=key)


def test_everybody_of_the_printed_logins_but_the_patient_has_a_key():
    assert [login.role for login in DEMO_LOGINS if not login.totp] == ["patient"]
    assert all(login.totp == totp_secret(login.email) for login in DEMO_LOGINS if login.totp)
