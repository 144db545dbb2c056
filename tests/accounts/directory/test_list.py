"""The list of doctors: who is in it, each filter, the order, and what it costs."""

import re

import pytest
from django.conf import settings

from accounts.models import Doctor, UserStatus, VerificationStatus
from tests import factories
from tests.accounts.directory.conftest import at, free


def page(client, query=""):
    return client.get("/doctors/" + query).content.decode()


# Who is in it


def test_every_public_doctor_is_listed_the_soonest_first(names, town):
    assert names() == ["Achieng", "Brian", "Halima", "Juma"]


@pytest.mark.parametrize("status", [VerificationStatus.PENDING, VerificationStatus.REJECTED])
def test_a_doctor_whose_licence_is_not_verified_is_never_shown(names, town, at_platform, at_clinic, status):
    Doctor.objects.filter(pk=town.achieng.pk).update(verification_status=status)
    assert "Achieng" not in names()
    assert "Achieng" not in names("?q=achieng")
    assert at_platform().get(f"/doctors/{town.achieng.pk}/").status_code == 404
    assert at_clinic(town.uzima).get(f"/doctors/{town.achieng.pk}/").status_code == 404
    assert "Achieng" not in at_clinic(town.uzima).get("/").content.decode()
    assert town.achieng.pk not in at_platform().get("/sitemap.xml").content.decode()


@pytest.mark.parametrize("status", [UserStatus.SUSPENDED, UserStatus.PENDING])
def test_a_doctor_whose_account_is_not_active_is_never_shown(names, town, at_platform, status):
    town.achieng.user.status = status
    town.achieng.user.save()
    assert "Achieng" not in names()
    assert at_platform().get(f"/doctors/{town.achieng.pk}/").status_code == 404


def test_the_doctors_of_a_suspended_clinic_are_never_shown(names, town, at_platform):
    town.uzima.status = "suspended"
    town.uzima.save()
    assert names() == ["Brian", "Juma"]
    assert at_platform().get(f"/doctors/{town.halima.pk}/").status_code == 404
    assert "Uzima" not in at_platform().get("/clinics/").content.decode()
    assert "Nairobi" not in page(at_platform())


def test_a_doctor_without_a_clinic_is_not_shown(names, town):
    Doctor.objects.filter(pk=town.achieng.pk).update(clinic=None)
    assert "Achieng" not in names()


# Filters


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?specialty=paediatrics", ["Achieng", "Brian"]),
        ("?specialty=respiratory-medicine", ["Brian"]),
        ("?city=Nairobi", ["Achieng", "Halima"]),
        ("?city=mombasa", ["Brian", "Juma"]),
        ("?language=so", ["Halima"]),
        ("?language=kln", ["Brian"]),
        ("?mode=video", ["Brian", "Achieng"]),
        ("?mode=in_person", ["Achieng", "Halima", "Juma"]),
        ("?max_fee=0", ["Juma"]),
        ("?max_fee=1500", ["Brian", "Juma"]),
        ("?max_fee=2999", ["Achieng", "Brian", "Juma"]),
        ("?available=today", ["Achieng"]),
        ("?available=tomorrow", ["Brian", "Achieng"]),
        ("?available=week", ["Achieng", "Brian", "Halima"]),
        ("?available=2026-11-26", ["Halima"]),
        ("?available=today&mode=video", []),
        ("?available=tomorrow&mode=in_person", ["Achieng"]),
        ("?city=Nairobi&specialty=dermatology&language=sw&mode=in_person&max_fee=3000&available=week", ["Halima"]),
        ("?city=Lodwar", []),
    ],
)
def test_each_filter_keeps_those_who_fit(names, town, query, expected):
    found = names(query)
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?sort=soonest", ["Achieng", "Brian", "Halima", "Juma"]),
        ("?sort=soonest&mode=video", ["Brian", "Achieng"]),
        ("?sort=rating", ["Brian", "Achieng"]),
        ("?sort=fee", ["Juma", "Brian", "Achieng", "Halima"]),
    ],
)
def test_each_order(names, town, query, expected):
    assert names(query)[: len(expected)] == expected


