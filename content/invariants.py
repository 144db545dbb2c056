"""I9: what the directory says of doctors, counted afresh, and that a review means a visit."""

from collections import Counter

from django.db import connection

from accounts.models import Doctor
from clinics.models import Clinic
from precta.invariants import invariant, offenders
from precta.tenancy import clinic_context, current_clinic

_RULE = (
    "a doctor's rating, reviews and consultations are those of a fresh count, and each review is of a completed visit"
)
# Not those whose event has not been relayed yet: I7 tells of an event that waits too long.
_COMPLETED = """
SELECT a.doctor_id, count(*), bool_or(EXISTS (
         SELECT 1 FROM outbox_outboxevent e WHERE e.kind = 'appointment.completed' AND e.relayed_at IS NULL
            AND e.payload->>'appointment_id' = a.id))
  FROM appointments_appointment a WHERE a.status = 'completed' GROUP BY 1
"""


@invariant("I9", _RULE, where="public")
def ratings_that_differ() -> list[str]:
    return offenders(
        """
        SELECT d.id || ': rating ' || d.average_rating || ' of ' || d.total_reviews || ', counted '
               || coalesce(r.average, 0) || ' of ' || coalesce(r.number, 0)
        FROM accounts_doctor d
        LEFT JOIN (SELECT doctor_id, round(avg(rating), 1) AS average, count(*) AS number FROM content_review
                   WHERE moderation_status = 'approved' GROUP BY 1) r ON r.doctor_id = d.id
        WHERE d.average_rating <> coalesce(r.average, 0) OR d.total_reviews <> coalesce(r.number, 0)
        ORDER BY d.id
        """
    )


@invariant("I9", _RULE, where="public")
def consultation_counts_that_differ() -> list[str]:
    """Over all clinics, suspended ones too, a clinic after the other: a public number has no schema of its own."""
    done: Counter[str] = Counter()
    on_the_way = set()
    for clinic in Clinic.objects.order_by("slug"):
        with clinic_context(clinic), connection.cursor() as cursor:
            cursor.execute(_COMPLETED)
            for doctor_id, number, is_waiting in cursor.fetchall():
                done[doctor_id] += number
                if is_waiting:
                    on_the_way.add(doctor_id)
    said = Doctor.objects.order_by("pk").values_list("pk", "total_consultations")
    return [
        f"{pk}: {number} consultations, counted {done[pk]}"
        for pk, number in said.iterator()
        if number != done[pk] and pk not in on_the_way
    ]


@invariant("I9", _RULE)
def reviews_without_a_visit() -> list[str]:
    """The clinic's reviews that no completed consultation of that patient and doctor stands behind."""
    clinic = current_clinic()
    if clinic is None:
        return []
    return offenders(
        """
        SELECT r.id || ': no completed visit' FROM public.content_review r
        WHERE r.clinic_id = %s AND NOT EXISTS (
            SELECT 1 FROM appointments_consultation c JOIN appointments_appointment a ON a.id = c.appointment_id
            WHERE c.id = r.consultation_id AND a.status = 'completed'
              AND a.patient_id = r.patient_id AND a.doctor_id = r.doctor_id)
        ORDER BY r.id
        """,
        clinic.pk,
    )
