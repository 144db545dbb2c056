"""Allergies in two languages against names, substances and classes; the same substance twice."""

import pytest
from django.utils import translation

from pharmacy import exceptions, names
from pharmacy.formulary import CLASSES, known_medicines
from pharmacy.names import meaning_of
from pharmacy.warnings import Kind, warnings_for
from precta.tenancy import clinic_context
from tests.pharmacy.conftest import issue, line

# (allergy, medicine) → warned of, and whether as a relative only
WARNED = [
    ("Penicillin", "Amoxicillin 500 mg capsule", False),
    ("penicillin", "Augmentin 625 mg", False),
    ("pencillin", "Flucloxacillin 250 mg", False),
    ("PENICILLINS!", "Benzathine penicillin 2.4 MU", False),
    ("penisilini", "Amoxil", False),
    ("Mzio wa penisilini", "Ampiclox 500 mg", False),
    ("amoksisilini", "Co-amoxiclav", False),
    ("Amoksilini", "Pen V", False),
    ("Amoxil", "Amoxicillin 250 mg", False),
    ("Penicillin", "Ceftriaxone 1 g injection", True),
    ("Keflex", "Cefuroxime 500 mg", False),
    ("beta-lactam antibiotics", "Meropenem 1 g", False),
    ("sulfa", "Septrin 960 mg", False),
    ("sulpha drugs", "Co-trimoxazole", False),
    ("dawa za salfa", "Fansidar", False),
    ("Septrini", "Flamazine cream", False),
    ("aspirin", "Ibuprofen 400 mg", False),
    ("aspirini", "Diclofenac 50 mg", False),
    ("asprini", "Junior aspirin", False),
    ("NSAIDs", "Voltaren", False),
    ("painkillers", "Tramadol 50 mg", False),
    ("dawa za maumivu", "Brufen", False),
    ("kodeini", "Morphine 10 mg", False),
    ("codeine", "DF118", False),
    ("erithromaisini", "Azithromycin 500 mg", False),
    ("Flagyl", "Tinidazole", False),
    ("kwinini", "Quinine 300 mg", False),
    ("quinine", "Mefloquine", False),
    ("ciprofloxacin", "Levofloxacin 500 mg", False),
    ("tetrasiklini", "Doxycycline 100 mg", False),
    ("panadol", "Paracetamol and codeine", False),
    ("Mukombero", "Mukombero root, dried", False),
    ("Lignocaine", "Lidocaine 2%", False),
]
SILENT = [
    ("Penicillin", "Azithromycin 500 mg"),
    ("Penicillin", "Paracetamol 500 mg tablet"),
    ("sulfa", "Ferrous sulfate 200 mg"),
    ("sulfa", "Morphine sulfate"),
    ("aspirin", "Paracetamol 500 mg"),
    ("codeine", "Diclofenac 50 mg"),
    ("Peanuts", "Amoxicillin 500 mg capsule"),
    ("Karanga na mayai", "Coartem"),
    ("Dust and pollen", "Cetirizine 10 mg tablet"),
    ("None", "Amoxicillin"),
    ("No known drug allergies", "Septrin"),
    ("Hakuna", "Diclofenac"),
    ("tablets", "Paracetamol 500 mg tablet"),
    ("Folic acid", "Mefenamic acid 500 mg"),
]


def found(allergy, medicine):
    return [warning for warning in warnings_for([line(medicine)], allergies=[allergy]) if warning.kind == Kind.ALLERGY]


@pytest.mark.parametrize(("allergy", "medicine", "related"), WARNED, ids=str)
def test_a_listed_allergy_is_warned_of(allergy, medicine, related):
    [warning] = found(allergy, medicine)
    assert warning.is_related is related
    assert allergy in warning.sentence
    assert medicine in warning.sentence


