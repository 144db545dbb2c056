"""Decimals inside, integers of the smallest unit at the edge."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from precta.payments.exceptions import InvalidAmount, InvalidPhone
from precta.payments.money import exact, percent_of, to_subunit
from precta.payments.phones import mask_phone, mpesa_phone

cents = st.integers(min_value=1, max_value=99_999_999_99)


@given(cents)
def test_every_sum_of_cents_reaches_the_provider_whole(amount):
    assert to_subunit(Decimal(amount).scaleb(-2)) == amount


@pytest.mark.parametrize("amount", ["0.001", "2500.005", "0", "-0.01", "NaN", "Infinity", "1e400", "x", ""])
def test_no_fraction_of_a_cent_and_no_nonsense_passes(amount):
    with pytest.raises(InvalidAmount):
        exact(amount)


@pytest.mark.parametrize(
    ("amount", "percent", "share"),
    [("0.01", 50, "0.01"), ("0.05", 50, "0.03"), ("2500", 50, "1250.00"), ("33.33", 33, "11.00"), ("10", 0, "0.00")],
)
def test_halves_of_a_cent_are_rounded_up(amount, percent, share):
    assert percent_of(Decimal(amount), percent) == Decimal(share)


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_a_refusal(typed):
    try:
        phone = mpesa_phone(typed)
    except InvalidPhone:
        return
    assert phone.startswith("+254")
    assert len(phone) == 13


def test_a_masked_phone_shows_too_little_to_call():
    assert mask_phone("+254712345678") == "+254 7•• ••• 678"
    assert mask_phone("") == "•••"
