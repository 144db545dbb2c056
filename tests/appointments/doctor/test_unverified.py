"""A doctor who is not verified sees no patients: not refused or withdrawn, nor while a decision or a licence is due."""

from datetime import timedelta
from functools import partial

import pytest

from accounts.models import Doctor, VerificationDecision
from appointments.exceptions import InvalidTransition, NotVerified
from appointments.models import Appointment, Consultation
from appointments.services.attendance import UNVERIFIED, mark_completed, mark_no_show
from appointments.services.consultation import start_consultation
from precta import clock
from precta.outbox.models import OutboxEvent
from precta.tenancy import clinic_context
from tests import factories

pytestmark = pytest.mark.django_db


def become(doctor, status):
    Doctor.objects.filter(pk=doctor.pk).update(verification_status=status)


@pytest.fixture
def visit(cast):
    cast.patient.allergies = ["Penicillin"]
    cast.patient.save()
    starts_at = clock.now() + timedelta(minutes=5)
    return factories.make_appointment(
        cast.patient, cast.doctor, starts_at, consultation_type="video", notes="A strange rash"
    )


def pages(visit):
    """Address → what it answers a doctor who is (verified, waiting, refused)."""
    own = f"/workspace/visits/{visit.pk}/"
    return {
        "/workspace/availability/": (200, 200, 403),
        "/workspace/": (200, 200, 403),
        own: (200, 200, 403),
        "/workspace/patients/": (200, 403, 403),
        f"/workspace/patients/{visit.patient_id}/": (200, 403, 403),
        f"{own}records/": (200, 403, 403),
        f"/appointments/{visit.pk}/room/": (200, 404, 404),
    }


@pytest.mark.parametrize(("place", "status"), [(0, "verified"), (1, "pending"), (2, "rejected")])
def test_what_a_doctor_reads_of_patients_depends_on_the_verification_of_today(cast, at_clinic, visit, place, status):
    become(cast.doctor, status)
    client = at_clinic(cast.uzima, cast.doctor.user)
    answers = {url: client.get(url) for url in pages(visit)}
    assert {url: answer.status_code for url, answer in answers.items()} == {
        url: expected[place] for url, expected in pages(visit).items()
    }
    told = b"".join(answer.content for answer in answers.values()).decode()
    for private in ("Penicillin", "strange rash"):
        assert (private in told) == (status == "verified")


@pytest.mark.parametrize("status", ["pending", "rejected"])
def test_no_visit_begins_and_it_can_still_be_cancelled(cast, at_clinic, visit, status):
    become(cast.doctor, status)
    with clinic_context(cast.uzima):
        with pytest.raises(NotVerified):
            start_consultation(appointment=visit, by_user=cast.doctor.user)
        assert Appointment.objects.get(pk=visit.pk).status == "confirmed"
        assert not Consultation.objects.exists() and not OutboxEvent.objects.exists()
    client = at_clinic(cast.uzima, cast.doctor.user)
    for url in (f"/workspace/visits/{visit.pk}/start/", f"/appointments/{visit.pk}/room/start/"):
        client.post(url)
    with clinic_context(cast.uzima):
        assert Appointment.objects.get(pk=visit.pk).status == "confirmed"


@pytest.mark.parametrize("close", [mark_completed, mark_no_show])
def test_nobody_closes_a_visit_for_which_the_patient_was_told_to_stay_away(cast, visit, close):
    later = visit.scheduled_at + timedelta(hours=1)
    become(cast.doctor, "pending")
    decide = partial(VerificationDecision.objects.create, doctor=cast.doctor)
    with clinic_context(cast.uzima):
        for kind in (None, "approved", "lapsed", "resubmitted"):
            if kind is not None:
                decide(kind=kind)
            with pytest.raises(InvalidTransition) as refused:
                close(appointment=visit, by_user=cast.doctor.user, now=later)
            assert refused.value.current == UNVERIFIED
        VerificationDecision.objects.filter(kind="lapsed").update(created_at=visit.scheduled_at + timedelta(minutes=1))
        VerificationDecision.objects.filter(kind="approved").update(created_at=visit.scheduled_at - timedelta(days=9))
        VerificationDecision.objects.filter(kind="resubmitted").update(created_at=later)
        close(appointment=visit, by_user=cast.doctor.user, now=later)


def test_the_page_of_a_visit_offers_no_room_that_is_closed_to_its_doctor(cast, at_clinic, visit):
    page = f"/workspace/visits/{visit.pk}/"
    room = f"/appointments/{visit.pk}/room/"
    client = at_clinic(cast.uzima, cast.doctor.user)
    assert room in client.get(page).text
    become(cast.doctor, "pending")
    assert room not in client.get(page).text


def test_a_visit_that_had_begun_when_the_licence_lapsed_goes_on_until_the_verification_is_withdrawn(
    cast, at_clinic, visit
):
    with clinic_context(cast.uzima):
        start_consultation(appointment=visit, by_user=cast.doctor.user)
    client = at_clinic(cast.uzima, cast.doctor.user)
    for status, answer in (("pending", 200), ("rejected", 404)):
        become(cast.doctor, status)
        assert client.get(f"/appointments/{visit.pk}/room/").status_code == answer


def test_a_doctor_who_waits_is_told_why_no_visit_begins(cast, at_clinic, visit):
    become(cast.doctor, "pending")
    client = at_clinic(cast.uzima, cast.doctor.user)
    page = client.get(f"/workspace/visits/{visit.pk}/").content.decode()
    assert "Your licence is not verified at the moment" in page and "/start/" not in page
    sent = client.post(f"/workspace/visits/{visit.pk}/start/", follow=True).content.decode()
    assert "Your licence is not verified at the moment" in sent
