"""What a doctor's visits brought in at the active clinic.

Money counts on the day it came and a refund on the day it was decided, both by the clinic's calendar, as in the
clinic's own figures: all doctors' days add up to the clinic's, and a month that is over stays as it was unless a
refund of it fails. A refund that failed counts nowhere. A second payment of the same visit went back by itself and was
never the visit's: neither half counts. A moved visit took its money along, so it is there once. Orders of medicines
are not visits.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

from django.db import connection

from accounts.models import Doctor
from appointments.models import Appointment
from appointments.selectors_workspace import SEEN_STATUSES
from appointments.wall_clock import day_bounds
from clinics.models import Clinic
from clinics.periods import Period
from precta.payments.models import PaymentMethod

BATCH = 500
ZERO = Decimal(0)

# By the days asked for, not by all that the doctor ever did: the indexes `payment_paid` and `refund_decided`.
MONEY = """
WITH money AS (
  SELECT subject_id AS visit_id, currency, method, paid_at AS moment, amount AS paid, 0::numeric AS refunded,
         0::numeric AS on_its_way
    FROM payments_payment
   WHERE type = 'appointment' AND status IN ('completed', 'refunded')
     AND paid_at >= %(start)s AND paid_at < %(end)s
  UNION ALL
  SELECT p.subject_id, p.currency, p.method, r.created_at, 0, r.amount,
         CASE WHEN r.status = 'processed' THEN 0 ELSE r.amount END
    FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
   WHERE p.type = 'appointment' AND r.status <> 'failed'
     AND r.created_at >= %(start)s AND r.created_at < %(end)s
)
"""

SUMS = f"""
{MONEY}
SELECT money.currency, part.bucket, money.method, grouping(part.bucket, money.method),
       sum(paid), sum(refunded), sum(on_its_way), count(DISTINCT visit_id)
  FROM money
  JOIN appointments_appointment visit ON visit.id = money.visit_id
 CROSS JOIN LATERAL (SELECT date_trunc(%(unit)s, moment AT TIME ZONE %(zone)s)::date AS bucket) part
 WHERE visit.doctor_id = %(doctor)s
 GROUP BY GROUPING SETS ((money.currency), (money.currency, part.bucket), (money.currency, money.method))
 ORDER BY money.currency, part.bucket, money.method
"""  # noqa: S608 - constants of this module
# What `grouping` says of a row: which of (bucket, method) it is not about.
OF_BUCKET, OF_METHOD, OF_ALL = 1, 2, 3

NET = f"""
{MONEY}
SELECT visit.doctor_id, money.currency, sum(paid) - sum(refunded)
  FROM money JOIN appointments_appointment visit ON visit.id = money.visit_id
 WHERE %(doctor)s::text IS NULL OR visit.doctor_id = %(doctor)s
 GROUP BY visit.doctor_id, money.currency
"""  # noqa: S608

BY_VISIT = f"""
{MONEY}
SELECT visit.id, money.currency, sum(paid), sum(refunded), sum(on_its_way),
       array_agg(DISTINCT money.method ORDER BY money.method)
  FROM money JOIN appointments_appointment visit ON visit.id = money.visit_id
 WHERE visit.doctor_id = %(doctor)s
 GROUP BY visit.id, money.currency
 ORDER BY visit.scheduled_at DESC, visit.id, money.currency
 LIMIT %(limit)s OFFSET %(offset)s
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Money:
    """What came in and what went or goes back; of that, `on_its_way` has not arrived yet. `visits` it is about."""

    paid: Decimal = ZERO
    refunded: Decimal = ZERO
    on_its_way: Decimal = ZERO
    visits: int = 0

    @property
    def net(self) -> Decimal:
        return self.paid - self.refunded


@dataclass(slots=True)
class Earnings:
    """A period's sums in one currency. `buckets` holds those days, weeks or months only that money moved in."""

    currency: str
    total: Money = field(default_factory=Money)
    buckets: dict[date, Money] = field(default_factory=dict)
    methods: dict[str, Money] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VisitMoney:
    """One visit with what moved for it in the period."""

    visit: Appointment
    currency: str
    money: Money
    methods: tuple[str, ...]

    @property
    def names_patient(self) -> bool:
        """As everywhere in the workspace: a hold says nothing about the person yet, a cancelled visit no longer."""
        return self.visit.status in SEEN_STATUSES

    @property
    def method_words(self) -> str:
        return ", ".join(str(PaymentMethod(method).label) for method in self.methods)


