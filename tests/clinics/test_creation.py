"""A clinic comes into being whole or not at all."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from clinics.exceptions import SlugRefused
from clinics.models import Clinic, Domain, Membership
from clinics.services.creation import create_clinic
from precta.tenancy import clinic_context
from tests.factories import make_user


@pytest.mark.django_db
def test_a_new_clinic_has_a_schema_a_host_and_an_owner():
    owner = make_user()
    clinic = create_clinic(name="Kisumu Eye Care", slug="kisumu-eye", owner=owner, city="Kisumu")
    assert clinic.schema_name == "clinic_kisumu_eye"
    assert Domain.objects.get(tenant=clinic).domain == "kisumu-eye.precta.localhost"
    assert Membership.objects.get(clinic=clinic).user == owner
    with clinic_context(clinic):
        assert "appointments_appointment" in connection.introspection.table_names()


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ["admin", "www", "Upper", "1st", "ends-", "a", "under_score", "ends\n", "x" * 60])
def test_a_bad_or_reserved_address_name_is_refused_and_leaves_nothing(slug):
    before = Clinic.objects.count()
    with pytest.raises(SlugRefused):
        create_clinic(name="Nope", slug=slug)
    assert Clinic.objects.count() == before


@pytest.mark.django_db
def test_no_clinic_table_exists_in_public():
    assert not {t for t in connection.introspection.table_names() if t.startswith(("appointments_", "payments_"))}


@pytest.mark.django_db
def test_a_time_zone_that_does_not_exist_is_refused_before_every_page_meets_it():
    with pytest.raises(CommandError, match="No time zone is called Africa/Nowhere"):
        call_command("create_clinic", "nowhere", "Nowhere", "--time-zone", "Africa/Nowhere")
    assert not Clinic.objects.filter(slug="nowhere").exists()
