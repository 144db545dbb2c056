"""Home, profiles, clinics, and a clinic's own front page."""

import re
from datetime import UTC, datetime

import pytest

from accounts.models import Doctor
from clinics.models import Clinic
from clinics.opening_hours import OpeningHours
from tests.accounts.directory.conftest import at, free

WEEK = {str(day): [["08:00", "13:00"], ["14:00", "17:00"]] for day in range(1, 6)}


def body(response) -> str:
    assert response.status_code == 200, response.status_code
    return response.content.decode()


# Home


def test_home_offers_the_fields_with_their_first_free_time(at_platform, town):
    html = body(at_platform().get("/"))
    tiles = dict(re.findall(r'specialty=([\w-]+)">.*?<span class="small muted num">([^<]+)<', html))
    assert tiles["paediatrics"] == "Next: today 09:00"
    assert tiles["dermatology"] == "Next: Thu 26 Nov 09:00"
    assert tiles["dentistry"] == "No free time in the coming weeks"
    assert "4 verified doctors" in html
    assert "2 clinics" in html
    assert "cardiology" not in html


def test_home_costs_at_most_five_statements_and_leaves_no_trace(at_platform, town, statements):
    client = at_platform()
    client.get("/")
    with statements() as seen:
        response = client.get("/")
    assert len(seen) <= 4, [q["sql"] for q in seen]
    assert not response.cookies


def test_home_without_any_doctor_says_so(at_platform, uzima, pwani):
    html = body(at_platform().get("/"))
    assert "The first doctors are on their way" in html
    assert "0 verified" not in html


# Profile


def test_a_profile_tells_what_a_patient_asks(at_platform, town):
    Doctor.objects.filter(pk=town.achieng.pk).update(
        bio="Sees children.\n\nListens <b>first</b>.",
        qualifications=[{"title": "MBChB", "institution": "University of Nairobi", "year": 2009}],
        license_number="A-123",
    )
    Clinic.objects.filter(pk=town.uzima.pk).update(operating_hours=WEEK, phone="+254700100201")
    html = body(at_platform().get(f"/doctors/{town.achieng.pk}/"))
    for text in (
        "Dr Achieng Njoroge",
        "Paediatrician",
        "12 years",
        "MBChB",
        "University of Nairobi",
        "2009",
        "A-123",
        "English, Kiswahili",
        "KES\u00a02,500",
        "30 min",
        "4.2",
        "10 reviews",
        "Uzima Clinic",
        "1 Moi Avenue",
        "0700 100201",
        "Open now, until 13:00",
        "08:00–13:00, 14:00–17:00",
        "Listens &lt;b&gt;first&lt;/b&gt;.",
    ):
        assert text in html, text
    assert re.findall(r"mode=(\w+)\">(\d\d:\d\d)", html) == [
        ("in_person", "09:00"),
        ("in_person", "10:00"),
        ("in_person", "09:00"),
        ("video", "15:00"),
    ]


def test_a_profile_with_half_filled_qualifications_is_shown(at_platform, town):
    Doctor.objects.filter(pk=town.achieng.pk).update(qualifications=[{"title": "MBChB"}, {}, {"year": None}])
    assert "MBChB" in body(at_platform().get(f"/doctors/{town.achieng.pk}/"))


@pytest.mark.parametrize("doctor_id", ["0", "-1", str(2**63), "abc", "%00", "..%2f", "a" * 37, "'", "%F0%9F%98%80"])
def test_an_id_of_nobody_is_not_found(at_platform, at_clinic, town, doctor_id):
    assert at_platform().get(f"/doctors/{doctor_id}/").status_code == 404
    assert at_clinic(town.uzima).get(f"/doctors/{doctor_id}/").status_code == 404


def test_a_patients_id_is_nobodys_profile(at_platform, town, cast):
    assert at_platform().get(f"/doctors/{cast.patient.pk}/").status_code == 404


def test_on_a_clinics_host_only_its_own_doctors_have_a_profile(at_clinic, town):
    assert "Dr Achieng Njoroge" in body(at_clinic(town.uzima).get(f"/doctors/{town.achieng.pk}/"))
    assert at_clinic(town.pwani).get(f"/doctors/{town.achieng.pk}/").status_code == 404


def test_a_profile_has_one_address_for_search_engines(at_clinic, town):
    html = body(at_clinic(town.uzima).get(f"/doctors/{town.achieng.pk}/"))
    assert re.search(rf'rel="canonical" href="http://precta\.localhost(:\d+)?/doctors/{town.achieng.pk}/"', html)


# Clinics


