"""What a doctor's reviews come to, kept on the doctor's public row for lists and their order."""

from django.db import connection

from accounts.models import Doctor

# round() of PostgreSQL's numeric: halves go up, so 4.25 is 4.3. `check_invariants` I9 reckons the same way.
COUNTED = """
UPDATE accounts_doctor
   SET average_rating = coalesce(found.average, 0), total_reviews = found.number
  FROM (SELECT round(avg(rating), 1) AS average, count(*) AS number
          FROM content_review WHERE doctor_id = %(doctor)s AND moderation_status = 'approved') found
 WHERE id = %(doctor)s
"""


def refresh_rating(doctor_id: str) -> None:
    """Set the doctor's rating and number of reviews by those that are published; in the caller's transaction.

    The doctor's row is locked first, in a statement of its own: of two decisions at once the later one counts what the
    earlier one has committed.
    """
    Doctor.objects.select_for_update(no_key=True, of=("self",)).only("pk").get(pk=doctor_id)
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, {"doctor": doctor_id})
