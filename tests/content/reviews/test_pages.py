"""The doctor's page and answer, a person's own reviews, and the parts of other pages."""

from datetime import timedelta

import pytest

from accounts.models import Doctor
from content.models import Review, ReviewAnswer
from precta import clock
from tests.content.reviews.conftest import AT, make_review, make_reviews, make_seen

pytestmark = pytest.mark.django_db


def test_a_doctor_reads_what_is_published_at_this_clinic_only(cast, at_clinic, django_assert_max_num_queries):
    make_review(cast.patient, cast.doctor, status="approved", comment="Published here")
    make_review(cast.other_patient, cast.doctor, comment="Not yet", at=AT + timedelta(days=1))
    Review.objects.filter(
        pk=make_review(
            cast.other_patient, cast.doctor, status="approved", comment="Elsewhere", at=AT + timedelta(days=2)
        ).pk
    ).update(clinic=cast.pwani)
    client = at_clinic(cast.uzima, cast.doctor.user)
    page = client.get("/workspace/reviews/").text
    assert "Published here" in page and "Not yet" not in page and "Elsewhere" not in page
    assert "Amina H." in page and "Hassan" not in page
    make_reviews(cast.doctor, [5] * 12)
    with django_assert_max_num_queries(9):
        client.get("/workspace/reviews/")


def test_a_doctor_answers_on_the_page(cast, at_clinic):
    review = make_review(cast.patient, cast.doctor, status="approved")
    client = at_clinic(cast.uzima, cast.doctor.user)
    url = f"/workspace/reviews/{review.pk}/answer/"
    assert review.comment in client.get(url).text
    assert client.post(url, {"text": ""}).status_code == client.post(url, {"text": "x" * 1501}).status_code == 400
    assert client.post(url, {"text": "Thank you"})["Location"] == "/workspace/reviews/"
    answer = ReviewAnswer.objects.get()
    assert (answer.text, answer.moderation_status) == ("Thank you", "pending")
    ReviewAnswer.objects.update(moderation_status="approved", moderated_at=clock.now())
    response = client.post(url, {"text": "More"})
    assert response.status_code == 409 and "A moderator was first." in response.text
    answer.refresh_from_db()
    assert answer.text == "Thank you"


def test_nobody_answers_what_is_not_theirs_or_not_published(cast, at_clinic):
    theirs = make_review(cast.patient, cast.other_doctor, status="approved")
    waiting = make_review(cast.other_patient, cast.doctor, at=AT + timedelta(days=1))
    client = at_clinic(cast.uzima, cast.doctor.user)
    for review in (theirs, waiting):
        assert client.post(f"/workspace/reviews/{review.pk}/answer/", {"text": "x"}).status_code == 404
    mine = make_review(cast.patient, cast.doctor, status="approved", at=AT + timedelta(days=2))
    for person in (cast.patient.user, cast.staff, cast.other_doctor.user):
        response = at_clinic(cast.uzima, person).post(f"/workspace/reviews/{mine.pk}/answer/", {"text": "x"})
        assert response.status_code == 403
    assert not ReviewAnswer.objects.exists()


def test_a_person_reads_their_own_reviews_with_what_was_decided(cast, at_platform):
    make_review(cast.patient, cast.doctor, status="rejected", comment="Mine, refused")
    make_review(cast.patient, cast.doctor, comment="Mine, waiting", at=AT + timedelta(days=1))
    make_review(cast.other_patient, cast.doctor, comment="Another’s", at=AT + timedelta(days=2))
    page = at_platform(cast.patient.user).get("/me/reviews/").text
    assert "Mine, refused" in page and "It names a person." in page and "Mine, waiting" in page
    assert "Another’s" not in page
    assert at_platform(cast.doctor.user).get("/me/reviews/").status_code == 403


def test_the_visits_page_invites_and_then_says_what_became_of_it(cast, at_clinic):
    visit, consultation = make_seen(cast.patient, cast.doctor)
    client = at_clinic(cast.uzima, cast.patient.user)
    url = f"/appointments/{visit.pk}/"
    assert f"/consultations/{consultation.pk}/review/" in client.get(url).text
    client.post(f"/consultations/{consultation.pk}/review/", {"rating": "5"})
    assert "Waiting for moderation" in client.get(url).text
    Review.objects.update(moderation_status="rejected", moderated_at=clock.now(), rejection_reason="Too private")
    assert "Too private" in client.get(url).text


@pytest.mark.parametrize("status", ["confirmed", "cancelled", "no_show"])
def test_a_visit_that_is_not_completed_invites_to_nothing(cast, at_clinic, status):
    visit, _consultation = make_seen(cast.patient, cast.doctor, status=status)
    assert "/review/" not in at_clinic(cast.uzima, cast.patient.user).get(f"/appointments/{visit.pk}/").text


def test_the_first_page_asks_for_visits_that_nobody_reviewed(cast, at_platform):
    _visit, consultation = make_seen(cast.patient, cast.doctor, clock.now() - timedelta(days=2))
    make_review(cast.patient, cast.doctor, at=clock.now() - timedelta(days=3))
    client = at_platform(cast.patient.user)
    page = client.get("/me/").text
    assert page.count("/review/") == 1 and f"/consultations/{consultation.pk}/review/" in page
    Review.objects.create(
        patient=cast.patient,
        doctor=cast.doctor,
        clinic=cast.uzima,
        consultation_id=consultation.pk,
        visited_on=AT.date(),
        written_by=cast.patient.user,
        rating=3,
    )
    assert "/review/" not in client.get("/me/").text


def test_a_persons_own_reviews_are_in_their_menu(cast, at_platform):
    assert 'href="/me/reviews/"' in at_platform(cast.patient.user).get("/me/").text


def test_own_reviews_lead_only_to_doctors_who_are_found(cast, at_platform, at_clinic):
    row = make_review(cast.patient, cast.doctor, status="approved")
    ReviewAnswer.objects.create(
        review=row, text="Thank you, come again", moderation_status="approved", moderated_at=clock.now()
    )
    pages = {
        "/me/reviews/": at_platform(cast.patient.user),
        f"/consultations/{row.consultation_id}/review/": at_clinic(cast.uzima, cast.patient.user),
        "/workspace/reviews/": at_clinic(cast.uzima, cast.doctor.user),
    }
    place = f"/doctors/{cast.doctor.pk}/reviews/"
    assert all(place in client.get(path).text for path, client in pages.items())
    Doctor.objects.filter(pk=cast.doctor.pk).update(verification_status="rejected")
    assert not any(place in client.get(path).text for path, client in pages.items())
    assert "Thank you, come again" in pages["/me/reviews/"].get("/me/reviews/").text
