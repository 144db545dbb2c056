"""What the platform lets stand: deciding on reviews, answers and reports. All of it in the public schema."""

from datetime import datetime
from typing import Any

from django.db import transaction

from content.exceptions import ChangedMeanwhile, DecidedMeanwhile, TakenBack
from content.locks import lock_answer, lock_report, lock_review
from content.models import MODERATION, ModerationStatus, Review, ReviewAnswer, ReviewReport
from content.services.ratings import refresh_rating
from precta import clock
from precta.audit.services import record
from precta.outbox.services import emit

APPROVED, REJECTED = ModerationStatus.APPROVED, ModerationStatus.REJECTED


def version_of(row: Review | ReviewAnswer) -> str:
    """What a page carries along of the text that it shows."""
    return row.updated_at.isoformat()


def approve_review(*, review: Review, by: Any, seen: str = "", now: datetime | None = None) -> Review:
    """Publish it; the doctor's rating and order are right in the same transaction.

    `seen` is the `version_of` what was shown: another text is not approved by it (ChangedMeanwhile). Raises
    DecidedMeanwhile when it is published already, TakenBack when its author does not want it published any more. A
    rejection can be taken back so.
    """
    with transaction.atomic():
        review = lock_review(review.pk)
        if review.withdrawn_at is not None:
            raise TakenBack
        _decide(review, APPROVED, by=by, seen=seen, now=now)
        refresh_rating(review.doctor_id)
        details = {"doctor": review.doctor_id, "rating": review.rating}
        record("review.approved", resource=review, user=by, details=details)
        emit("review.approved", review_id=review.pk)
    return review


def reject_review(*, review: Review, by: Any, reason: str, seen: str = "", now: datetime | None = None) -> Review:
    """Refuse it, or take a published one off again; `reason` is what its author reads, in their language.

    Reports of it that waited are decided by that: they were right. Raises as `approve_review`.
    """
    with transaction.atomic():
        review = lock_review(review.pk)
        _reject(review, by=by, reason=reason, seen=seen, now=now)
    return review


def _reject(review: Review, *, by: Any, reason: str, seen: str = "", now: datetime | None = None) -> None:
    was_public = review.moderation_status == APPROVED
    _decide(review, REJECTED, by=by, seen=seen, now=now, reason=reason)
    if was_public:
        waiting = ReviewReport.objects.filter(review=review, decided_at__isnull=True)
        waiting.update(was_upheld=True, decided_at=review.moderated_at, decided_by=by)
        refresh_rating(review.doctor_id)
    details = {"doctor": review.doctor_id, "was_published": was_public}
    record("review.rejected", resource=review, user=by, details=details)
    emit("review.rejected", review_id=review.pk)


def approve_answer(*, answer: ReviewAnswer, by: Any, seen: str = "", now: datetime | None = None) -> ReviewAnswer:
    """Show it under its review. Raises as `approve_review`."""
    with transaction.atomic():
        answer = lock_answer(answer)
        _decide(answer, APPROVED, by=by, seen=seen, now=now)
        record("review_answer.approved", resource=answer, user=by, details={"review": answer.review_id})
        emit("review_answer.approved", answer_id=answer.pk)
    return answer


def reject_answer(
    *, answer: ReviewAnswer, by: Any, reason: str, seen: str = "", now: datetime | None = None
) -> ReviewAnswer:
    """Refuse it, or take it off; `reason` is what the doctor reads. Raises as `approve_review`."""
    with transaction.atomic():
        answer = lock_answer(answer)
        _decide(answer, REJECTED, by=by, seen=seen, now=now, reason=reason)
        record("review_answer.rejected", resource=answer, user=by, details={"review": answer.review_id})
        emit("review_answer.rejected", answer_id=answer.pk)
    return answer


def uphold_report(*, report: ReviewReport, by: Any, reason: str, now: datetime | None = None) -> ReviewReport:
    """The report is right: its review is rejected with `reason`. Raises DecidedMeanwhile when it is decided on."""
    with transaction.atomic():
        report = lock_report(report)
        if report.decided_at is not None:
            raise DecidedMeanwhile
        _reject(report.review, by=by, reason=reason, now=now)
        record("review_report.upheld", resource=report, user=by, details={"review": report.review_id})
    report.refresh_from_db()
    return report


def dismiss_report(*, report: ReviewReport, by: Any, now: datetime | None = None) -> ReviewReport:
    """The review stands. Raises DecidedMeanwhile when it is decided on."""
    with transaction.atomic():
        report = lock_report(report)
        if report.decided_at is not None:
            raise DecidedMeanwhile
        report.decided_at, report.decided_by, report.was_upheld = now or clock.now(), by, False
        report.save(update_fields=["decided_at", "decided_by", "was_upheld"])
        record("review_report.dismissed", resource=report, user=by, details={"review": report.review_id})
    return report


def _decide(
    row: Review | ReviewAnswer,
    to: ModerationStatus,
    *,
    by: Any,
    seen: str,
    now: datetime | None,
    reason: str = "",
) -> None:
    """Change a locked row's state, if it may follow and the text is the one that was seen."""
    if to not in MODERATION[ModerationStatus(row.moderation_status)]:
        raise DecidedMeanwhile
    if seen and seen != version_of(row):
        raise ChangedMeanwhile
    row.moderation_status = to
    row.moderated_at = now or clock.now()
    row.moderated_by = by
    row.rejection_reason = reason
    row.save(update_fields=["moderation_status", "moderated_at", "moderated_by", "rejection_reason", "updated_at"])
