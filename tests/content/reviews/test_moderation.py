"""Deciding: the rating follows in the same transaction, nothing is decided twice or on an unseen text."""

from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from accounts.directory import lookup
from accounts.directory.filters import Filters
from accounts.models import Doctor
from content.exceptions import ChangedMeanwhile, DecidedMeanwhile, NotPublished, OwnReview, ReportedBefore
from content.models import MODERATION, ModerationStatus, Review, ReviewAnswer, ReviewReport
from content.services.answers import write_answer
from content.services.moderation import (
    approve_answer,
    approve_review,
    dismiss_report,
    reject_answer,
    reject_review,
    uphold_report,
    version_of,
)
from content.services.reports import report_review
from precta import clock
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from tests import factories
from tests.content.reviews.conftest import AT, make_review, make_reviews

pytestmark = pytest.mark.django_db


def rating(doctor):
    return Doctor.objects.values_list("average_rating", "total_reviews").get(pk=doctor.pk)


@pytest.mark.parametrize(
    ("stars", "average"),
    [
        ([5], "5.0"),
        ([4, 5], "4.5"),
        ([5, 4, 4, 4], "4.3"),
        ([5, 5, 4], "4.7"),
        ([1, 1, 1, 2], "1.3"),
        ([1, 1, 2], "1.3"),
    ],
)
def test_the_rating_is_rounded_half_up_to_one_place(cast, stars, average):
    for review in make_reviews(cast.doctor, stars, status="pending"):
        approve_review(review=review, by=cast.admin)
    assert rating(cast.doctor) == (Decimal(average), len(stars))


def test_only_published_reviews_of_this_doctor_count(cast):
    make_reviews(cast.doctor, [1, 1], status="pending")
    make_review(cast.other_patient, cast.other_doctor, rating=1, status="approved")
    review = make_review(cast.patient, cast.doctor, rating=5, at=AT.replace(day=20))
    approve_review(review=review, by=cast.admin)
    assert rating(cast.doctor) == (Decimal("5.0"), 1)
    reject_review(review=review, by=cast.admin, reason="Wrong")
    assert rating(cast.doctor) == (Decimal("0.0"), 0)
    approve_review(review=review, by=cast.admin)
    assert rating(cast.doctor) == (Decimal("5.0"), 1)


def test_a_decision_says_who_when_and_leaves_a_trace_and_an_event(cast):
    review = make_review(cast.patient, cast.doctor)
    approve_review(review=review, by=cast.admin)
    review.refresh_from_db()
    assert (review.moderated_by, review.rejection_reason) == (cast.admin, "")
    assert abs((review.moderated_at - clock.now()).total_seconds()) < 60
    row = AuditLog.objects.get(action="review.approved")
    assert (row.user_id, row.resource_id) == (cast.admin.pk, review.pk)
    assert review.comment not in str(row.details)
    assert OutboxEvent.objects.get(kind="review.approved").payload == {"review_id": review.pk}