def clinics(client, query=""):
    return re.findall(r'<h2 class="h3"><a href="[^"]+">([^<]+)<', body(client.get("/clinics/" + query)))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Pwani Family Health", "Uzima Clinic"]),
        ("?q=uzima", ["Uzima Clinic"]),
        ("?q=ÚZIMA+clin", ["Uzima Clinic"]),
        ("?q=mombasa", ["Pwani Family Health"]),
        ("?city=Nairobi", ["Uzima Clinic"]),
        ("?q=moi", ["Pwani Family Health", "Uzima Clinic"]),
        ("?q=%25", ["Pwani Family Health", "Uzima Clinic"]),
        ("?q=zzz", []),
        ("?page=99", ["Pwani Family Health", "Uzima Clinic"]),
    ],
)
def test_clinics_are_found_by_name_and_place(at_platform, town, query, expected):
    assert clinics(at_platform(), query) == expected


def test_clinics_say_how_many_doctors_can_be_found_there(at_platform, town):
    Doctor.objects.filter(pk=town.halima.pk).update(verification_status="pending")
    html = body(at_platform().get("/clinics/?q=uzima"))
    assert "1 doctor" in html
    assert "1 clinic takes bookings here" in html


def test_the_clinics_cost_at_most_five_statements(at_platform, town, statements):
    client = at_platform()
    client.get("/clinics/")
    with statements() as seen:
        client.get("/clinics/")
    assert len(seen) <= 4


# A clinic's own front page


def test_a_clinics_front_page_tells_what_where_and_when(at_clinic, town):
    Clinic.objects.filter(pk=town.uzima.pk).update(
        operating_hours=WEEK, phone="+254700100201", description="For <i>all</i> ages."
    )
    html = body(at_clinic(town.uzima).get("/"))
    for text in (
        "Uzima Clinic",
        "1 Moi Avenue",
        "Open now, until 13:00",
        "For &lt;i&gt;all&lt;/i&gt; ages.",
        "Dermatology",
    ):
        assert text in html, text
    assert "Dr Achieng" in html
    assert "Dr Brian" not in html


def test_a_clinic_without_hours_or_doctors_says_what_to_do(at_clinic, pwani):
    html = body(at_clinic(pwani).get("/"))
    assert "Please call for the opening hours." in html
    assert "No doctor takes bookings here yet" in html


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-11-23T05:00", "Open now, until 13:00"),  # Monday 08:00 in Nairobi
        ("2026-11-23T04:59", "Closed now, opens at 08:00"),
        ("2026-11-23T10:00", "Closed now, opens at 14:00"),
        ("2026-11-23T14:00", "Closed now, opens Tuesday at 08:00"),
        ("2026-11-27T14:00", "Closed now, opens Monday at 08:00"),
    ],
)
def test_open_now_goes_by_the_clinics_clock(at_clinic, uzima, monkeypatch, moment, text):
    Clinic.objects.filter(pk=uzima.pk).update(operating_hours=WEEK)
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    monkeypatch.setattr("precta.clock.now", lambda: now)
    assert text in body(at_clinic(uzima).get("/"))


def test_hours_until_midnight_and_hours_that_make_no_sense():
    hours = OpeningHours.read(
        {"1": [["18:00", "00:00"], ["x", 1], ["17:00", "09:00"]], "9": [["08:00", "09:00"]], "2": 5}
    )
    assert len(hours.week[1]) == 1
    monday = datetime(2026, 11, 23, 23, 59)  # noqa: DTZ001 - on the clinic's wall clock
    assert hours.is_open(monday)
    assert not OpeningHours.read(None).given
    assert not OpeningHours.read(["nonsense"]).given  # type: ignore[arg-type]


# For search engines


def test_the_site_map_lists_public_pages_only(at_platform, town):
    Doctor.objects.filter(pk=town.juma.pk).update(verification_status="rejected")
    xml = body(at_platform().get("/sitemap.xml"))
    assert f"/doctors/{town.achieng.pk}/</loc>" in xml
    assert town.juma.pk not in xml
    assert "uzima." in xml


def test_robots_stay_out_of_what_is_personal(at_platform, at_clinic, uzima):
    assert "Disallow: /me/" in body(at_platform().get("/robots.txt"))
    assert "Disallow: /" in body(at_clinic(uzima).get("/robots.txt"))


@pytest.mark.parametrize("address", ["/", "/doctors/", "/clinics/", "/sitemap.xml", "/robots.txt"])
def test_reading_is_all_that_can_be_done(at_platform, town, address):
    assert at_platform().post(address).status_code in {403, 405}


def test_the_pages_speak_swahili_without_falling_over(at_platform, town):
    free(town.achieng, in_person=[at(23, 9)])
    for address in ("/", "/doctors/?specialty=paediatrics&city=Nairobi", f"/doctors/{town.achieng.pk}/", "/clinics/"):
        response = at_platform().get(address, HTTP_ACCEPT_LANGUAGE="sw")
        assert '<html lang="sw"' in body(response)