@pytest.mark.parametrize(("allergy", "medicine"), SILENT, ids=str)
def test_what_has_nothing_to_do_with_it_is_not_warned_of(allergy, medicine):
    assert found(allergy, medicine) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Panadol", "Paracetamol 500 mg tablet"),
        ("Augmentin 625 mg", "Amoxil 250 mg"),
        ("Co-codamol", "Paracetamol"),
        ("Ventolin inhaler", "Salbutamol 2 mg/5 ml syrup"),
        ("Fansidar", "SULFADOXINE and pyrimethamine"),
        ("Own mixture of Njeri", "own mixture, Njeri"),
    ],
)
def test_a_substance_that_stands_twice_is_warned_of(first, second):
    [warning] = warnings_for([line(first), line(second)], allergies=[])
    assert warning.kind == Kind.DUPLICATE
    assert (warning.medicine, warning.against) == (second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [("Paracetamol", "Ibuprofen"), ("Ferrous sulfate", "Zinc sulfate"), ("Amoxicillin", "Metronidazole")],
)
def test_two_different_substances_are_not(first, second):
    assert warnings_for([line(first), line(second)], allergies=[]) == []


def test_a_warning_is_a_sentence_in_the_doctors_language():
    [warning] = found("Penicillin", "Amoxil")
    with translation.override("sw"):
        assert "Mzio" in warning.sentence
    assert warning.sentence.startswith("Allergy")


def test_every_medicine_is_known_by_each_of_its_names():
    for medicine in known_medicines():
        for name in (*medicine.names, *medicine.labels):
            assert set(medicine.substances) <= meaning_of(name).substances, name
        assert set(medicine.classes) <= set(CLASSES)
        assert meaning_of(medicine.name).classes >= set(medicine.classes)
    assert len(known_medicines()) >= 150


def test_a_typing_error_never_makes_one_substance_of_another():
    index, words = names._index(), names._long_words()
    for one in words:
        for other in words:
            if one < other and names._one_apart(one, other):
                a, b = index[(one,)], index[(other,)]
                assert not (a.substances and b.substances) or a.substances & b.substances or a.classes & b.classes, (
                    one,
                    other,
                )


# In the service


@pytest.fixture
def allergic(visit, cast):
    cast.patient.allergies = ["Penicillin"]
    cast.patient.save(update_fields=["allergies"])
    return visit


@pytest.mark.django_db
def test_the_service_finds_out_by_itself_and_asks_for_a_reason(allergic):
    for reasons in ({}, {"0" * 16: "Whatever"}):
        with pytest.raises(exceptions.WarningsUnanswered) as refused:
            issue(allergic, line("Augmentin 625 mg"), reasons=reasons)
        [warning] = refused.value.warnings
    with pytest.raises(exceptions.WarningsUnanswered):
        issue(allergic, line("Augmentin 625 mg"), reasons={warning.key: "   "})
    issued = issue(allergic, line("Augmentin 625 mg"), reasons={warning.key: "Tolerated it last year"})
    [kept] = issued.overrides
    assert kept["kind"] == "allergy"
    assert kept["against"] == "Penicillin"
    assert kept["reason"] == "Tolerated it last year"


@pytest.mark.django_db
def test_an_allergy_that_is_listed_meanwhile_counts(visit, cast):
    cast.patient.allergies = ["Mzio wa salfa"]
    cast.patient.save(update_fields=["allergies"])
    with pytest.raises(exceptions.WarningsUnanswered):
        issue(visit, line("Septrin"))


@pytest.mark.django_db
def test_another_active_prescription_of_the_patient_here_counts_and_an_old_one_does_not(visit, cast):
    first = issue(visit, line("Panadol"), days=0)
    with pytest.raises(exceptions.WarningsUnanswered) as refused:
        issue(visit, line("Paracetamol 1 g"))
    [warning] = refused.value.warnings
    assert warning.prescription_id == first.pk
    issued = issue(visit, line("Paracetamol 1 g"), reasons={warning.key: "The other one is for the night"})
    assert issued.overrides[0]["prescription"] == first.pk
    with clinic_context(cast.uzima):
        replacing = issue(visit, line("Ibuprofen"), replaces=first, replacement_reason="Did not help")
    assert replacing.overrides == []
