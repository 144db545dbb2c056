"""Words lead to doctors: names, fields, complaints and places, in English and Swahili, slips forgiven."""

from urllib.parse import quote

import pytest
from django.utils import timezone

from accounts.directory import words
from accounts.models import Doctor
from accounts.services import search_index
from precta.outbox.services import emit, relay_event


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        # names
        ("achieng", ["Achieng"]),
        ("Dr. Achieng Njoroge", ["Achieng"]),
        ("Daktari Achieng", ["Achieng"]),
        ("njoroge achieng", ["Achieng"]),
        ("ach", ["Achieng"]),
        ("nganga", ["Halima"]),
        ("Ng'ang'a", ["Halima"]),
        ("Ng’ang’a", ["Halima"]),
        # fields, in English and Swahili, whole and by their beginning
        ("paediatrician", ["Achieng", "Brian"]),
        ("Pediatrics", ["Achieng", "Brian"]),
        ("derma", ["Halima"]),
        ("child", ["Achieng", "Brian"]),
        ("watoto", ["Achieng", "Brian"]),
        ("daktari wa watoto", ["Achieng", "Brian"]),
        ("skin", ["Halima"]),
        ("ngozi", ["Halima"]),
        ("meno", ["Juma"]),
        ("daktari wa meno", ["Juma"]),
        ("pumu", ["Brian"]),
        # clinics and places
        ("uzima", ["Achieng", "Halima"]),
        ("Pwani Family Health", ["Brian", "Juma"]),
        ("mombasa", ["Brian", "Juma"]),
        ("dentist in Mombasa", ["Juma"]),
        ("dentist in Nairobi", []),
        # languages
        ("somali skin", ["Halima"]),
        # slips
        ("paedatrician", ["Achieng", "Brian"]),
        ("dematologist", ["Halima"]),
        ("achien njorog", ["Achieng"]),
        ("njoroghe", ["Achieng"]),
        ("halma", ["Halima"]),
        ("mombassa", ["Brian", "Juma"]),
        ("qqqqqq", []),
        # nothing but fillers
        ("doctor", ["Achieng", "Brian", "Halima", "Juma"]),
    ],
)
def test_words_lead_to_doctors(names, town, asked, expected):
    assert sorted(names("?q=" + quote(asked))) == sorted(expected)


def test_a_slip_is_said(at_platform, town):
    html = at_platform().get("/doctors/?q=paedatrician").content.decode()
    assert "Nobody was found for “paedatrician”" in html
    assert "<strong>paediatrician</strong>" in html


def test_a_name_counts_more_than_a_field_that_sounds_like_it(names, town):
    Doctor.objects.filter(pk=town.juma.pk).update(last_name="Childs")
    search_index.index_doctor(doctor_id=town.juma.pk)
    assert names("?q=childs") == ["Juma"]
    assert names("?q=child")[0] == "Juma"


@pytest.mark.parametrize(
    "asked",
    [
        "'",
        "''",
        '"',
        "\\",
        "&",
        "a & b",
        "!",
        "(",
        ":*",
        "<->",
        "%",
        "_",
        "%00",
        "a%00b",
        "%ED%A0%80",
        "%E2%80%AE",
        "%F0%9F%98%80",
        "';DROP TABLE accounts_doctor;--",
        "x" * 3000,
        "a " * 1000,
        "%25%25%25s",
        "{0}",
        "\u0301" * 50,
    ],
)
def test_nothing_that_can_be_typed_makes_an_error(at_platform, town, asked):
    for address in ("/doctors/", "/clinics/"):
        response = at_platform().get(f"{address}?q={asked}")
        assert response.status_code == 200
        assert len(response.content) < 100_000


def test_a_query_of_a_megabyte_is_cut(at_platform, town):
    assert at_platform().get("/doctors/", {"q": "moyo " * 200_000}).status_code in {200, 400, 414}


def test_words_are_letters_and_digits_only():
    assert words.wanted("Dr. O'Neil & søn's; 'x':* | !é") == ("oneil", "søns", "x", "e")
    assert words.tsquery(("moyo", "nai")) == "'moyo':* & 'nai':*"
    assert len(words.wanted("aa bb cc dd ee ff gg hh")) == words.MOST_WORDS


def test_a_changed_name_and_a_changed_clinic_are_found(names, town):
    Doctor.objects.filter(pk=town.juma.pk).update(last_name="Zawadi")
    relay_event(emit("doctor.changed", doctor_id=town.juma.pk).pk, now=timezone.now())
    assert names("?q=zawadi") == ["Juma"]
    town.pwani.name = "Bahari Medical"
    town.pwani.save()
    relay_event(emit("clinic.changed", clinic_id=town.pwani.pk).pk, now=timezone.now())
    assert sorted(names("?q=bahari")) == ["Brian", "Juma"]


def test_a_forgiving_search_costs_at_most_two_statements_more(at_platform, town, statements):
    client = at_platform()
    client.get("/doctors/")
    with statements() as seen:
        client.get("/doctors/?q=paedatrician")
    assert len(seen) <= 5
