"""A review is written of a completed visit of one's own, once, and changed until it is decided on."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, connections, transaction

from accounts.models import Doctor
from accounts.services.family import add_child
from content.exceptions import TakenBack
from content.models import ModerationStatus, Review
from content.selectors_reviews import seen_visit
from content.services.moderation import approve_review, reject_review
from content.services.reviews import withdraw_review, write_review
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from precta.tenancy import clinic_context
from tests import factories
from tests.content.reviews.conftest import AT, SAID, make_seen

pytestmark = pytest.mark.django_db


def write(cast, seen, **said):
    with clinic_context(cast.uzima):
        visit = seen_visit(user=cast.patient.user, clinic=cast.uzima, consultation_id=seen.consultation.pk)
    words = {"rating": 4, "comment": "Good", "is_anonymous": False, "language": "en"} | said
    return write_review(visit=visit, by_user=cast.patient.user, **words)


def test_the_patient_of_a_completed_visit_writes_one(cast, seen, at_clinic):
    client = at_clinic(cast.uzima, cast.patient.user)
    assert "How was your visit?" in client.get(seen.url).text
    response = client.post(seen.url, SAID | {"is_anonymous": "on"})
    assert (response.status_code, response["Location"]) == (302, seen.url)
    review = Review.objects.get()
    assert (review.patient_id, review.doctor_id, review.clinic_id) == (cast.patient.pk, cast.doctor.pk, cast.uzima.pk)
    assert (review.consultation_id, review.rating, review.comment) == (seen.consultation.pk, 4, SAID["comment"])
    assert review.is_anonymous and review.moderation_status == ModerationStatus.PENDING
    assert review.visited_on == seen.consultation.started_at.date()
    assert AuditLog.objects.filter(action="review.written", resource_id=review.pk, user=cast.patient.user).exists()
    page = client.get(seen.url).text
    assert "We have your review" in page and SAID["comment"] in page


def test_a_guardian_writes_for_a_child_and_a_former_one_does_not(cast, at_clinic):
    link = add_child(
        guardian=cast.patient,
        by=cast.patient.user,
        values={"first_name": "Zawadi", "last_name": "Hassan", "date_of_birth": (AT - timedelta(days=900)).date()},
    )
    _visit, consultation = make_seen(link.child, cast.doctor, booked_by=cast.patient.user)
    url = f"/consultations/{consultation.pk}/review/"
    client = at_clinic(cast.uzima, cast.patient.user)
    assert client.post(url, SAID).status_code == 302
    review = Review.objects.get()
    assert (review.patient_id, review.written_by_id) == (link.child_id, cast.patient.user.pk)
    link.ended_at = AT
    link.save()
    assert client.get(url).status_code == client.post(url, SAID).status_code == 404


@pytest.mark.parametrize("status", ["pending_payment", "confirmed", "in_progress", "cancelled", "no_show"])
def test_no_review_of_a_visit_that_is_not_completed(cast, at_clinic, status):
    _visit, consultation = make_seen(cast.patient, cast.doctor, status=status)
    client = at_clinic(cast.uzima, cast.patient.user)
    url = f"/consultations/{consultation.pk}/review/"
    assert client.get(url).status_code == client.post(url, SAID).status_code == 404
    assert not Review.objects.exists()


def test_no_review_without_a_visit_by_any_request(cast, seen, at_clinic, at_platform):
    """Other people’s, other clinics’, none at all, and a visit’s id in the place of a consultation’s."""
    theirs = make_seen(cast.other_patient, cast.doctor, AT + timedelta(days=1))[1]
    elsewhere = make_seen(cast.patient, cast.other_doctor, AT + timedelta(days=2))[1]
    mine = at_clinic(cast.uzima, cast.patient.user)
    forged = {
        **SAID,
        "doctor_id": cast.other_doctor.pk,
        "doctor": cast.other_doctor.pk,
        "patient_id": cast.other_patient.pk,
        "clinic": cast.pwani.pk,
        "clinic_id": cast.pwani.pk,
        "consultation_id": seen.consultation.pk,
        "visited_on": "2020-01-01",
        "moderation_status": "approved",
        "written_by": cast.other_patient.pk,
    }
    for pk in (theirs.pk, elsewhere.pk, seen.visit.pk, "0", "nothing", cast.patient.pk):
        assert mine.get(f"/consultations/{pk}/review/").status_code == 404
        assert mine.post(f"/consultations/{pk}/review/", forged).status_code == 404
        assert mine.post(f"/consultations/{pk}/review/withdraw/", forged).status_code == 404
    assert at_clinic(cast.pwani, cast.patient.user).post(seen.url, forged).status_code == 404
    assert at_platform(cast.patient.user).post(seen.url, forged).status_code == 404
    assert at_clinic(cast.uzima).post(seen.url, forged).status_code == 302  # a stranger is led to the sign-in
    for person in (cast.staff, cast.owner, cast.doctor.user, cast.other_doctor.user, cast.other_patient.user):
        assert at_clinic(cast.uzima, person).post(seen.url, forged).status_code == 404
    assert not Review.objects.exists()
    # What a request says of doctor, patient, clinic or state beside its own visit is not listened to.
    assert mine.post(seen.url, forged).status_code == 302
    review = Review.objects.get()
    assert (review.doctor_id, review.patient_id, review.clinic_id) == (cast.doctor.pk, cast.patient.pk, cast.uzima.pk)
    assert (review.moderation_status, review.written_by_id) == ("pending", cast.patient.pk)
    assert review.visited_on == seen.consultation.started_at.date()


def test_nobody_judges_who_they_work_with_and_no_doctor_themselves(cast, at_clinic):
    worker = factories.make_patient("Joy", "Naliaka", user=cast.staff)
    consultation = make_seen(worker, cast.doctor)[1]
    url = f"/consultations/{consultation.pk}/review/"
    assert at_clinic(cast.uzima, cast.staff).post(url, SAID).status_code == 403
    colleague = factories.make_doctor(cast.uzima, "Otieno", "Were")
    as_patient = factories.make_patient("Otieno", "Were", user=colleague.user)
    consultation = make_seen(as_patient, cast.doctor, AT + timedelta(days=1))[1]
    url = f"/consultations/{consultation.pk}/review/"
    assert at_clinic(cast.uzima, colleague.user).post(url, SAID).status_code == 403
    consultation = make_seen(as_patient, colleague, AT + timedelta(days=2))[1]
    url = f"/consultations/{consultation.pk}/review/"
    assert at_clinic(cast.uzima, colleague.user).post(url, SAID).status_code == 404
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    "rating", ["", "0", "6", "-1", "NaN", "4.5", "1e0", "five", "５", "4\x00", "Infinity", "4 OR 1=1"]
)
def test_only_one_to_five_stars(cast, seen, at_clinic, rating):
    response = at_clinic(cast.uzima, cast.patient.user).post(seen.url, SAID | {"rating": rating})
    assert response.status_code == 400
    assert "Choose one to five stars." in response.text
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    "comment",
    ["x" * 2001, "a\x00b", "left \u202egnihtyreve", "bell\x07", "\ufffd", "x" * 1_000_000],
)
def test_a_text_that_cannot_be_shown_or_is_too_long_is_refused(cast, seen, at_clinic, comment):
    response = at_clinic(cast.uzima, cast.patient.user).post(seen.url, SAID | {"comment": comment})
    assert response.status_code == 400
    assert not Review.objects.exists()


def test_a_body_larger_than_any_form_is_refused_before_it_is_read(cast, seen, at_clinic):
    response = at_clinic(cast.uzima, cast.patient.user).post(seen.url, SAID | {"comment": "x" * 5_000_000})
    assert response.status_code == 413
    assert not Review.objects.exists()


def test_lines_count_once_and_markup_is_text(cast, seen, at_clinic):
    client = at_clinic(cast.uzima, cast.patient.user)
    comment = "<script>alert(1)</script>\r\n" + "y\r\n" * 900
    assert client.post(seen.url, SAID | {"comment": comment}).status_code == 302
    assert Review.objects.get().comment.startswith("<script>alert(1)</script>\ny\ny")
    page = client.get(seen.url).text
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page


def test_methods_and_addresses_that_are_not_there(cast, seen, at_clinic):
    client = at_clinic(cast.uzima, cast.patient.user)
    assert client.put(seen.url).status_code == client.delete(seen.url).status_code == 405
    assert client.get("/consultations/../review/").status_code == 404
    assert client.get("/consultations/%00/review/").status_code == 404


def test_it_changes_until_a_moderator_has_decided(cast, seen, at_clinic):
    client = at_clinic(cast.uzima, cast.patient.user)
    client.post(seen.url, SAID)
    client.post(seen.url, {"rating": "2", "comment": "On second thoughts"})
    review = Review.objects.get()
    assert (review.rating, review.comment) == (2, "On second thoughts")
    approve_review(review=review, by=cast.admin)
    response = client.post(seen.url, {"rating": "1", "comment": "Too late"})
    assert response.status_code == 409
    assert "A moderator was first." in response.text
    assert "Your review is published." in response.text
    review.refresh_from_db()
    assert (review.rating, review.comment) == (2, "On second thoughts")
    assert client.get(seen.url).context["form"] is None


def test_it_is_taken_back_after_asking_and_written_again(cast, seen, at_clinic):
    client = at_clinic(cast.uzima, cast.patient.user)
    client.post(seen.url, SAID)
    assert "Take the review back?" in client.get(f"{seen.url}withdraw/").text
    assert Review.objects.exists()
    assert client.post(f"{seen.url}withdraw/").status_code == 302
    assert not Review.objects.exists()
    assert AuditLog.objects.filter(action="review.withdrawn").exists()
    assert client.post(f"{seen.url}withdraw/").status_code == 302  # a second click
    client.post(seen.url, SAID)
    assert Review.objects.get().attempt == 1


def test_what_is_decided_is_not_taken_back(cast, seen, at_clinic):
    client = at_clinic(cast.uzima, cast.patient.user)
    review = write(cast, seen)
    approve_review(review=review, by=cast.admin)
    response = client.post(f"{seen.url}withdraw/")
    assert response.status_code == 409 and "A moderator was first." in response.text
    assert Review.objects.get().moderation_status == "approved"


def test_a_rejected_one_is_shown_with_its_reason_and_written_anew_once(cast, seen, at_clinic):
    client = at_clinic(cast.uzima, cast.patient.user)
    review = write(cast, seen)
    reject_review(review=review, by=cast.admin, reason="It names <b>a person</b>.")
    page = client.get(seen.url)
    assert "It names &lt;b&gt;a person" in page.text and "You can write it anew once." in page.text
    assert client.post(seen.url, SAID).status_code == 302
    review.refresh_from_db()
    assert (review.moderation_status, review.attempt, review.comment) == ("pending", 2, SAID["comment"])
    reject_review(review=review, by=cast.admin, reason="Still")
    assert client.get(seen.url).context["form"] is None
    assert client.post(seen.url, SAID).status_code == 409


def test_a_second_text_that_is_taken_back_leaves_the_rejection(cast, seen):
    review = write(cast, seen)
    reject_review(review=review, by=cast.admin, reason="No")
    review = write(cast, seen, comment="Another")
    withdraw_review(review=review, by_user=cast.patient.user)
    review.refresh_from_db()
    assert (review.moderation_status, review.comment, review.rejection_reason) == ("rejected", "", "No")
    with pytest.raises(TakenBack):
        approve_review(review=review, by=cast.admin)
    assert Review.objects.get().moderation_status == "rejected"
    assert Doctor.objects.get(pk=cast.doctor.pk).total_reviews == 0
    assert not OutboxEvent.objects.filter(kind="review.approved").exists()


def test_the_clinics_own_schema_is_not_written_to(cast, seen, at_clinic, django_capture_on_commit_callbacks):
    at_clinic(cast.uzima, cast.patient.user).post(seen.url, SAID)
    with clinic_context(cast.uzima):
        assert not AuditLog.objects.filter(action__startswith="review.").exists()


def test_the_page_is_in_swahili_too(cast, seen, at_clinic):
    client = at_clinic(cast.uzima, cast.patient.user)
    client.cookies["django_language"] = "sw"
    page = client.get(seen.url, headers={"accept-language": "sw"}).text
    assert "How was your visit?" not in page


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_make_one_review(cast, seen):
    start, errors = Barrier(2), []

    def run(rating):
        try:
            with clinic_context(cast.uzima):
                visit = seen_visit(user=cast.patient.user, clinic=cast.uzima, consultation_id=seen.consultation.pk)
                start.wait(10)
                write_review(
                    visit=visit, by_user=cast.patient.user, rating=rating, comment="", is_anonymous=False, language="en"
                )
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(rating,)) for rating in (1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors
    assert Review.objects.count() == 1
    assert AuditLog.objects.filter(action="review.written").count() == 1
    assert AuditLog.objects.filter(action="review.changed").count() == 1
    assert connection.schema_name == "public"


@pytest.mark.django_db(transaction=True)
def test_what_is_sent_while_it_is_taken_back_is_a_new_review(cast, seen):
    review, errors = write(cast, seen), []

    def run():
        try:
            write(cast, seen, comment="After all")
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    sent = Thread(target=run)
    with transaction.atomic():
        withdraw_review(review=review, by_user=cast.patient.user)
        sent.start()
        sent.join(1)
        assert sent.is_alive()  # it waits for the row
    sent.join(30)
    assert not errors
    assert Review.objects.get().comment == "After all" and Review.objects.get().attempt == 1


def test_of_two_clicks_that_take_it_back_the_second_one_is_told_nothing_else(cast, seen, at_clinic, monkeypatch):
    client = at_clinic(cast.uzima, cast.patient.user)
    review = write(cast, seen)
    monkeypatch.setattr("content.views.reviews.patient.review_of", lambda visit: review)
    Review.objects.all().delete()
    assert client.post(f"{seen.url}withdraw/")["Location"] == seen.url
