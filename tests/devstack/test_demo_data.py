"""The data of `make demo` keeps every rule of the portal."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import Doctor, Patient
from appointments.figures.earnings import earnings
from appointments.models import Appointment, AppointmentStatus, Consultation
from appointments.room.access import why_closed
from clinics.models import Clinic, ClinicStatus
from clinics.periods import Period
from precta import clock
from precta.tenancy import clinic_context
from tests.live import databases

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def empty(django_db_setup, django_db_blocker, monkeypatch, tmp_path):
    """A database of its own without a clinic, and a folder for the provider's ledger."""
    monkeypatch.setenv("PRECTA_DATA", str(tmp_path))
    with django_db_blocker.unblock():
        name = f"{connection.settings_dict['NAME']}_demo"
        databases.make_copy(name)
        try:
            with databases.attached(name):
                for clinic in Clinic.objects.all():
                    clinic.delete(force_drop=True)
                connection.set_schema_to_public()
                yield
        finally:
            databases.drop(name)


def test_the_demo_is_as_large_as_promised_and_breaks_no_invariant(empty):
    call_command("demo", stdout=StringIO())
    out = StringIO()
    call_command("check_invariants", "--json", stdout=out)
    assert not json.loads(out.getvalue() or "{}")

    clinics = list(Clinic.objects.all())
    assert len(clinics) == len({clinic.city for clinic in clinics}) == 4
    assert [clinic.status for clinic in clinics].count(ClinicStatus.SUSPENDED) == 1
    assert Doctor.objects.count() >= 40
    assert len({field for doctor in Doctor.objects.all() for field in doctor.specialties}) >= 12
    assert set(Doctor.objects.values_list("verification_status", flat=True)) == {"verified", "pending", "rejected"}
    assert Patient.objects.count() >= 120
    states: set[str] = set()
    for clinic in clinics:
        with clinic_context(clinic):
            met = Appointment.objects.filter(status__in=["in_progress", "completed"])
            assert Consultation.objects.count() == met.count() == met.filter(consultation__isnull=False).count()
            signed = Consultation.objects.filter(finished_at__isnull=False)
            assert signed.count() > 0.9 * Consultation.objects.count() > 90
            states |= set(Appointment.objects.values_list("status", flat=True))
    assert states == set(AppointmentStatus.values)
    with clinic_context(next(clinic for clinic in clinics if clinic.slug == "uzima")):
        open_rooms = [
            v for v in Appointment.objects.filter(consultation_type="video") if not why_closed(v, now=clock.now())
        ]
        pairs = {(v.booked_by.email.partition("@")[0], v.doctor.user.email.partition("@")[0]) for v in open_rooms}
    assert ("amina", "njoroge") in pairs
    # The month that the doctor whom visitors sign in as looks at: every way to pay, and something that went back.
    njoroge = Doctor.objects.select_related("clinic").get(user__email__startswith="njoroge@")
    today = clock.now().astimezone(njoroge.clinic.policy.tz).date()
    with clinic_context(njoroge.clinic):
        (told,) = earnings(njoroge, Period(today - timedelta(days=30), today, "day"))
    assert set(told.methods) == {"mpesa", "card", "cash"}
    assert len(told.buckets) > 15
    assert 0 < told.total.refunded < told.total.paid / 2