@pytest.mark.parametrize(
    "query",
    [
        "?specialty=astrology",
        "?language=xx",
        "?mode=telepathy",
        "?max_fee=-5",
        "?max_fee=abc",
        "?max_fee=NaN",
        "?max_fee=99999999999999999999",
        "?available=someday",
        "?available=2026-02-31",
        "?available=2019-01-01",
        "?available=9999-12-31",
        "?sort=password",
        "?page=-1",
        "?page=abc",
        "?page=٣",
        "?page=0",
        "?city=%00",
        "?city=%F0%9F%98%80",
        "?unknown=1",
        "?sort=fee;drop&sort=",
    ],
)
def test_what_makes_no_sense_is_as_if_it_had_not_been_asked(names, town, query):
    assert names(query) == ["Achieng", "Brian", "Halima", "Juma"]


def test_a_day_is_counted_on_each_clinics_own_calendar(names, town):
    # 08:00 in Nairobi is 18:00 of the day before in Honolulu.
    town.pwani.settings = {"time_zone": "Pacific/Honolulu"}
    town.pwani.save()
    free(town.juma, in_person=["2026-11-23T04:00:00+00:00"])
    Doctor.objects.filter(pk=town.juma.pk).update(free_days_in_person=["2026-11-22"])
    assert names("?available=today") == ["Juma", "Achieng"]
    Doctor.objects.filter(pk=town.juma.pk).update(free_days_in_person=["2026-11-23"])
    assert names("?available=today") == ["Achieng"]


# The order of pages


def test_pages_never_overlap_when_everything_else_is_equal(names, town):
    Doctor.objects.all().update(next_available_at=None, next_slots={})
    for number in range(43):
        factories.make_doctor(town.uzima, f"Twin{number:02}")
    seen = names() + names("?page=2") + names("?page=3")
    assert len(seen) == len(set(seen)) == 47
    assert names("?page=4") == names("?page=3")
    assert names("?page=50") == names("?page=3")
    seen = names("?specialty=paediatrics") + names("?specialty=paediatrics&page=2") + names("?page=3&q=uzima")
    assert len(names("?specialty=paediatrics&page=3")) == 5


def test_the_pages_keep_the_filters(at_platform, town):
    for number in range(25):
        factories.make_doctor(town.uzima, f"Twin{number:02}")
    html = page(at_platform(), "?city=Nairobi&sort=fee&evil=1")
    assert 'href="/doctors/?city=Nairobi&amp;sort=fee&amp;page=2"' in html
    assert "evil" not in re.sub(r'name="next" value="[^"]*"|next=[^"]*"', "", html)


# What a card says


def test_a_card_offers_the_next_times_of_the_mode_that_is_free_first(at_platform, town):
    html = page(at_platform(), "?q=achieng")
    base = f"http://uzima.{settings.PLATFORM_HOST}"
    links = re.findall(r'class="slot" href="([^"]+)">([\d:]+)', html)
    assert [text for _url, text in links] == ["09:00", "10:00", "09:00"]
    assert re.sub(r":\d+/", "/", links[0][0].removeprefix("http://")) == (
        f"uzima.{settings.PLATFORM_HOST}/book/{town.achieng.pk}/?at=2026-11-23T06:00Z&amp;mode=in_person"
    )
    assert links[0][0].startswith(base)
    assert "today 23 Nov" in html
    assert "tomorrow 24 Nov" in html


def test_a_card_offers_the_times_of_the_mode_asked_for(at_platform, town):
    html = page(at_platform(), "?q=achieng&mode=video")
    assert re.findall(r'class="slot" href="[^"]+mode=(\w+)">([\d:]+)', html) == [("video", "15:00")]


def test_times_within_the_lead_time_are_not_offered(at_platform, town):
    free(town.achieng, in_person=[at(23, 8), at(23, 9), at(23, 10)])
    town.uzima.settings = {"lead_time_minutes": 90}
    town.uzima.save()
    html = page(at_platform(), "?q=achieng")
    assert re.findall(r'class="slot" href="[^"]+">([\d:]+)', html) == ["10:00"]


def test_a_day_beyond_the_six_next_times_leads_to_that_day(at_platform, town):
    Doctor.objects.filter(pk=town.achieng.pk).update(free_days_in_person=["2026-11-30"])
    html = page(at_platform(), "?available=2026-11-30")
    assert f"/book/{town.achieng.pk}/?day=2026-11-30" in html


def test_times_are_on_the_clinics_clock_and_say_so_when_it_is_not_kenyas(at_platform, town):
    town.uzima.settings = {"time_zone": "Europe/London"}
    town.uzima.save()
    html = page(at_platform(), "?q=achieng")
    assert re.findall(r'class="slot" href="[^"]+">([\d:]+)', html)[0] == "06:00"
    assert "London time" in html


