"""`/me/`: a person's care over all clinics."""

from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from accounts.models import Doctor, Guardianship
from precta import hosts
from tests import factories
from tests.appointments.money_helpers import paid_visit


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def everywhere(cast, now):
    """Amina has visits at both clinics, and a child."""
    factories.link_patient(cast.patient, cast.pwani)
    child = factories.make_patient("Baraka", "Hassan", date_of_birth=timezone.localdate() - timedelta(days=4 * 366))
    Guardianship.objects.create(guardian=cast.patient, child=child)
    factories.link_patient(child, cast.pwani)
    cast.child = child
    cast.next = paid_visit(cast.patient, cast.doctor, now + timedelta(days=2), now=now, notes="a canary cough")
    cast.childs = paid_visit(child, cast.other_doctor, now + timedelta(days=5), now=now)
    cast.past = factories.make_appointment(
        cast.patient, cast.other_doctor, now - timedelta(days=20), status="completed"
    )
    return cast


def test_home_shows_the_next_visit_first_and_links_to_its_clinic(everywhere, at_platform):
    page = at_platform(everywhere.patient.user).get("/me/").content.decode()
    assert "Uzima Clinic" in page
    assert hosts.clinic_url(everywhere.uzima, "appointments:patient:detail", everywhere.next.pk) in page
    assert hosts.clinic_url(everywhere.uzima, "appointments:patient:cancel", everywhere.next.pk) in page
    assert page.index(everywhere.next.pk) < page.index(everywhere.childs.pk) < page.index(everywhere.past.pk)
    assert "canary" not in page


def test_a_child_can_be_chosen_by_the_url(everywhere, at_platform):
    page = at_platform(everywhere.patient.user).get("/me/", {"person": everywhere.child.pk}).content.decode()
    assert everywhere.childs.pk in page
    assert everywhere.next.pk not in page
    assert "Baraka, " in page


def test_nobody_is_chosen_by_somebody_elses_id(everywhere, at_platform):
    page = at_platform(everywhere.other_patient.user).get("/me/", {"person": everywhere.patient.pk}).content.decode()
    assert everywhere.next.pk not in page


def test_without_any_visit_home_says_what_to_do_next(cast, at_platform):
    page = at_platform(cast.other_patient.user).get("/me/").content.decode()
    assert "No visit ahead" in page
    assert "/doctors/" in page


@pytest.mark.parametrize(
    ("who", "host"), [("doctor", "uzima.precta.localhost/workspace/"), ("admin", "admin.precta.localhost/")]
)
def test_others_are_shown_to_their_place_of_work(cast, at_platform, who, host):
    person = getattr(cast, who)
    response = at_platform(getattr(person, "user", person)).get("/me/")
    assert response.status_code == 302
    assert response["Location"].startswith(f"http://{host}") or f"//{host}" in response["Location"].replace(":8000", "")


def test_a_doctor_who_was_sent_back_is_led_to_the_application(cast, at_platform):
    Doctor.objects.filter(pk=cast.doctor.pk).update(verification_status="rejected")
    client = at_platform(cast.doctor.user)
    response = client.get("/me/")
    assert (response.status_code, urlsplit(response["Location"]).path) == (302, "/join/doctor/")
    assert "/workspace/" not in client.get("/join/doctor/", follow=True).text


def test_somebody_without_a_profile_is_asked_for_it(at_platform, db):
    page = at_platform(factories.make_user()).get("/me/").content.decode()
    assert "Welcome" in page


@pytest.mark.parametrize("path", ["/me/", "/me/appointments/"])
def test_somebody_signed_out_signs_in_first(at_platform, path):
    assert at_platform().get(path).status_code == 302


def test_a_doctor_has_no_list_of_visits_as_a_patient(cast, at_platform):
    assert at_platform(cast.doctor.user).get("/me/appointments/").status_code == 403


def test_the_history_covers_all_clinics_and_filters_by_url(everywhere, at_platform):
    client = at_platform(everywhere.patient.user)
    page = client.get("/me/appointments/").content.decode()
    assert everywhere.next.pk in page
    assert everywhere.childs.pk in page
    assert everywhere.past.pk in client.get("/me/appointments/", {"when": "past"}).content.decode()
    page = client.get("/me/appointments/", {"clinic": "pwani"}).content.decode()
    assert everywhere.next.pk not in page
    page = client.get("/me/appointments/", {"person": everywhere.child.pk, "when": "evil", "page": "x"})
    assert everywhere.next.pk not in page.content.decode()


def test_visits_of_a_suspended_clinic_stay_visible_without_a_dead_link(everywhere, at_platform):
    everywhere.uzima.status = "suspended"
    everywhere.uzima.save()
    client = at_platform(everywhere.patient.user)
    for path in ("/me/", "/me/appointments/"):
        page = client.get(path).content.decode()
        assert "This clinic is closed for now." in page
        assert hosts.clinic_host(everywhere.uzima) not in page
    assert "Paid KES\xa02,500" in client.get("/me/appointments/").content.decode()


@pytest.mark.parametrize(("path", "most"), [("/me/", 9), ("/me/appointments/", 9)])
def test_more_visits_and_clinics_cost_no_more_statements(
    everywhere, at_platform, django_assert_max_num_queries, path, most, now
):
    for number in range(1, 15):
        factories.make_appointment(everywhere.patient, everywhere.doctor, now + timedelta(days=number, hours=3))
        factories.make_appointment(everywhere.child, everywhere.other_doctor, now + timedelta(days=number, hours=4))
    client = at_platform(everywhere.patient.user)
    client.get(path)
    with django_assert_max_num_queries(most):
        client.get(path)


def test_what_was_given_back_is_said(everywhere, at_platform, now):
    factories.make_appointment(
        everywhere.patient,
        everywhere.doctor,
        now + timedelta(days=9),
        status="cancelled",
        refund_due=Decimal(1250),
        cancellation_reason="ill",
    )
    page = at_platform(everywhere.patient.user).get("/me/").content.decode()
    assert "Refund: KES\xa01,250." in page
