"""What the lists of the two admin sites ask the database does not grow with their rows, in the page and in the file."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import DoctorClinicRequest, DoctorCredential
from appointments.models import TimeOff
from clinics.admin_sites import clinic_admin, platform_admin
from clinics.emergency import EmergencyAccess
from clinics.models import Clinic
from clinics.services.staff import invite
from content.models import Review, ReviewAnswer, ReviewReport
from precta import clock
from precta.audit.services import record
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests import factories

pytestmark = pytest.mark.django_db
CEILING = 15
PAGES = ("/admin/", "/admin/desk/", "/admin/desk/book/?q=Many", "/admin/staff/", "/admin/doctor-requests/")


def add_one_of_each(cast, number: int) -> None:
    """Rows of their own people, so that each row's names would have to be looked up."""
    now = clock.now()
    patient = factories.make_patient(f"Many{number}", "Wafula", email=f"many{number}@example.test")
    factories.link_patient(patient, cast.uzima)
    doctor = factories.make_doctor(cast.uzima, f"Doctor{number}", "Barasa")
    doctor.verified_by = factories.make_user(f"checks{number}@example.test", role="admin")
    doctor.save(update_fields=["verified_by"])
    applicant = factories.make_doctor(None, f"New{number}", "Mutua", verification_status="pending")
    DoctorClinicRequest.objects.create(doctor=applicant, clinic=cast.uzima)
    DoctorCredential.objects.create(doctor=doctor, type="license", name="Licence")
    factories.make_application(patient.user, decided_by=doctor.verified_by, decided_at=now, status="failed")
    staff = factories.make_staff(cast.uzima, "pharmacist")
    invite(clinic=cast.uzima, by=cast.owner, role="pharmacist", email=f"asked{number}@example.test")
    EmergencyAccess.objects.create(
        user=factories.make_user(f"admin{number}@example.test", role="admin"),
        clinic=cast.uzima,
        reason="A refund hangs",
        opened_at=now - timedelta(days=1),
        expires_at=now - timedelta(hours=23, minutes=30),
    )
    record("sign_in.succeeded", resource=staff, user=staff)
    review = Review.objects.create(
        patient=patient,
        doctor=doctor,
        clinic=cast.uzima,
        consultation_id=f"consultation{number}",
        visited_on=now.date(),
        written_by=patient.user,
        rating=4,
        comment=f"Many{number} was here",
        moderation_status="approved",
        moderated_at=now,
        moderated_by=doctor.verified_by,
    )
    ReviewAnswer.objects.create(review=review, text="x", moderated_by=doctor.verified_by)
    ReviewReport.objects.create(
        review=review,
        reported_by=doctor.user,
        reason="abuse",
        decided_at=now,
        decided_by=doctor.verified_by,
        was_upheld=False,
    )
    factories.make_full_week(doctor)
    visit = factories.make_appointment(patient, doctor, now + timedelta(minutes=5 + number), fee=2500)
    with clinic_context(cast.uzima):
        record("appointment.viewed", resource=visit, user=staff)
        TimeOff.objects.create(
            doctor=doctor, starts_at=now + timedelta(days=9), ends_at=now + timedelta(days=10), reason="x"
        )
        payment = Payment.objects.create(
            user=patient.user,
            type="appointment",
            subject_id=visit.pk,
            amount=2500,
            method="cash",
            provider="cash",
            status="completed",
            taken_by=staff,
            paid_at=now,
            provider_reference=f"{cast.uzima.code}-{visit.pk}",
        )
        Refund.objects.create(payment=payment, key="k", subject_id=visit.pk, amount=5, reason="x", status="queued")


def asked(client, url) -> int:
    client.get(url)  # what is kept for a while is kept now
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url)
        assert answer.status_code == 200, url
        if answer.streaming:
            b"".join(answer.streaming_content)
    return len(queries)


def addresses(site):
    start = "/admin/" if site is clinic_admin else "/"
    lists = [f"{start}{model._meta.label_lower.replace('.', '/')}/" for model in site._registry]
    if site is clinic_admin:
        lists.remove(f"/admin/{Clinic._meta.label_lower.replace('.', '/')}/")  # leads to its form
    return [*lists, *(f"{url}export/" for url in lists), *(PAGES if site is clinic_admin else ("/",))]


@pytest.mark.parametrize("site", [platform_admin, clinic_admin], ids=lambda site: site.name)
def test_many_rows_cost_no_more_statements_than_few(site, cast, at_admin, at_clinic):
    client = at_admin(cast.admin) if site is platform_admin else at_clinic(cast.uzima, cast.owner)
    for number in range(2):
        add_one_of_each(cast, number)
    before = {url: asked(client, url) for url in addresses(site)}
    for number in range(2, 12):
        add_one_of_each(cast, number)
    after = {url: asked(client, url) for url in addresses(site)}
    grown = {url: (before[url], after[url]) for url in after if after[url] > before[url]}
    assert not grown
    assert {url: number for url, number in after.items() if number > CEILING} == {}
