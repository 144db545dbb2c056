"""Reviews, answers and reports that wait for a decision: one statement for the three lines."""

from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from clinics.dashboard import Wait, waits

_WAITING = """
SELECT 'review', count(*), min(created_at) FROM content_review WHERE moderation_status = 'pending'
UNION ALL
SELECT 'answer', count(*), min(created_at) FROM content_reviewanswer WHERE moderation_status = 'pending'
UNION ALL
SELECT 'report', count(*), min(created_at) FROM content_reviewreport WHERE decided_at IS NULL
"""


class Waiting(NamedTuple):
    number: int
    oldest: datetime | None

    @property
    def note(self) -> str:
        return _("the oldest for %(age)s") % {"age": timesince(self.oldest, depth=1)} if self.oldest else ""


def _waiting(request: HttpRequest) -> dict[str, Waiting]:
    if not hasattr(request, "_reviews_waiting"):
        with connection.cursor() as cursor:
            cursor.execute(_WAITING)
            request._reviews_waiting = {kind: Waiting(*rest) for kind, *rest in cursor.fetchall()}  # type: ignore[attr-defined]
    return request._reviews_waiting  # type: ignore[attr-defined]


@waits("platform", order=40)
def reviews_to_read(request: HttpRequest) -> Wait:
    found = _waiting(request)["review"]
    url = reverse("admin:content_review_changelist") + "?queue=waiting"
    return Wait(_("Reviews to moderate"), found.number, url, "warn", found.note)


@waits("platform", order=41)
def answers_to_read(request: HttpRequest) -> Wait:
    found = _waiting(request)["answer"]
    url = reverse("admin:content_reviewanswer_changelist") + "?queue=waiting"
    return Wait(_("Doctors’ answers to moderate"), found.number, url, "warn", found.note)


@waits("platform", order=42)
def reports_to_decide(request: HttpRequest) -> Wait:
    found = _waiting(request)["report"]
    url = reverse("admin:content_reviewreport_changelist") + "?queue=open"
    return Wait(_("Reported reviews"), found.number, url, "bad", found.note)
