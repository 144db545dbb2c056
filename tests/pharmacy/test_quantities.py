"""How much a line comes to, as doctors write it in both languages; what cannot be read is never guessed."""

from fractions import Fraction

import pytest

from pharmacy.quantities import Amount, amount_of, days_of, dose_of, times_a_day


@pytest.mark.parametrize(
    ("text", "count", "unit"),
    [
        ("1 tablet", 1, "piece"),
        ("Kidonge 1", 1, "piece"),
        ("vidonge viwili", 2, "piece"),
        ("one tablet", 1, "piece"),
        ("1-2 tablets", 2, "piece"),
        ("1½ tablets", Fraction(3, 2), "piece"),
        ("half a tablet", Fraction(1, 2), "piece"),
        ("nusu kidonge", Fraction(1, 2), "piece"),
        ("1 tablet (500 mg)", 1, "piece"),
        ("1 sachet", 1, "piece"),
        ("5 ml", 5, "ml"),
        ("kijiko 1", 5, "ml"),
        ("2 drops", Fraction(1, 10), "ml"),
        ("2 puffs", 2, "dose"),
        ("500 mg", 500, "mg"),
        ("500 mg (1 tablet)", 1, "piece"),
        ("vidonge 2 (1 g)", 2, "piece"),
        ("2 x 500 mg tablets", 1000, "mg"),
        ("two 500 mg tablets", 1000, "mg"),
        ("1,500 mg", 1500, "mg"),
    ],
)
def test_a_dose_is_read(text, count, unit):
    assert dose_of(text) == Amount(Fraction(count), unit)


@pytest.mark.parametrize(
    "text",
    ["Thin layer", "as directed", "", "0 tablets", "tablets", "2 x 500 mg", "2 500 mg", "2 x 5 ml", "2 x 2 tablets"],
)
def test_a_dose_that_says_no_one_number_is_not_guessed(text):
    assert dose_of(text) is None


@pytest.mark.parametrize(
    ("text", "often"),
    [
        ("3 times a day", 3),
        ("Mara 3 kwa siku", 3),
        ("mara mbili kwa siku", 2),
        ("Once a day", 1),
        ("twice daily", 2),
        ("every 8 hours", 3),
        ("8 hourly", 3),
        ("every 4-6 hours", 6),
        ("kila saa 8", 3),
        ("kila baada ya saa 6", 4),
        ("BD", 2),
        ("1+0+1", 2),
        ("at night", 1),
        ("asubuhi na jioni", 2),
        ("with every meal", 3),
        ("once a week", Fraction(1, 7)),
        ("mara moja kwa wiki", Fraction(1, 7)),
        ("every other day", Fraction(1, 2)),
        ("Daily", 1),
        ("kila siku", 1),
        ("1 x 3", 3),
        ("tds x 5/7", 3),
        ("bd for 2 weeks", 2),
        ("mane and nocte", 2),
        ("on", 1),
        ("4-6 hourly", 6),
        ("1-2 times a day", 2),
        ("mara moja au mbili kwa siku", 2),
        ("1 tablet twice daily, 30 minutes before food", 2),
        ("mara 3 kwa siku, nusu saa kabla ya kula", 3),
        ("mara moja kwa siku saa 2 usiku", 1),
        ("8 am and 8 pm", 2),
        ("every other night", Fraction(1, 2)),
        ("OD on alternate days", Fraction(1, 2)),
        ("once every 3 days", Fraction(1, 3)),
        ("kila baada ya siku 3", Fraction(1, 3)),
        ("every 72 hours", Fraction(1, 3)),
        ("3x/week", Fraction(3, 7)),
        ("3 x week", Fraction(3, 7)),
        ("3x weekly", Fraction(3, 7)),
        ("on Mondays", Fraction(1, 7)),
        ("once a week on Mondays", Fraction(1, 7)),
        ("Jumatatu na Alhamisi", Fraction(2, 7)),
        ("once every two weeks", Fraction(1, 14)),
        ("once a month", Fraction(1, 30)),
        ("once monthly", Fraction(1, 30)),
        ("mara 1 kwa mwezi", Fraction(1, 30)),
    ],
)
def test_how_often_is_read(text, often):
    assert times_a_day(text) == often


@pytest.mark.parametrize(
    "text",
    [
        *("as needed", "When short of breath", "After each loose stool", "3 times a day as needed", "100 times a day"),
        *("3 weekly", "bi-weekly", "2 x 3", "1x3x5", "2+0+2", "1/2+0+1/2", "bd/tds", "3 times a day then once a day"),
        *("Monday to Friday", "first Monday of each month", "once daily on Mondays", "once daily 3 times a week"),
        *("2 tablets in the morning and 1 tablet at night", "in the evening at bedtime", "3 weeks on, 1 week off"),
    ],
)
def test_how_often_that_nobody_knows_is_not_guessed(text):
    assert times_a_day(text) is None


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("5 days", 5),
        ("Siku 5", 5),
        ("siku tano", 5),
        ("for 1 week", 7),
        ("wiki mbili", 14),
        ("mwezi mmoja", 30),
        ("5-7 days", 7),
        ("siku 5 hadi 7", 7),
        ("5/7", 5),
        ("2/52", 14),
        ("single dose", 1),
    ],
)
def test_for_how_long_is_read(text, days):
    assert days_of(text) == days


@pytest.mark.parametrize("text", ["As needed", "until better", "99999999999 days", "0 days", "5 years"])
def test_an_end_that_nobody_knows_is_not_guessed(text):
    assert days_of(text) is None


def test_a_course_is_all_its_doses():
    line = {"name": "x", "dosage": "2 tablets", "frequency": "3 times a day", "duration": "5 days"}
    assert amount_of(line) == Amount(Fraction(30), "piece")
    assert amount_of(line | {"frequency": "as needed"}) is None
    assert amount_of(line | {"dosage": "nusu kidonge", "frequency": "once a week", "duration": "10 days"}) == Amount(
        Fraction(1), "piece"
    )


@pytest.mark.parametrize(
    ("dosage", "frequency", "duration", "count"),
    [
        ("1 tablet", "once a month", "6 months", 6),
        ("1 patch", "once every 3 days", "30 days", 10),
        ("4 tablets", "on Mondays", "12 weeks", 48),
        ("1 capsule", "every other night", "10 days", 5),
        ("4 tablets", "stat", "3 days", 4),
    ],
)
def test_what_is_taken_seldom_comes_to_little(dosage, frequency, duration, count):
    line = {"name": "x", "dosage": dosage, "frequency": frequency, "duration": duration}
    assert amount_of(line) == Amount(Fraction(count), "piece")