class _Row(NamedTuple):
    visit_id: str
    currency: str
    paid: Decimal
    refunded: Decimal
    on_its_way: Decimal
    methods: list[str]


def earnings(doctor: Doctor, period: Period) -> list[Earnings]:
    """The doctor's sums of the period: one for the clinic's currency, which is first and always there, and one for
    each other currency that money moved in. One statement, however many visits there are."""
    found = {doctor.clinic.policy.currency: Earnings(doctor.clinic.policy.currency)}
    values = {**_asked(_home(doctor), period.first, period.last), "doctor": doctor.pk, "unit": period.unit}
    with connection.cursor() as cursor:
        cursor.execute(SUMS, values)
        for currency, bucket, method, what, *sums in cursor.fetchall():
            told, money = found.setdefault(currency, Earnings(currency)), Money(*sums)
            if what == OF_ALL:
                told.total = money
            elif what == OF_BUCKET:
                told.buckets[bucket] = money
            else:
                told.methods[method] = money
    return list(found.values())


def net_of(doctor: Doctor, *, first: date, last: date) -> dict[str, Decimal]:
    """Currency → what the doctor's visits brought in from `first` to `last`, both included; one statement."""
    return _nets(_home(doctor), first, last, doctor.pk).get(doctor.pk, {})


def net_by_doctor(clinic: Clinic, *, first: date, last: date) -> dict[str, dict[str, Decimal]]:
    """Doctor's id → currency → what their visits brought in; those without any money are not there; one statement."""
    return _nets(clinic, first, last, None)


def visits_with_money(doctor: Doctor, period: Period, *, limit: int, offset: int = 0) -> list[VisitMoney]:
    """The doctor's visits that money moved for in the period, the latest visit first; two statements."""
    return list(_with_visits(_rows(doctor, period, limit, offset)))


def every_visit_with_money(doctor: Doctor, period: Period) -> Iterator[VisitMoney]:
    """All of them, for a file: the sums are of one moment, and the visits are read as they are needed."""
    rows = _rows(doctor, period, None, 0)
    for first in range(0, len(rows), BATCH):
        yield from _with_visits(rows[first : first + BATCH])


def visits_in(found: Iterable[Earnings]) -> int:
    return sum(told.total.visits for told in found)


def period_before(period: Period) -> Period:
    """What a period is compared with: of a month or a year that is not over, as many days of the one before; of a
    month that is, the whole month before; of any other stretch, as many days right before it."""
    if period.preset == "this-year":
        first, last = _years_back(period.first), _years_back(period.last)
    elif period.preset == "this-month":
        end = period.first - timedelta(days=1)
        first, last = end.replace(day=1), end.replace(day=min(period.last.day, end.day))
    elif period.preset == "last-month":
        last = period.first - timedelta(days=1)
        first = last.replace(day=1)
    else:
        last = period.first - timedelta(days=1)
        first = last - (period.last - period.first)
    return replace(period, first=first, last=last, preset="")


def _years_back(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)


def _home(doctor: Doctor) -> Clinic:
    return cast(Clinic, doctor.clinic)  # whoever has visits here


def _asked(clinic: Clinic, first: date, last: date) -> dict[str, Any]:
    zone: ZoneInfo = clinic.policy.tz
    start, end = day_bounds(first, (last - first).days + 1, zone)
    moments: dict[str, datetime] = {"start": start, "end": end}
    return {**moments, "zone": zone.key}


def _nets(clinic: Clinic, first: date, last: date, doctor_id: str | None) -> dict[str, dict[str, Decimal]]:
    with connection.cursor() as cursor:
        cursor.execute(NET, {**_asked(clinic, first, last), "doctor": doctor_id})
        found: dict[str, dict[str, Decimal]] = {}
        for doctor, currency, net in cursor.fetchall():
            found.setdefault(doctor, {})[currency] = net
    return found


def _rows(doctor: Doctor, period: Period, limit: int | None, offset: int) -> list[_Row]:
    values = {**_asked(_home(doctor), period.first, period.last), "doctor": doctor.pk}
    with connection.cursor() as cursor:
        cursor.execute(BY_VISIT, {**values, "limit": limit, "offset": offset})
        return [_Row(*row) for row in cursor.fetchall()]


def _with_visits(rows: Sequence[_Row]) -> Iterator[VisitMoney]:
    visits = Appointment.objects.select_related("patient").in_bulk([row.visit_id for row in rows])
    for row in rows:
        money = Money(row.paid, row.refunded, row.on_its_way, 1)
        yield VisitMoney(visits[row.visit_id], row.currency, money, tuple(row.methods))
