"""Where reviews stand on other apps' pages: a doctor's profile, a visit, a person's first page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from accounts.directory.profile_parts import ProfilePart, profile_part
from accounts.models import Doctor
from appointments.home_parts import HomePart, home_part
from appointments.models import Appointment, AppointmentStatus, Consultation
from appointments.selectors_across import Visit
from appointments.visit_parts import Audience, VisitPart, visit_part
from content.models import ModerationStatus, Review, ReviewAnswer
from content.reviewers import shown_name, stars_of
from content.selectors_reviews import distribution, not_reviewed, published, review_of, seen_visit, works_at
from precta.hosts import platform_url

NEWEST = 3
CSS = "css/reviews.css"


@dataclass(frozen=True, slots=True)
class Shown:
    """A published review as everybody reads it; `answer` only once it is approved, `given` in any state."""

    row: Review
    name: str
    stars: str
    answer: ReviewAnswer | None
    given: ReviewAnswer | None


def shown(rows: Iterable[Review]) -> list[Shown]:
    """Needs `written_by__patient` and `answer` to be loaded."""
    found = []
    for row in rows:
        given = getattr(row, "answer", None)
        is_public = given is not None and given.moderation_status == ModerationStatus.APPROVED
        found.append(Shown(row, shown_name(row), stars_of(row.rating), given if is_public else None, given))
    return found


@profile_part(order=50)
def of_profile(request: HttpRequest, doctor: Doctor) -> ProfilePart | None:
    """Two statements, none for a doctor without reviews."""
    if not doctor.total_reviews:
        return None
    url = platform_url("content:reviews:list", doctor.pk)
    context = {
        "doctor": doctor,
        "reviews": shown(published(doctor)[:NEWEST]),
        "shares": [(share, f"{url}?stars={share.stars}", False) for share in distribution(doctor)],
        "url": url,
    }
    return ProfilePart("content/reviews/_profile.html", context, CSS)


@visit_part(Audience.PATIENT, order=20)
def of_visit(request: HttpRequest, visit: Appointment) -> VisitPart | None:
    """After a completed visit: the invitation, or what became of the review."""
    if visit.status != AppointmentStatus.COMPLETED or visit.doctor_id == request.user.pk:
        return None
    consultation_id = Consultation.objects.filter(appointment=visit).values_list("pk", flat=True).first()
    if consultation_id is None or works_at(request.user, visit.clinic):
        return None
    seen = seen_visit(user=request.user, clinic=visit.clinic, consultation_id=consultation_id)
    if seen is None:
        return None
    context = {"doctor": seen.doctor, "consultation_id": consultation_id, "review": review_of(seen)}
    return VisitPart("content/reviews/_visit_part.html", context)


@home_part(order=20)
def of_home(request: HttpRequest, lately: Sequence[Visit]) -> HomePart | None:
    waiting = not_reviewed(request.user, lately)
    return HomePart("content/reviews/_home_part.html", {"waiting": waiting}) if waiting else None
