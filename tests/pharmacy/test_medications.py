"""What may stand in a line: the schema, whoever writes."""

import pytest

from pharmacy.exceptions import BadMedications
from pharmacy.medications import check_medications, most_lines
from tests.pharmacy.conftest import issue, line

GOOD = {
    "one line": [line()],
    "as many as there is room for": [line()] * 20,
    "with instructions": [line(instructions="After food, with water")],
    "the longest": [line("a" * 200, dosage="b" * 100, frequency="c" * 100, duration="d" * 100, instructions="e" * 300)],
    "markup is text": [line("<b>#x $y *z @w</b> =cmd()")],
    "Swahili": [line("Dawa ya ng'ombe", instructions="Baada ya kula")],
    "other scripts": [line("阿莫西林 أموكسيسيلين")],
}
BAD = {
    "no list": {"name": "x"},
    "nothing": None,
    "no line": [],
    "too many lines": [line()] * 21,
    "a text for a line": ["Paracetamol"],
    "no name": [line("")],
    "a name of one letter": [line("A")],
    "blanks for a name": [line("   ")],
    "blanks around": [line(" Paracetamol ")],
    "no dosage": [line(dosage="")],
    "no frequency": [line(frequency="")],
    "no duration": [line(duration="")],
    "too long a name": [line("a" * 201)],
    "too long a dosage": [line(dosage="a" * 101)],
    "too long instructions": [line(instructions="a" * 301)],
    "a column too many": [line(price="5")],
    "a column too few": [{key: value for key, value in line().items() if key != "duration"}],
    "a number": [line(dosage=5)],
    "not a number": [line(dosage=float("nan"))],
    "nothing for a text": [line(instructions=None)],
    "NUL": [line(dosage="1\x00")],
    "a line break": [line(dosage="1\n2")],
    "a line separator": [line(dosage="1\u20282")],
    "right-to-left override": [line("\u202elomatecaraP")],
    "a lone surrogate": [line("Para\ud800cetamol")],
    "private use": [line("Para\ue000cetamol")],
}


@pytest.mark.parametrize("lines", GOOD.values(), ids=GOOD)
def test_it_is_taken(lines):
    assert check_medications(lines) == lines


@pytest.mark.parametrize("lines", BAD.values(), ids=BAD)
def test_it_is_refused(lines):
    with pytest.raises(BadMedications) as refused:
        check_medications(lines)
    assert "Para" not in str(refused.value), "what a doctor wrote must not get into a log"


@pytest.mark.django_db
def test_the_service_asks_the_schema_whatever_the_form_let_through(visit):
    with pytest.raises(BadMedications):
        issue(visit, line(dosage="1\x00"))


def test_a_prescription_has_room_for_twenty_lines():
    assert most_lines() == 20
