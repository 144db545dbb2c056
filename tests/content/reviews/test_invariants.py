"""I9 is quiet over sound data and names each seeded untruth."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.models import Doctor
from appointments.models import Appointment
from appointments.services.projections import recount_consultations
from content.models import Review
from content.services.moderation import approve_review
from precta.outbox.models import OutboxEvent
from precta.tenancy import clinic_context
from tests.content.reviews.conftest import make_review

pytestmark = pytest.mark.django_db


def broken():
    out = StringIO()
    try:
        call_command("check_invariants", "--json", "--only", "I9", stdout=out)
    except SystemExit as stop:
        assert stop.code == 1
    return json.loads(out.getvalue()).get("I9", {})


@pytest.fixture
def review(cast):
    review = make_review(cast.patient, cast.doctor, rating=4)
    approve_review(review=review, by=cast.admin)
    with clinic_context(cast.uzima):
        recount_consultations(cast.doctor.pk)
    assert broken() == {}
    return review


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("average_rating", "4.1", "rating 4.1 of 1, counted 4.0 of 1"),
        ("average_rating", "0", "rating 0.0 of 1, counted 4.0 of 1"),
        ("total_reviews", 0, "rating 4.0 of 0, counted 4.0 of 1"),
        ("total_reviews", 2, "rating 4.0 of 2, counted 4.0 of 1"),
        ("total_consultations", 0, "0 consultations, counted 1"),
        ("total_consultations", 7, "7 consultations, counted 1"),
    ],
)
def test_a_doctors_figure_that_differs_is_named(cast, review, field, value, says):
    Doctor.objects.filter(pk=cast.doctor.pk).update(**{field: value})
    assert broken() == {"public": [f"{cast.doctor.pk}: {says}"]}


def test_a_review_that_was_decided_without_counting_is_named(cast, review):
    Review.objects.filter(pk=review.pk).update(moderation_status="pending")
    assert broken() == {"public": [f"{cast.doctor.pk}: rating 4.0 of 1, counted 0 of 0"]}


def test_stars_changed_behind_the_rating_are_named(cast, review):
    Review.objects.filter(pk=review.pk).update(rating=1)
    assert broken() == {"public": [f"{cast.doctor.pk}: rating 4.0 of 1, counted 1.0 of 1"]}


def test_visits_of_another_clinic_count_too(cast, review):
    make_review(cast.other_patient, cast.other_doctor)
    assert broken() == {"public": [f"{cast.other_doctor.pk}: 0 consultations, counted 1"]}


def test_a_visit_whose_event_is_on_its_way_is_not_called_wrong(cast, review):
    second = make_review(cast.other_patient, cast.doctor, at=review.created_at)
    assert broken() != {}
    with clinic_context(cast.uzima):
        visit = Appointment.objects.get(consultation__pk=second.consultation_id)
        OutboxEvent.objects.create(kind="appointment.completed", payload={"appointment_id": visit.pk})
    assert broken() == {}


@pytest.mark.parametrize("change", ["consultation", "patient", "doctor", "status"])
def test_a_review_that_no_visit_stands_behind_is_named(cast, review, change):
    changes = {
        "consultation": {"consultation_id": "nothing"},
        "patient": {"patient": cast.other_patient},
        "doctor": {"doctor": cast.other_doctor},
    }
    if change == "status":
        with clinic_context(cast.uzima):
            Appointment.objects.filter(consultation__pk=review.consultation_id).update(status="no_show")
    else:
        Review.objects.filter(pk=review.pk).update(**changes[change])
    assert broken()["clinic_uzima"] == [f"{review.pk}: no completed visit"]
