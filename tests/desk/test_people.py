"""A patient's page, a visit's page, and the hours and absences of doctors as the desk sees them."""

from datetime import timedelta

import pytest

from accounts.models import Patient, User
from appointments.models import Appointment, TimeOff
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from precta.payments.models import Refund
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.money_helpers import broken_invariants
from tests.desk.test_visits import fresh, state

pytestmark = pytest.mark.django_db


def patient_url(ground):
    return f"/admin/accounts/clinicpatient/{ground.patient.clinic_links.get(clinic=ground.uzima).pk}/change/"


def hours_url(doctor, tail=""):
    return f"/admin/desk/doctors/{doctor.pk}/{tail}"


@pytest.mark.parametrize("role", ["front_desk", "manager", "owner"])
def test_a_patients_page_has_contact_visits_and_payments_of_this_clinic_alone(ground, desk, role):
    User.objects.filter(pk=ground.patient.pk).update(phone="+254712345678", phone_verified=True)
    Patient.objects.filter(pk=ground.patient.pk).update(allergies=["penicillin"], blood_type="AB-")
    coming = ground.paid(days=3, notes="cough since Monday")
    past = factories.make_appointment(ground.patient, ground.doctor, ground.at(-9), status="completed")
    never = factories.make_appointment(
        ground.patient, ground.doctor, ground.at(-8), status="cancelled", cancellation_reason="hold expired"
    )
    elsewhere = factories.make_appointment(ground.patient, ground.other_doctor, ground.at(4))
    page = desk(role).get(patient_url(ground)).content.decode()
    for word in ("0712 345678", "amina@example.test", coming.pk, past.pk, "KES\xa02,500"):
        assert word in page, word
    for word in ("penicillin", "AB-", "cough", never.pk, elsewhere.pk, "Kiprono"):
        assert word not in page, word


def test_opening_a_patients_page_is_written_into_the_clinics_trail(ground, desk):
    client = desk()
    client.get("/admin/accounts/clinicpatient/")
    with clinic_context(ground.uzima):
        assert not AuditLog.objects.filter(action="patient.viewed").exists()
    client.get(patient_url(ground))
    with clinic_context(ground.uzima):
        entry = AuditLog.objects.get(action="patient.viewed")
        assert (entry.resource_id, entry.user_id) == (ground.patient.pk, desk.people["front_desk"].pk)
    desk("pharmacist").get(patient_url(ground))
    with clinic_context(ground.uzima):
        assert AuditLog.objects.filter(action="patient.viewed").count() == 1


def test_many_visits_make_a_patients_page_no_slower(ground, desk, django_assert_max_num_queries):
    for days in range(1, 30):
        ground.paid(days=days, hour=6)
    client = desk()
    client.get(patient_url(ground))
    with django_assert_max_num_queries(20):
        assert client.get(patient_url(ground)).status_code == 200


def test_a_visits_page_offers_what_can_be_done_and_shows_its_money(ground, desk):
    visit = ground.paid(days=3, method="cash")
    page = desk().get(f"/admin/appointments/appointment/{visit.pk}/change/").content.decode()
    for word in (f"/admin/desk/visits/{visit.pk}/move/", f"/admin/desk/visits/{visit.pk}/cancel/", "KES\xa02,500"):
        assert word in page
    done = ground.paid(days=-3, status="completed")
    page = desk().get(f"/admin/appointments/appointment/{done.pk}/change/").content.decode()
    assert f"/admin/desk/visits/{done.pk}/cancel/" not in page


