"""The order in which whatever changes reviews takes its locks; all of it in the public schema.

1. the review's row; 2. its answer's or its reports'; 3. the doctor's, whose rating is counted again.

Rows are locked FOR NO KEY UPDATE: a clinic's new row may refer to a doctor meanwhile.
"""

from django.db.models import QuerySet

from content.exceptions import TakenBack
from content.models import Review, ReviewAnswer, ReviewReport


def locking_reviews() -> QuerySet[Review]:
    return Review.objects.select_for_update(no_key=True, of=("self",))


def lock_review(review_id: str) -> Review:
    """Raises TakenBack: nothing but its author lets a review go."""
    try:
        return locking_reviews().get(pk=review_id)
    except Review.DoesNotExist as error:
        raise TakenBack from error


def lock_answer(answer: ReviewAnswer) -> ReviewAnswer:
    """With its review."""
    lock_review(answer.review_id)
    rows = ReviewAnswer.objects.select_for_update(no_key=True, of=("self",)).select_related("review")
    return rows.get(pk=answer.pk)


def lock_report(report: ReviewReport) -> ReviewReport:
    """With its review."""
    lock_review(report.review_id)
    rows = ReviewReport.objects.select_for_update(no_key=True, of=("self",)).select_related("review")
    return rows.get(pk=report.pk)
