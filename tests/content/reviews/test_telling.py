"""Who is told what, in which language, once; and the question a day after a visit."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.utils import translation

from accounts.models import Doctor
from accounts.services.family import add_child
from clinics.models import Clinic
from content.models import ReviewAnswer
from content.review_invitations import invite_reviews
from content.services.moderation import approve_answer, approve_review, reject_answer, reject_review
from precta import clock
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from precta.tenancy import clinic_context
from tests import factories
from tests.content.reviews.conftest import AT, make_review, make_seen

pytestmark = pytest.mark.django_db


def told():
    """(who, title, where) of each inbox row, oldest first."""
    rows = Notification.objects.filter(channel="push").order_by("created_at", "pk")
    return [(row.user_id, row.title, row.data["url"]) for row in rows]


def relay():
    for event in OutboxEvent.objects.order_by("created_at"):
        relay_event(event.pk)
        relay_event(event.pk)


def test_published_tells_author_and_doctor_and_says_nothing_of_the_text(cast):
    review = make_review(cast.patient, cast.doctor, comment="A secret illness")
    approve_review(review=review, by=cast.admin)
    relay()
    assert {(who, title) for who, title, _url in told()} == {
        (cast.patient.pk, "Your review is published"),
        (cast.doctor.pk, "You have a new review"),
    }
    urls = {who: url for who, _title, url in told()}
    assert urls[cast.doctor.pk].endswith("/workspace/reviews/") and "uzima" in urls[cast.doctor.pk]
    assert not any("secret" in row.body + row.title for row in Notification.objects.all())
    assert Notification.objects.filter(channel="email").count() == 2


def test_rejected_tells_the_author_why_where_it_can_be_written_anew(cast):
    review = make_review(cast.patient, cast.doctor)
    reject_review(review=review, by=cast.admin, reason="It names a person.")
    relay()
    assert [who for who, _title, _url in told()] == [cast.patient.pk]
    row = Notification.objects.filter(channel="email").get()
    assert "It names a person." in row.body
    assert row.data["url"].endswith(f"/consultations/{review.consultation_id}/review/")


def test_of_a_suspended_clinic_people_read_under_their_own_care(cast):
    review = make_review(cast.patient, cast.doctor)
    Clinic.objects.filter(pk=cast.uzima.pk).update(status="suspended")
    reject_review(review=review, by=cast.admin, reason="x")
    relay()
    assert told()[0][2].endswith("/me/reviews/")


@pytest.mark.parametrize("gone", ["clinic", "pending", "rejected"])
def test_no_letter_about_what_is_published_leads_where_nobody_finds_the_doctor(cast, at_platform, at_clinic, gone):
    review = make_review(cast.patient, cast.doctor)
    if gone == "clinic":
        Clinic.objects.filter(pk=cast.uzima.pk).update(status="suspended")
    else:
        Doctor.objects.filter(pk=cast.doctor.pk).update(verification_status=gone)
    approve_review(review=review, by=cast.admin)
    answer = ReviewAnswer.objects.create(review=review, text="Thanks for that")
    approve_answer(answer=answer, by=cast.admin)
    relay()
    reject_answer(answer=answer, by=cast.admin, reason="It names the patient.")
    relay()
    assert len(told()) == 5
    for who, _title, url in told():
        user = cast.patient.user if who == cast.patient.pk else cast.doctor.user
        parts = urlsplit(url)
        client = at_platform(user) if parts.hostname == "precta.localhost" else at_clinic(cast.uzima, user)
        assert client.get(parts.path).status_code == 200, url
    bodies = [row.body for row in Notification.objects.filter(user=cast.doctor.user)]
    assert gone == "pending" or not any("answer it once" in body for body in bodies)


def test_answers_tell_reviewer_and_doctor(cast):
    review = make_review(cast.patient, cast.doctor, status="approved")
    answer = ReviewAnswer.objects.create(review=review, text="Thanks")
    approve_answer(answer=answer, by=cast.admin)
    relay()
    assert [title for who, title, _ in told() if who == cast.patient.pk] == [
        "Dr Achieng Njoroge has answered your review"
    ]
    answer.refresh_from_db()
    reject_answer(answer=answer, by=cast.admin, reason="It names the patient.")
    relay()
    assert "Your answer is not published" in [title for who, title, _ in told() if who == cast.doctor.pk]


def test_what_was_decided_otherwise_meanwhile_is_not_told(cast):
    review = make_review(cast.patient, cast.doctor)
    approve_review(review=review, by=cast.admin)
    reject_review(review=review, by=cast.admin, reason="No")
    relay()
    assert [title for _who, title, _url in told()] == ["Your review is not published"]


def test_each_reads_their_own_language(cast):
    cast.patient.preferred_language = "sw"
    cast.patient.save()
    approve_review(review=make_review(cast.patient, cast.doctor), by=cast.admin)
    relay()
    row = Notification.objects.get(user=cast.patient.user, channel="email")
    assert row.language == "sw" and row.title != "Your review is published"
    assert translation.get_language() == "en"


# The question after a visit


@pytest.fixture
def now():
    return clock.now()


def ask(cast, now):
    with clinic_context(cast.uzima):
        number = invite_reviews(now)
        relay()
    return number


def over(cast, now, hours, **extra):
    """A completed visit that ended `hours` ago."""
    return make_seen(cast.patient, cast.doctor, now - timedelta(hours=hours, minutes=30), **extra)


def test_it_comes_a_day_after_the_visit_and_once(cast, now):
    _visit, consultation = over(cast, now, 23)
    assert ask(cast, now) == 0
    for later in (1.1, 1.5, 24, 47):
        ask(cast, now + timedelta(hours=later))
    assert [(who, title) for who, title, _url in told()] == [
        (cast.patient.pk, "How was your visit with Dr Achieng Njoroge?")
    ]
    assert told()[0][2].endswith(f"/consultations/{consultation.pk}/review/")
    assert Notification.objects.filter(channel="email").count() == 1
    assert len(mail.outbox) <= 1


@pytest.mark.parametrize("status", ["confirmed", "in_progress", "cancelled", "no_show"])
def test_only_completed_visits_are_asked_about(cast, now, status):
    over(cast, now, 30, status=status)
    assert ask(cast, now) == 0


def test_not_once_it_is_written_nor_long_after(cast, now):
    make_review(cast.patient, cast.doctor, at=now - timedelta(hours=30))
    over(cast, now, 24 * 4)
    assert ask(cast, now) == 0 and told() == []


def test_written_between_asking_and_telling_is_not_asked(cast, now):
    _visit, consultation = over(cast, now, 30)
    with clinic_context(cast.uzima):
        assert invite_reviews(now) == 1
    from content.models import Review

    Review.objects.create(
        patient=cast.patient,
        doctor=cast.doctor,
        clinic=cast.uzima,
        consultation_id=consultation.pk,
        visited_on=AT.date(),
        written_by=cast.patient.user,
        rating=5,
    )
    with clinic_context(cast.uzima):
        relay()
    assert told() == []


def test_a_childs_guardian_is_asked_and_who_works_there_is_not(cast, now):
    link = add_child(
        guardian=cast.patient,
        by=cast.patient.user,
        values={"first_name": "Zawadi", "last_name": "Hassan", "date_of_birth": (now - timedelta(days=900)).date()},
    )
    make_seen(link.child, cast.doctor, now - timedelta(hours=30), booked_by=cast.patient.user)
    worker = factories.make_patient("Joy", "Naliaka", user=cast.staff)
    make_seen(worker, cast.doctor, now - timedelta(hours=32))
    ask(cast, now)
    assert [who for who, _title, _url in told()] == [cast.patient.pk]
    assert "Zawadi" in Notification.objects.filter(channel="email").get().body


def test_the_beat_asks_in_open_clinics(cast, now):
    from content.review_invitations import invite_all

    over(cast, now, 30)
    make_seen(cast.other_patient, cast.other_doctor, now - timedelta(hours=31))
    Clinic.objects.filter(pk=cast.pwani.pk).update(status="suspended")
    invite_all()
    with clinic_context(cast.uzima):
        assert OutboxEvent.objects.filter(kind="review.invited").count() == 1
    with clinic_context(cast.pwani):
        assert not OutboxEvent.objects.filter(kind="review.invited").exists()
