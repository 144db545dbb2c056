from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import DoctorCredential, UserStatus
from clinics.services.creation import create_clinic
from precta.tenancy import clinic_context
from tests import factories
from tests.pharmacy.shelf import make_medicine

CEILING = 15


def test_the_platforms_first_page_says_what_waits(cast, at_admin, django_assert_max_num_queries):
    sent = timezone.now() - timedelta(days=3)
    factories.make_doctor(cast.uzima, verification_status="pending", submitted_at=sent)
    DoctorCredential.objects.create(
        doctor=cast.doctor,
        type="license",
        name="Licence",
        file_url="x",
        verification_status="verified",
        expires_at=timezone.localdate() + timedelta(days=10),
    )
    type(cast.owner).objects.filter(pk=cast.owner.pk).update(status=UserStatus.SUSPENDED)
    client = at_admin(cast.admin)
    with django_assert_max_num_queries(CEILING):
        page = client.get("/").content.decode()
    assert "Doctors to verify" in page and "the oldest for 3" in page
    assert "/accounts/doctor/?queue=waiting" in page
    assert "Credentials that expire within 60 days" in page
    assert client.get("/accounts/doctorcredential/?expires=soon").content.decode().count("Licence") == 1
    assert "Nothing to do for:" in page and "Suspended clinics" in page
    assert "Recent actions" not in page


def test_a_clinics_first_page_says_what_waits_for_the_role(cast, at_clinic, django_assert_max_num_queries):
    now = timezone.now()
    noon = timezone.localtime(now, cast.uzima.policy.tz).replace(hour=12, minute=0, second=0, microsecond=0)
    factories.make_appointment(cast.patient, cast.doctor, noon, arrived_at=noon)
    factories.make_appointment(cast.patient, cast.doctor, noon + timedelta(days=2), status="pending_payment", fee=100)
    client = at_clinic(cast.uzima, cast.staff)
    with django_assert_max_num_queries(CEILING):
        page = client.get("/admin/").content.decode()
    for line in (
        "<b>1</b> <span>Visits today",
        "<b>1</b> <span>Patients who have arrived",
        "<b>1</b> <span>Times held",
    ):
        assert line in page, line
    other = at_clinic(cast.uzima, factories.make_staff(cast.uzima, "pharmacist")).get("/admin/").content.decode()
    assert "Visits today" not in other


def test_where_nothing_waits_a_sentence_says_so(cast, at_clinic):
    page = at_clinic(cast.uzima, cast.owner).get("/admin/").content.decode()
    assert "Nothing waits for you right now" in page


@pytest.mark.parametrize("role", ["owner", "front_desk", "pharmacist"])
def test_the_menu_offers_what_the_role_may_open_and_nothing_else(cast, at_clinic, role):
    page = at_clinic(cast.uzima, factories.make_staff(cast.uzima, role)).get("/admin/").content.decode()
    assert ("/admin/audit/auditlog/" in page) == (role == "owner")
    assert ("/admin/payments/payment/" in page) == (role != "pharmacist")
    assert "/admin/accounts/doctor/" in page


def test_an_apps_own_page_leads_to_the_menu(cast, at_clinic):
    assert at_clinic(cast.uzima, cast.owner).get("/admin/accounts/")["Location"] == "/admin/"


def test_the_owner_of_a_new_clinic_reads_what_to_do_first(cast, at_clinic, django_assert_max_num_queries):
    clinic = create_clinic(name="Fresh", slug="fresh", owner=cast.other_patient.user, address="Moi Avenue 1")
    client = at_clinic(clinic, cast.other_patient.user)
    with django_assert_max_num_queries(CEILING):
        page = client.get("/admin/").content.decode()
    assert "First steps for your clinic" in page
    for url in ("/admin/staff/invite/", "/admin/doctor-requests/", f"/admin/clinics/clinic/{clinic.pk}/change/"):
        assert f'<a href="{url}">' in page
    assert "/join/doctor/ and choose your clinic" in page


def test_first_steps_go_when_they_are_taken(cast, at_clinic):
    factories.make_full_week(cast.doctor)
    client = at_clinic(cast.uzima, cast.owner)
    page = client.get("/admin/").content.decode()
    assert "Check the clinic&#x27;s page" in page and "(done)" in page
    type(cast.uzima).objects.filter(pk=cast.uzima.pk).update(
        description="Care.", operating_hours={"1": [["08:00", "17:00"]]}
    )
    page = client.get("/admin/").content.decode()
    assert "First steps" in page and "Fill the pharmacy&#x27;s catalogue" in page
    with clinic_context(cast.uzima):
        make_medicine(cast.owner)
    assert "First steps" not in client.get("/admin/").content.decode()


def test_first_steps_are_for_those_who_run_the_clinic_and_for_a_month(cast, at_clinic):
    assert "First steps" not in at_clinic(cast.uzima, cast.staff).get("/admin/").content.decode()
    type(cast.uzima).objects.filter(pk=cast.uzima.pk).update(created_at=timezone.now() - timedelta(days=31))
    assert "First steps" not in at_clinic(cast.uzima, cast.owner).get("/admin/").content.decode()
