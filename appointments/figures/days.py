"""Counting a clinic's days, and keeping the platform's sums of them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db import connection, transaction

from appointments import reasons
from clinics.models import Clinic, ClinicDay

RECENT = 45


class Day(NamedTuple):
    """One day in the clinic's zone; money in the clinic's currency."""

    day: date
    booked: int = 0
    cancelled: int = 0
    completed: int = 0
    missed: int = 0
    received: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)

    @property
    def revenue(self) -> Decimal:
        """Completed payments for visits minus refunds that have not failed; orders of medicines are not counted."""
        return self.received - self.refunded


# A booking is counted on the day it was made, once however often it moved, and only when it became a visit: holds that
# ran out, or that were let go of before they were paid, were none. A visit counts on its own day, money on the day it
# came or was sent back.
COUNT = """
WITH visits AS (
  SELECT status, created_at, cancelled_at, scheduled_at, rescheduled_from_id IS NULL AS is_first,
         cancellation_reason = ANY(%(moves)s) AS is_moved
    FROM appointments_appointment visit
   WHERE (created_at >= %(start)s AND created_at < %(end)s
          OR cancelled_at >= %(start)s AND cancelled_at < %(end)s
          OR scheduled_at >= %(start)s AND scheduled_at < %(end)s)
     AND status <> 'pending_payment'
     AND (status <> 'cancelled' OR NOT cancellation_reason = ANY(%(never)s))
     AND (status <> 'cancelled' OR fee = 0 OR cancellation_reason = ANY(%(moves)s)
          OR EXISTS (SELECT FROM payments_payment p
                      WHERE p.subject_id = visit.id AND p.status IN ('completed', 'refunded')))
)
SELECT day, sum(booked)::int, sum(cancelled)::int, sum(completed)::int, sum(missed)::int, sum(received), sum(refunded)
  FROM (
    SELECT (created_at AT TIME ZONE %(zone)s)::date AS day, 1 AS booked, 0 AS cancelled, 0 AS completed, 0 AS missed,
           0::numeric AS received, 0::numeric AS refunded
      FROM visits WHERE is_first
    UNION ALL
    SELECT (cancelled_at AT TIME ZONE %(zone)s)::date, 0, 1, 0, 0, 0, 0
      FROM visits WHERE status = 'cancelled' AND NOT is_moved
    UNION ALL
    SELECT (scheduled_at AT TIME ZONE %(zone)s)::date, 0, 0, (status = 'completed')::int, (status = 'no_show')::int,
           0, 0
      FROM visits WHERE status IN ('completed', 'no_show')
    UNION ALL
    SELECT (paid_at AT TIME ZONE %(zone)s)::date, 0, 0, 0, 0, amount, 0
      FROM payments_payment
     WHERE type = 'appointment' AND status IN ('completed', 'refunded')
       AND paid_at >= %(start)s AND paid_at < %(end)s
    UNION ALL
    SELECT (r.created_at AT TIME ZONE %(zone)s)::date, 0, 0, 0, 0, 0, r.amount
      FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
     WHERE p.type = 'appointment' AND r.status <> 'failed'
       AND r.created_at >= %(start)s AND r.created_at < %(end)s
  ) counted
 WHERE day BETWEEN %(first)s AND %(last)s
 GROUP BY day ORDER BY day
"""


def days_of(clinic: Clinic, *, first: date, last: date) -> list[Day]:
    """The days from `first` to `last` (both included, dates of the clinic's zone) on which anything happened, in
    order. Runs in the clinic's schema; one statement."""
    zone = clinic.policy.tz
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT,
            {
                "start": datetime.combine(first, time(), zone),
                "end": datetime.combine(last + timedelta(days=1), time(), zone),
                "first": first,
                "last": last,
                "zone": clinic.policy.time_zone,
                "never": sorted(reasons.NEVER_TAKEN),
                "moves": sorted(reasons.MOVES),
            },
        )
        return [Day(*row) for row in cursor.fetchall()]


def keep_days(clinic: Clinic, *, days: Iterable[date]) -> None:
    """Write what these days came to into the platform's sums; repeating it changes nothing.

    Runs in the clinic's schema, in a transaction of its own that writes public rows only.
    """
    wanted = sorted(set(days))
    if not wanted:
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Whoever counted first must not write last. A statement of its own: see `locks.lock_doctor`.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{clinic.schema_name}:days"])
        counted = {day.day: day for day in _counted(clinic, wanted)}
        currency = clinic.policy.currency
        rows = [
            ClinicDay(clinic=clinic, currency=currency, **(counted.get(day) or Day(day))._asdict()) for day in wanted
        ]
        ClinicDay.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["clinic", "day"],
            update_fields=["booked", "cancelled", "completed", "missed", "received", "refunded", "currency"],
        )


def keep_recent_days(clinic: Clinic, *, now: datetime) -> None:
    """`keep_days` for RECENT to either side of today: refunds and no-shows come late, visits are booked ahead."""
    today = now.astimezone(clinic.policy.tz).date()
    keep_days(clinic, days=[today + timedelta(days=n) for n in range(-RECENT, RECENT + 1)])


def _counted(clinic: Clinic, wanted: Sequence[date]) -> list[Day]:
    """Days far apart, such as today and that of a visit in six weeks, are counted by themselves."""
    stretches: list[tuple[date, date]] = []
    for day in wanted:
        if stretches and (day - stretches[-1][1]).days <= 1:
            stretches[-1] = (stretches[-1][0], day)
        else:
            stretches.append((day, day))
    return [day for first, last in stretches for day in days_of(clinic, first=first, last=last)]