def test_a_failed_decision_changes_neither_review_nor_rating(cast, monkeypatch):
    review = make_review(cast.patient, cast.doctor)

    def broken(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("content.services.moderation.emit", broken)
    with pytest.raises(RuntimeError), transaction.atomic():
        approve_review(review=review, by=cast.admin)
    review.refresh_from_db()
    assert review.moderation_status == "pending" and rating(cast.doctor) == (Decimal("0.0"), 0)


@pytest.mark.parametrize("before", ModerationStatus.values)
@pytest.mark.parametrize("to", ["approved", "rejected"])
def test_every_step_of_a_moderator(cast, before, to):
    review = make_review(cast.patient, cast.doctor, status=before)

    def act():
        if to == "approved":
            return approve_review(review=review, by=cast.admin)
        return reject_review(review=review, by=cast.admin, reason="No")

    if to in MODERATION[ModerationStatus(before)]:
        act()
        review.refresh_from_db()
        assert review.moderation_status == to
    else:
        with pytest.raises(DecidedMeanwhile):
            act()
        assert not AuditLog.objects.filter(action__startswith="review.").exists()
        assert not OutboxEvent.objects.exists()


def test_another_text_than_the_one_that_was_seen_is_not_decided_on(cast):
    review = make_review(cast.patient, cast.doctor)
    seen = version_of(review)
    review.comment = "Call me on 0712 345 678"
    review.save()
    for act in (approve_review, lambda **kw: reject_review(reason="No", **kw)):
        with pytest.raises(ChangedMeanwhile):
            act(review=review, by=cast.admin, seen=seen)
    review.refresh_from_db()
    assert review.moderation_status == "pending" and not OutboxEvent.objects.exists()


def test_lists_of_doctors_follow_the_rating(cast):
    other = factories.make_doctor(cast.uzima, "Zuhura", "Abdi")
    approve_review(review=make_review(cast.patient, cast.doctor, rating=3), by=cast.admin)
    approve_review(review=make_review(cast.other_patient, other, rating=4), by=cast.admin)

    def order():
        found = lookup.find(Filters(sort="rating"), now=clock.now(), zones=["Africa/Nairobi"])
        return [row.id for row in found.rows if row.id in {cast.doctor.pk, other.pk}]

    assert order() == [other.pk, cast.doctor.pk]
    reject_review(review=Review.objects.get(doctor=other), by=cast.admin, reason="No")
    assert order() == [cast.doctor.pk, other.pk]


def test_the_doctors_row_is_locked_so_that_visits_may_still_refer_to_it(cast):
    review = make_review(cast.patient, cast.doctor)
    with CaptureQueriesContext(connection) as seen:
        approve_review(review=review, by=cast.admin)
    locking = [query["sql"] for query in seen if " FOR " in query["sql"] and query["sql"].startswith("SELECT")]
    assert len(locking) == 2 and all("FOR NO KEY UPDATE" in sql for sql in locking)
    assert "content_review" in locking[0] and "accounts_doctor" in locking[1]


# Answers


def test_a_doctor_answers_once_and_the_answer_waits_for_a_moderator(cast):
    review = make_review(cast.patient, cast.doctor, status="approved")
    words = {"review": review, "doctor": cast.doctor, "by_user": cast.doctor.user, "language": "en"}
    answer = write_answer(text="Thank you.", **words)
    assert answer.moderation_status == "pending"
    write_answer(text="Thank you, come again.", **words)
    answer.refresh_from_db()
    assert answer.text == "Thank you, come again." and ReviewAnswer.objects.count() == 1
    approve_answer(answer=answer, by=cast.admin, seen=version_of(answer))
    with pytest.raises(DecidedMeanwhile):
        write_answer(text="Again", **words)
    reject_answer(answer=answer, by=cast.admin, reason="It names the patient.")
    write_answer(text="Anew", **words)
    answer.refresh_from_db()
    assert (answer.moderation_status, answer.attempt, answer.text) == ("pending", 2, "Anew")
    reject_answer(answer=answer, by=cast.admin, reason="Still")
    with pytest.raises(DecidedMeanwhile):
        write_answer(text="Third", **words)


@pytest.mark.parametrize("status", ["pending", "rejected"])
def test_only_a_published_review_is_answered_or_reported(cast, status):
    review = make_review(cast.patient, cast.doctor, status=status)
    with pytest.raises(NotPublished):
        write_answer(review=review, doctor=cast.doctor, by_user=cast.doctor.user, text="x", language="en")
    with pytest.raises(NotPublished):
        report_review(review=review, by_user=cast.doctor.user, reason="abuse", details="")


def test_nobody_answers_for_another_doctor(cast):
    review = make_review(cast.patient, cast.doctor, status="approved")
    with pytest.raises(NotPublished):
        write_answer(review=review, doctor=cast.other_doctor, by_user=cast.other_doctor.user, text="x", language="en")


# Reports


def report(cast, review, by=None):
    return report_review(review=review, by_user=by or cast.doctor.user, reason="private", details="It tells my number")


def test_a_report_that_is_upheld_takes_the_review_off_and_decides_the_other_reports(cast):
    review = make_review(cast.patient, cast.doctor)
    approve_review(review=review, by=cast.admin)
    first, second = report(cast, review), report(cast, review, cast.other_patient.user)
    uphold_report(report=first, by=cast.admin, reason="It tells a number.")
    for one in (first, second):
        one.refresh_from_db()
        assert one.was_upheld and one.decided_by == cast.admin
    review.refresh_from_db()
    assert (review.moderation_status, review.rejection_reason) == ("rejected", "It tells a number.")
    assert rating(cast.doctor) == (Decimal("0.0"), 0)
    for act in (dismiss_report, lambda **kw: uphold_report(reason="x", **kw)):
        with pytest.raises(DecidedMeanwhile):
            act(report=second, by=cast.admin)


def test_a_report_that_is_dismissed_leaves_everything(cast):
    review = make_review(cast.patient, cast.doctor)
    approve_review(review=review, by=cast.admin)
    one = report(cast, review)
    dismiss_report(report=one, by=cast.admin)
    one.refresh_from_db()
    review.refresh_from_db()
    assert one.was_upheld is False and review.moderation_status == "approved"
    assert rating(cast.doctor) == (Decimal("4.0"), 1)
    assert AuditLog.objects.filter(action="review_report.dismissed").exists()


def test_each_person_reports_once_and_nobody_their_own(cast):
    review = make_review(cast.patient, cast.doctor, status="approved")
    report(cast, review)
    with pytest.raises(ReportedBefore):
        report(cast, review)
    with pytest.raises(OwnReview):
        report(cast, review, cast.patient.user)
    assert ReviewReport.objects.count() == 1


def test_what_was_reported_is_not_written_anew(cast):
    from content.services.reviews import may_be_written_anew

    review = make_review(cast.patient, cast.doctor, status="approved")
    uphold_report(report=report(cast, review), by=cast.admin, reason="No")
    review.refresh_from_db()
    assert not may_be_written_anew(review)


# At once


def at_once(*acts):
    start, errors = Barrier(len(acts)), []

    def run(act):
        try:
            start.wait(10)
            act()
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


@pytest.mark.django_db(transaction=True)
def test_many_reviews_of_one_doctor_decided_at_once_are_all_counted(cast):
    stars = [5, 4, 4, 3, 1, 5]
    reviews = make_reviews(cast.doctor, stars, status="pending")
    acts = [lambda review=review: approve_review(review=review, by=cast.admin) for review in reviews]
    assert at_once(*acts) == []
    assert rating(cast.doctor) == (Decimal("3.7"), 6)
    taken = [lambda r=r: reject_review(review=r, by=cast.admin, reason="No") for r in reviews[:3]]
    assert at_once(*taken) == []
    assert rating(cast.doctor) == (Decimal("3.0"), 3)


@pytest.mark.django_db(transaction=True)
def test_two_moderators_of_one_review_decide_it_once(cast):
    review = make_review(cast.patient, cast.doctor)
    errors = at_once(*[lambda: approve_review(review=review, by=cast.admin, seen=version_of(review)) for _ in range(3)])
    assert [type(error) for error in errors] == [DecidedMeanwhile] * 2
    assert AuditLog.objects.filter(action="review.approved").count() == 1
    assert rating(cast.doctor) == (Decimal("4.0"), 1)


@pytest.mark.django_db(transaction=True)
def test_one_person_who_reports_twice_at_once_reports_once(cast):
    review = make_review(cast.patient, cast.doctor, status="approved")
    errors = at_once(*[lambda: report(cast, review) for _ in range(2)])
    assert [type(error) for error in errors] == [ReportedBefore]
    assert ReviewReport.objects.count() == 1
