"""Reading reviews: the visit that one may be written of, what is published, and a person's own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from psycopg import sql

from accounts.models import Doctor, Patient, User
from accounts.selectors import patients_of
from appointments.models import AppointmentStatus, Consultation
from appointments.selectors_across import Visit
from clinics.models import Clinic, Membership
from content.models import ModerationStatus, Review
from content.services.reviews import SeenVisit

STARS = (5, 4, 3, 2, 1)
ORDERS: dict[str, tuple[Any, ...]] = {
    "newest": ("-created_at", "pk"),
    "highest": ("-rating", "-created_at", "pk"),
    "lowest": ("rating", "-created_at", "pk"),
}


def seen_visit(*, user: Any, clinic: Clinic, consultation_id: str) -> SeenVisit | None:
    """The completed consultation of `user`, or of somebody they act for, in the clinic's own schema, which is active.

    None for any other: another person's, another clinic's, one that is not completed, one that a doctor gave to
    themselves or to their own child.
    """
    mine = patients_of(user).order_by().values("pk")
    found = (
        Consultation.objects.select_related("appointment__patient__user", "appointment__doctor")
        .only("started_at", "appointment")
        .filter(pk=consultation_id, appointment__patient__in=mine, appointment__status=AppointmentStatus.COMPLETED)
        .exclude(appointment__doctor=user.pk)
        .exclude(appointment__doctor=F("appointment__patient"))
        .first()
    )
    if found is None:
        return None
    visit = found.appointment
    day = found.started_at.astimezone(clinic.policy.tz).date()
    return SeenVisit(found.pk, visit.patient, visit.doctor, clinic, day)


def works_at(user: Any, clinic: Clinic) -> bool:
    """Whoever works at a clinic does not judge its doctors."""
    if Membership.objects.filter(user=user, clinic=clinic, is_active=True).exists():
        return True
    return Doctor.objects.filter(pk=user.pk, clinic=clinic).exists()


def review_of(visit: SeenVisit) -> Review | None:
    rows = Review.objects.select_related("written_by__patient", "answer", "doctor")
    return rows.filter(patient=visit.patient, consultation_id=visit.consultation_id).first()


def published(doctor: Doctor, *, clinic: Clinic | None = None) -> QuerySet[Review]:
    """What anybody may read of a doctor, the newest first; for the doctor, at one clinic."""
    rows = Review.objects.filter(doctor=doctor, moderation_status=ModerationStatus.APPROVED)
    if clinic is not None:
        rows = rows.filter(clinic=clinic)
    return rows.select_related("written_by__patient", "answer").order_by(*ORDERS["newest"])


def has_page(doctor_id: str) -> bool:
    """Whether anybody finds the doctor, and so what is published of them."""
    return Doctor.objects.public().filter(pk=doctor_id).exists()


@dataclass(frozen=True, slots=True)
class Share:
    stars: int
    count: int
    percent: int


def distribution(doctor: Doctor) -> list[Share]:
    """How many reviews gave how many stars, five first; one statement."""
    rows = Review.objects.filter(doctor=doctor, moderation_status=ModerationStatus.APPROVED).order_by()
    counts = dict(rows.values_list("rating").annotate(n=Count("pk")))
    whole = sum(counts.values())
    return [Share(s, counts.get(s, 0), round(100 * counts.get(s, 0) / whole) if whole else 0) for s in STARS]


def own_reviews(user: User, people: Iterable[Patient]) -> QuerySet[Review]:
    """What the person wrote, and what was written for those they act for, the latest first; `has_page` as above."""
    theirs = Q(written_by=user) | Q(patient__in=[person.pk for person in people])
    rows = Review.objects.filter(theirs).select_related("doctor", "clinic", "patient", "answer")
    rows = rows.annotate(has_page=Exists(Doctor.objects.public().filter(pk=OuterRef("doctor"))))
    return rows.order_by("-created_at", "pk")


_CONSULTATIONS = (
    "SELECT c.appointment_id, c.id FROM {schema}.appointments_consultation c WHERE c.appointment_id = ANY(%s)"
)


def not_reviewed(user: Any, visits: Sequence[Visit]) -> list[tuple[Visit, str]]:
    """The completed visits among `visits`, which are the asker's own, that nobody reviewed: each with the id of its
    consultation. At most three statements, none when no visit is completed."""
    over = [v for v in visits if v.status == AppointmentStatus.COMPLETED and v.clinic.is_open]
    over = [v for v in over if user.pk != v.doctor_id]
    if not over:
        return []
    clinics = {visit.clinic.pk: visit.clinic for visit in over}
    parts = [sql.SQL(_CONSULTATIONS).format(schema=sql.Identifier(c.schema_name)) for c in clinics.values()]
    ids = [visit.id for visit in over]
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(" UNION ALL ").join(parts), [ids] * len(parts))
        found = dict(cursor.fetchall())
    reviewed = set(Review.objects.filter(consultation_id__in=found.values()).values_list("consultation_id", flat=True))
    works = set(Membership.objects.filter(user=user, is_active=True).values_list("clinic_id", flat=True))
    return [
        (visit, found[visit.id])
        for visit in over
        if visit.id in found and found[visit.id] not in reviewed and visit.clinic.pk not in works
    ]
