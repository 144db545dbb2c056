"""A completed visit, its consultation, and reviews of it in any state."""

from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace

import pytest

from content.models import Review
from precta import clock
from precta.tenancy import clinic_context
from tests import factories

AT = datetime(2026, 3, 2, 7, tzinfo=UTC)
_numbers = count()
SAID = {"rating": "4", "comment": "She listened and explained what to do next."}


def make_seen(patient, doctor, at=AT, *, status="completed", **extra):
    """A visit and its consultation: `(visit, consultation)`."""
    visit = factories.make_appointment(patient, doctor, at, status=status, **extra)
    return visit, factories.make_consultation(visit)


def make_review(patient, doctor, *, rating=4, status="pending", at=None, **extra):
    """A review of a visit of its own: at `at`, or at a time of March that no other takes."""
    at = at or AT + timedelta(hours=next(_numbers) % 600, minutes=30)
    visit, consultation = make_seen(patient, doctor, at)
    decided = {} if status == "pending" else {"moderated_at": clock.now()}
    if status == "rejected":
        decided["rejection_reason"] = "It names a person."
    return Review.objects.create(
        **{
            "patient": patient,
            "doctor": doctor,
            "clinic": doctor.clinic,
            "consultation_id": consultation.pk,
            "visited_on": visit.scheduled_at.date(),
            "written_by": patient.user,
            "rating": rating,
            "comment": "She listened.",
            "moderation_status": status,
        }
        | decided
        | extra
    )


def make_reviews(doctor, ratings, *, status="approved"):
    """One review by a patient of its own for each of `ratings`."""
    return [
        make_review(factories.make_patient(f"Person{n}", "Wanjala"), doctor, rating=rating, status=status)
        for n, rating in enumerate(ratings)
    ]


@pytest.fixture
def seen(cast):
    visit, consultation = make_seen(cast.patient, cast.doctor)
    return SimpleNamespace(visit=visit, consultation=consultation, url=f"/consultations/{consultation.pk}/review/")


@pytest.fixture
def in_clinic(cast):
    with clinic_context(cast.uzima):
        yield cast.uzima
