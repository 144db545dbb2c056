"""Writing a review, changing it until it is decided on, and taking it back."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts.models import Doctor, Patient
from clinics.models import Clinic
from content.exceptions import DecidedMeanwhile
from content.locks import lock_review, locking_reviews
from content.models import MOST_ATTEMPTS, ModerationStatus, Review
from precta import clock
from precta.audit.services import record
from precta.tenancy import public_context


@dataclass(frozen=True, slots=True)
class SeenVisit:
    """A completed consultation as its clinic's own rows tell it; only `content.selectors_reviews` makes one."""

    consultation_id: str
    patient: Patient
    doctor: Doctor
    clinic: Clinic
    visited_on: date


def write_review(
    *,
    visit: SeenVisit,
    by_user: Any,
    rating: int,
    comment: str,
    is_anonymous: bool,
    language: str,
    now: datetime | None = None,
) -> Review:
    """The one review of this visit: new, changed while it waits, or written anew after a rejection.

    Everything but stars, text and the name comes from the visit. Of two requests at once the second one changes what
    the first has written, or writes anew what the first has taken back. Raises DecidedMeanwhile when it is decided on
    already. Writes in the public schema, in a transaction of its own.
    """
    now = now or clock.now()
    said = {
        "rating": rating,
        "comment": comment,
        "is_anonymous": is_anonymous,
        "language": language,
        "written_by_id": by_user.pk,
    }
    facts = {"doctor": visit.doctor, "clinic": visit.clinic, "visited_on": visit.visited_on}
    with public_context(), transaction.atomic():
        review, is_new = locking_reviews().get_or_create(
            patient=visit.patient, consultation_id=visit.consultation_id, defaults=facts | said
        )
        if is_new:
            record("review.written", resource=review, user=by_user, details={"doctor": visit.doctor.pk})
            return review
        if review.moderation_status == ModerationStatus.PENDING:
            if all(getattr(review, name) == value for name, value in said.items()):
                return review
            act = "review.changed"
        elif may_be_written_anew(review):
            review.moderation_status = ModerationStatus.PENDING
            review.attempt += 1
            review.created_at = now  # it joins the queue at its end
            act = "review.written_anew"
        else:
            raise DecidedMeanwhile
        for name, value in said.items():
            setattr(review, name, value)
        review.save(update_fields=[*said, "moderation_status", "attempt", "created_at", "updated_at"])
        record(act, resource=review, user=by_user)
    return review


def may_be_written_anew(review: Review) -> bool:
    """Once after a rejection; never what was answered or reported, for the answer and the report meant that text."""
    return (
        review.moderation_status == ModerationStatus.REJECTED
        and review.attempt < MOST_ATTEMPTS
        and not hasattr(review, "answer")
        and not review.reports.exists()
    )


def withdraw_review(*, review: Review, by_user: Any) -> None:
    """Take it back while it waits. A text that was written anew after a rejection leaves the rejection standing.

    Raises DecidedMeanwhile when a moderator was first, TakenBack when another request was.
    """
    with public_context(), transaction.atomic():
        review = lock_review(review.pk)
        if review.moderation_status != ModerationStatus.PENDING:
            raise DecidedMeanwhile
        record("review.withdrawn", resource=review, user=by_user)
        if review.attempt == 1:
            review.delete()
            return
        review.moderation_status = ModerationStatus.REJECTED
        review.comment, review.withdrawn_at = "", clock.now()
        review.save(update_fields=["moderation_status", "comment", "withdrawn_at", "updated_at"])
