"""Which medicines of a catalogue answer a line of a prescription; the same substance is meant throughout."""

import pytest

from pharmacy.matching import Fit, match_lines
from pharmacy.models import Medicine

COUNTED = {"tablet": "tablets", "capsule": "capsules", "inhaler": "doses", "spray": "doses", "injection": "vials"}


def article(strength="500 mg", form="tablet", name="Paracetamol", **extra):
    values = {"generic_name": name, "substances": [name.lower()], "price": 100, "stock": 20, "pack_size": 10}
    unit = COUNTED.get(form, "ml")
    return Medicine(id=f"{form} {strength}", strength=strength, form=form, pack_unit=unit, **values | extra)


def offers(line, *catalogue):
    """{medicine's key: fit} of what is offered for the line, and the key of what is chosen by itself."""
    whole = {"dosage": "1 tablet", "frequency": "3 times a day", "duration": "5 days"} | line
    (match,) = match_lines([whole], catalogue)
    return {one.medicine.pk: one.fit for one in match.offers}, match.best and match.best.medicine.pk


@pytest.mark.parametrize(
    ("name", "form", "fits"),
    [
        ("50 micrograms spray", "spray", True),
        ("50 micrograms nasal spray", "spray", True),
        ("50 micrograms nasal spray", "inhaler", False),
        ("50 micrograms inhaler", "inhaler", True),
        ("50 micrograms inhaler", "spray", False),
        ("50 micrograms soft gel capsule", "capsule", True),
        ("50 micrograms powder for injection", "injection", True),
        ("50 micrograms injection, solution", "injection", True),
        ("50 micrograms powder for injection", "powder", False),
        ("50 micrograms eye drops", "drops", True),
    ],
)
def test_a_form_is_what_its_words_say_together(name, form, fits):
    kept = article("50 micrograms", form, "Fluticasone")
    found, best = offers({"name": f"Fluticasone {name}"}, kept)
    assert found == ({kept.pk: Fit.EXACT} if fits else {})
    assert best == (kept.pk if fits else None)


def test_a_bare_weight_as_the_dosage_says_the_strength():
    line = {"name": "Paracetamol", "dosage": "500mg"}
    tablets, larger, syrup = article(), article("1 g"), article("120 mg/5 ml", "syrup")
    found, best = offers(line, tablets, syrup)
    assert (found, best) == ({tablets.pk: Fit.EXACT, syrup.pk: Fit.OPEN}, tablets.pk)
    assert offers(line, larger) == ({}, None)
    twice, best = offers(line | {"dosage": "1 g"}, tablets)
    assert (twice, best) == ({tablets.pk: Fit.OTHER_STRENGTH}, None)


def test_what_the_line_leaves_open_is_settled_where_there_is_one_kind_only():
    line = {"name": "Paracetamol"}
    one, brand, other = article(), article(brand_name="Panadol", price=300), article("1 g")
    brand.pk = "Panadol"
    assert offers(line, one, brand) == ({one.pk: Fit.EXACT, brand.pk: Fit.EXACT}, one.pk)
    assert offers(line, one, other) == ({one.pk: Fit.OPEN, other.pk: Fit.OPEN}, None)
    assert offers(line | {"dosage": "5 ml"}, one) == ({one.pk: Fit.OPEN}, None)


def test_nobody_gets_an_injection_because_no_form_was_named():
    capsule, injection = article(form="capsule"), article(form="injection")
    for line in ({"name": "Paracetamol 500 mg"}, {"name": "Paracetamol", "dosage": "500 mg"}):
        assert offers(line, capsule, injection) == ({capsule.pk: Fit.OPEN, injection.pk: Fit.OPEN}, None)
    assert offers({"name": "Paracetamol 500 mg capsule"}, capsule, injection)[1] == capsule.pk
