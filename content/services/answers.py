"""The doctor's one public answer to a review."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Doctor
from content.exceptions import DecidedMeanwhile, NotPublished
from content.locks import lock_review
from content.models import MOST_ATTEMPTS, ModerationStatus, Review, ReviewAnswer
from precta import clock
from precta.audit.services import record
from precta.tenancy import public_context


def write_answer(
    *, review: Review, doctor: Doctor, by_user: Any, text: str, language: str, now: datetime | None = None
) -> ReviewAnswer:
    """Answer a published review of `doctor`; changed while it waits, written anew once when it was rejected.

    Raises NotPublished for a review that is not shown (any more), DecidedMeanwhile for an answer that stands. Writes
    in the public schema, in a transaction of its own.
    """
    now = now or clock.now()
    with public_context(), transaction.atomic():
        review = lock_review(review.pk)
        if review.moderation_status != ModerationStatus.APPROVED or review.doctor_id != doctor.pk:
            raise NotPublished
        answer = ReviewAnswer.objects.filter(review=review).first()
        if answer is None:
            answer = ReviewAnswer.objects.create(review=review, text=text, language=language)
            record("review_answer.written", resource=answer, user=by_user, details={"review": review.pk})
            return answer
        if not may_be_written(answer):
            raise DecidedMeanwhile
        if answer.moderation_status == ModerationStatus.REJECTED:
            answer.moderation_status = ModerationStatus.PENDING
            answer.attempt += 1
            answer.created_at = now
        answer.text, answer.language = text, language
        answer.save(update_fields=["text", "language", "moderation_status", "attempt", "created_at", "updated_at"])
        record("review_answer.changed", resource=answer, user=by_user, details={"review": review.pk})
    return answer


def may_be_written(answer: ReviewAnswer | None) -> bool:
    """Whether the doctor may (still) write it."""
    if answer is None or answer.moderation_status == ModerationStatus.PENDING:
        return True
    return answer.moderation_status == ModerationStatus.REJECTED and answer.attempt < MOST_ATTEMPTS