def test_nothing_of_a_doctor_is_taken_for_markup_or_for_a_placeholder(at_platform, town):
    Doctor.objects.filter(pk=town.achieng.pk).update(
        first_name="<b>A</b>{url}", last_name='"{0}', profile_image_url='/x"onerror=alert(1)'
    )
    html = page(at_platform())
    assert "&lt;b&gt;A&lt;/b&gt;{url} &quot;{0}" in html
    assert "<b>A</b>" not in html
    assert 'src="/x&quot;onerror=alert(1)"' in html


# What the page says about itself


@pytest.mark.parametrize(
    ("query", "heading"),
    [
        ("", "Doctors"),
        ("?specialty=paediatrics&city=Nairobi", "Paediatricians in Nairobi"),
        ("?city=Nairobi", "Doctors in Nairobi"),
        ("?q=moyo&city=Nairobi", "Doctors in Nairobi for “moyo”"),
        ("?q=100%25", "Doctors for “100%”"),
    ],
)
def test_the_heading_says_what_is_listed(at_platform, town, query, heading):
    html = page(at_platform(), query)
    assert f"<h1>{heading}</h1>" in html
    assert f"<title>{heading}" in html


def test_each_filter_can_be_dropped(at_platform, town):
    html = page(at_platform(), "?city=Nairobi&mode=in_person&max_fee=3000")
    for left in ("city=Nairobi&amp;mode=in_person", "mode=in_person&amp;max_fee=3000", "city=Nairobi&amp;max_fee=3000"):
        assert f'href="/doctors/?{left}"' in html


def test_an_empty_list_offers_what_would_find_somebody(at_platform, town):
    html = page(at_platform(), "?specialty=dentistry&city=Nairobi")
    assert "Nobody fits all of this" in html
    assert re.search(r'href="/doctors/\?specialty=dentistry">In any city <span class="muted num">1<', html)
    assert re.search(r'href="/doctors/\?city=Nairobi">In all specialties <span class="muted num">2<', html)


def test_the_address_for_search_engines_leaves_out_what_passes(at_platform, town):
    html = page(at_platform(), "?sort=fee&city=Nairobi&available=today&specialty=dermatology")
    assert re.search(r'rel="canonical" href="http://[^/]+/doctors/\?specialty=dermatology&amp;city=Nairobi"', html)
    assert '<meta name="robots" content="noindex">' in page(at_platform(), "?q=achieng")


# A clinic's own list


def test_a_clinics_own_list_has_only_its_doctors_and_relative_links(names, town, at_clinic):
    client = at_clinic(town.uzima)
    assert names("", client) == ["Achieng", "Halima"]
    assert names("?city=Mombasa", client) == ["Achieng", "Halima"]
    html = page(client)
    assert "Doctors at Uzima Clinic" in html
    assert f'href="/book/{town.achieng.pk}/?at=' in html
    assert 'name="city"' not in html


# What it costs


def test_a_stranger_leaves_no_trace(at_platform, town, statements):
    with statements() as seen:
        response = at_platform().get("/doctors/?city=Nairobi&specialty=paediatrics")
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")
    assert "no-store" not in response.get("Cache-Control", "")
    assert not [query["sql"] for query in seen if "django_session" in query["sql"]]


@pytest.mark.parametrize("query", ["", "?city=Nairobi&specialty=paediatrics", "?q=achieng&page=2", "?available=week"])
def test_the_list_costs_at_most_six_statements(at_platform, town, statements, query):
    for number in range(45):
        factories.make_doctor(town.uzima, f"Twin{number:02}")
    client = at_platform()
    client.get("/doctors/")
    with statements() as seen:
        client.get("/doctors/" + query)
    assert len(seen) <= 4, [q["sql"] for q in seen]


def test_the_list_touches_no_clinics_schema(at_platform, town, statements):
    with statements() as seen:
        at_platform().get("/doctors/?available=week")
    assert not [q["sql"] for q in seen if "clinic_uzima" in q["sql"] or "appointments_" in q["sql"]]


def test_a_signed_in_patient_is_known_on_the_list(at_platform, town, cast):
    response = at_platform(cast.patient.user).get("/doctors/")
    assert "no-store" in response["Cache-Control"]
    assert "Sign out" in response.content.decode()
