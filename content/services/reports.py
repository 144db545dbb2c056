"""Objecting to a published review."""

from typing import Any

from django.db import transaction

from content.exceptions import NotPublished, OwnReview, ReportedBefore
from content.locks import lock_review
from content.models import ModerationStatus, Review, ReviewReport
from precta.audit.services import record


def report_review(*, review: Review, by_user: Any, reason: str, details: str) -> ReviewReport:
    """Put the review before a moderator; it stays public until one has decided.

    Raises OwnReview, ReportedBefore, and NotPublished when it was taken off meanwhile.
    """
    with transaction.atomic():
        review = lock_review(review.pk)
        if review.moderation_status != ModerationStatus.APPROVED:
            raise NotPublished
        if by_user.pk in {review.written_by_id, review.patient_id}:
            raise OwnReview
        # The review's lock lets two requests of one person come one after the other.
        if ReviewReport.objects.filter(review=review, reported_by=by_user).exists():
            raise ReportedBefore
        report = ReviewReport.objects.create(review=review, reported_by=by_user, reason=reason, details=details)
        record("review_report.made", resource=report, user=by_user, details={"review": review.pk, "reason": reason})
    return report
