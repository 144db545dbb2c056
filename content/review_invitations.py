"""Asking for a review, a day after the visit and once."""

from datetime import datetime, timedelta

from celery import shared_task
from django.db.models import F
from django.db.models.functions import Coalesce

from appointments.models import AppointmentStatus, Consultation
from content.models import Review
from precta import clock
from precta.fanout import each_clinic
from precta.outbox.models import OutboxEvent
from precta.outbox.services import emit_once

AFTER = timedelta(days=1)
# How late the question may still come after an interruption: far less than events are remembered (outbox KEPT).
LATE = timedelta(days=2)
LONGEST = timedelta(days=1)


def invite_reviews(now: datetime | None = None) -> int:
    """Emit `review.invited` for the active clinic's completed visits of a day ago; the number emitted.

    Each visit is asked about once, however often this runs, and not at all when its review is written already.
    """
    now = now or clock.now()
    due = (
        Consultation.objects.annotate(over_at=Coalesce("ended_at", "started_at"))
        .filter(
            appointment__status=AppointmentStatus.COMPLETED,
            started_at__gt=now - AFTER - LATE - LONGEST,  # which has an index
            over_at__gt=now - AFTER - LATE,
            over_at__lte=now - AFTER,
        )
        .exclude(appointment__doctor=F("appointment__patient"))
        .order_by("over_at")
        .values_list("pk", flat=True)
    )
    wanted = {f"ask-{pk}"[:36]: pk for pk in due}
    known = set(OutboxEvent.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    reviewed = set(Review.objects.filter(consultation_id__in=wanted.values()).values_list("consultation_id", flat=True))
    return sum(
        emit_once(event_id, "review.invited", consultation_id=pk)
        for event_id, pk in wanted.items()
        if event_id not in known and pk not in reviewed
    )


@shared_task
def invite() -> None:
    invite_reviews()


@shared_task
def invite_all() -> None:
    """Every half an hour, in open clinics: the page that takes the review is on the clinic's host."""
    each_clinic(invite, only_active=True)