def test_the_desk_sees_hours_and_absences_and_only_those_who_run_the_clinic_change_them(ground, desk):
    with clinic_context(ground.uzima):
        off = TimeOff.objects.create(
            doctor=ground.doctor, starts_at=ground.at(5), ends_at=ground.at(6), reason="private note"
        )
    page = desk().get(hours_url(ground.doctor)).content.decode()
    assert "08:00–17:00" in page and "private note" not in page and "Add time off" not in page
    page = desk("manager").get(hours_url(ground.doctor)).content.decode()
    assert "Add time off" in page and off.pk in page
    for tail in ("time-off/", f"time-off/{off.pk}/remove/"):
        assert desk().get(hours_url(ground.doctor, tail)).status_code == 403
        assert desk().post(hours_url(ground.doctor, tail)).status_code == 403
        assert desk("owner").get(hours_url(ground.other_doctor, tail)).status_code == 404
    assert desk().get(hours_url(ground.other_doctor)).status_code == 404
    assert desk("pharmacist").get(hours_url(ground.doctor)).status_code == 403


def off_form(day, **changes):
    return {"first_day": day.isoformat(), "last_day": day.isoformat(), "from_time": "", "until_time": "", **changes}


def test_time_off_shows_the_visits_in_the_way_and_then_tells_their_patients(ground, desk):
    visit = ground.paid(days=5)
    day = visit.scheduled_at.date()
    client = desk("owner")
    before = state(ground.uzima)
    answer = client.post(hours_url(ground.doctor, "time-off/"), off_form(day))
    assert answer.status_code == 200 and "Amina Hassan" in answer.content.decode()
    assert state(ground.uzima) == before
    # Somebody books in between: what was shown is not what would be told.
    other = ground.paid(days=5, hour=11, patient=ground.other_patient)
    before = state(ground.uzima)
    data = off_form(day, decision="tell", shown=[visit.pk])
    assert client.post(hours_url(ground.doctor, "time-off/"), data).status_code == 409
    assert state(ground.uzima) == before
    answer = client.post(hours_url(ground.doctor, "time-off/"), data | {"shown": [visit.pk, other.pk]})
    assert answer.status_code == 302
    with clinic_context(ground.uzima):
        assert TimeOff.objects.get().doctor_id == ground.doctor.pk
        assert OutboxEvent.objects.filter(kind="appointment.displaced").count() == 2
        assert AuditLog.objects.get(action="time_off.added").user_id == desk.people["owner"].pk
    assert fresh(visit).status == "confirmed"


def test_time_off_that_cancels_gives_everything_back(ground, desk):
    visit = ground.paid(days=5)
    data = off_form(visit.scheduled_at.date(), decision="cancel", shown=[visit.pk])
    assert desk("manager").post(hours_url(ground.doctor, "time-off/"), data).status_code == 302
    assert fresh(visit).status == "cancelled"
    with clinic_context(ground.uzima):
        assert Refund.objects.get().amount == 2500
    assert not broken_invariants(ground.uzima)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"last_day": "2020-01-01"}, 400),
        ({"first_day": "2027-02-31"}, 400),
        ({"first_day": ""}, 400),
        ({"from_time": "17:00", "until_time": "09:00"}, 409),
    ],
)
def test_a_time_off_that_cannot_be_changes_nothing(ground, desk, changes, status):
    before = state(ground.uzima)
    data = off_form(ground.at(9).date(), **changes)
    assert desk("owner").post(hours_url(ground.doctor, "time-off/"), data).status_code == status
    assert state(ground.uzima) == before


def test_a_time_off_is_removed_and_those_who_stayed_are_told(ground, desk):
    visit = ground.paid(days=5)
    with clinic_context(ground.uzima):
        starts_at = visit.scheduled_at - timedelta(hours=1)
        off = TimeOff.objects.create(doctor=ground.doctor, starts_at=starts_at, ends_at=starts_at + timedelta(hours=4))
    url = hours_url(ground.doctor, f"time-off/{off.pk}/remove/")
    assert "still booked" in desk("owner").get(url).content.decode()
    assert desk("owner").post(url).status_code == 302
    with clinic_context(ground.uzima):
        assert not TimeOff.objects.exists()
        assert OutboxEvent.objects.filter(kind="appointment.reinstated").count() == 1
    assert desk("owner").post(url).status_code == 404
    with clinic_context(ground.uzima):
        assert Appointment.objects.get().status == "confirmed"
