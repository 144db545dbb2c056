"""The figures of a period, of one clinic and of the platform: sums, rates and the wait for a free time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from accounts.models import ClinicPatient, Doctor, Patient
from appointments.figures.days import Day, days_of
from appointments.figures.earnings import net_by_doctor
from appointments.models import Appointment, AppointmentStatus
from clinics.models import Clinic, ClinicDay, ClinicStatus
from clinics.periods import Period

COUNTS = ("booked", "cancelled", "completed", "missed", "received", "refunded")
MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Summary:
    """`buckets` are in order, empty ones included; rates are shares from 0 to 1, None where nothing can be said."""

    total: Day
    buckets: list[Day]

    @property
    def cancellation_rate(self) -> float | None:
        """Visits cancelled in the period by those booked in it."""
        return self.total.cancelled / self.total.booked if self.total.booked else None

    @property
    def no_show_rate(self) -> float | None:
        """Visits whose patient did not come by those that were due: completed or missed."""
        due = self.total.completed + self.total.missed
        return self.total.missed / due if due else None


@dataclass(frozen=True, slots=True)
class People:
    """How many there are now, and how many of the patients are new in the period."""

    patients: int
    new_patients: int
    doctors: int
    clinics: int = 0


def summarise(days: Iterable[Day], period: Period) -> Summary:
    found = {start: Day(start) for start in period.buckets}
    total = Day(period.first)
    for day in days:
        start = period.start_of(day.day)
        found[start] = _plus(found[start], day)
        total = _plus(total, day)
    return Summary(total=total, buckets=list(found.values()))


def _plus(one: Day, other: Day) -> Day:
    return one._replace(**{name: getattr(one, name) + getattr(other, name) for name in COUNTS})


def clinic_summary(clinic: Clinic, period: Period) -> Summary:
    """Counted now, from the clinic's own tables; runs in its schema, one statement."""
    return summarise(days_of(clinic, first=period.first, last=period.last), period)


def clinic_people(clinic: Clinic, period: Period) -> People:
    since, until = _bounds(period, clinic.policy.tz)
    links = ClinicPatient.objects.filter(clinic=clinic).aggregate(
        all=Count("pk"), new=Count("pk", filter=Q(created_at__gte=since, created_at__lt=until))
    )
    return People(links["all"], links["new"], Doctor.objects.public().filter(clinic=clinic).count())


def doctors_of_clinic(clinic: Clinic, period: Period) -> list[dict[str, Any]]:
    """The clinic's doctors with their visits of the period, what these brought in and the wait for their next free
    time, busiest first; three statements. Money counts on the days of the period, as in `clinic_summary`."""
    since, until = _bounds(period, clinic.policy.tz)
    visits = (
        Appointment.objects.filter(scheduled_at__gte=since, scheduled_at__lt=until)
        .order_by()
        .values("doctor_id")
        .annotate(
            booked=Count("pk", filter=~Q(status__in=[AppointmentStatus.PENDING_PAYMENT, AppointmentStatus.CANCELLED])),
            completed=Count("pk", filter=Q(status=AppointmentStatus.COMPLETED)),
            missed=Count("pk", filter=Q(status=AppointmentStatus.NO_SHOW)),
        )
    )
    counted = {row["doctor_id"]: row for row in visits}
    doctors = Doctor.objects.filter(clinic=clinic).only("first_name", "last_name", "next_available_at")
    earned = net_by_doctor(clinic, first=period.first, last=period.last)
    rows: list[dict[str, Any]] = [
        {
            "doctor": doctor,
            **counted.get(doctor.pk, _no_visits()),
            "earned": earned.get(doctor.pk, {}).get(clinic.policy.currency, Decimal(0)),
        }
        for doctor in doctors
    ]
    return sorted(rows, key=lambda row: (-row["booked"], row["doctor"].last_name))[:MOST_ROWS]


def _no_visits() -> dict[str, int]:
    return {"booked": 0, "completed": 0, "missed": 0}


def platform_summary(period: Period, *, currency: str) -> Summary:
    """From the sums that are kept of all clinics' days; one statement, however many clinics there are.

    Money counts where it is in `currency`; the rest is in `platform_revenue`.
    """
    in_currency = Q(currency=currency)
    rows: QuerySet[Any, Any] = (
        ClinicDay.objects.filter(day__gte=period.first, day__lte=period.last)
        .order_by()
        .values("day")
        .annotate(
            **{f"sum_{name}": Sum(name) for name in ("booked", "cancelled", "completed", "missed")},
            sum_received=Coalesce(Sum("received", filter=in_currency), Decimal(0)),
            sum_refunded=Coalesce(Sum("refunded", filter=in_currency), Decimal(0)),
        )
    )
    return summarise((Day(row["day"], **{name: row[f"sum_{name}"] for name in COUNTS}) for row in rows), period)


def platform_revenue(period: Period) -> Mapping[str, Decimal]:
    """Completed payments minus refunds by currency, the largest first."""
    rows = (
        ClinicDay.objects.filter(day__gte=period.first, day__lte=period.last)
        .order_by()
        .values("currency")
        .annotate(received_in=Sum("received"), refunded_in=Sum("refunded"))
    )
    found = {row["currency"]: row["received_in"] - row["refunded_in"] for row in rows}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def clinics_of_platform(period: Period) -> list[dict[str, Any]]:
    """The clinics with their sums of the period, those with most bookings first; one statement."""
    sums: QuerySet[Any, Any] = (
        ClinicDay.objects.filter(day__gte=period.first, day__lte=period.last)
        .order_by()
        .values("clinic_id", "clinic__name", "clinic__city", "currency")
        .annotate(**{f"sum_{name}": Sum(name) for name in COUNTS})
    )
    rows: Iterable[dict[str, Any]] = sums.order_by("-sum_booked", "clinic__name")[:MOST_ROWS]
    return [
        {
            "clinic_id": row["clinic_id"],
            "name": row["clinic__name"],
            "city": row["clinic__city"],
            "currency": row["currency"],
            "sums": Day(period.first, **{name: row[f"sum_{name}"] for name in COUNTS}),
        }
        for row in rows
    ]


def platform_people(period: Period, zone: ZoneInfo) -> People:
    since, until = _bounds(period, zone)
    patients = Patient.objects.aggregate(
        all=Count("pk"), new=Count("pk", filter=Q(user__created_at__gte=since, user__created_at__lt=until))
    )
    clinics = Clinic.objects.filter(status=ClinicStatus.ACTIVE).count()
    return People(patients["all"], patients["new"], Doctor.objects.public().count(), clinics)


def days_to_first_slot(*, now: datetime, clinic: Clinic | None = None) -> float | None:
    """The median over the public doctors with a free time of the days until the first one; None without any."""
    doctors = Doctor.objects.public().filter(next_available_at__gte=now)
    if clinic is not None:
        doctors = doctors.filter(clinic=clinic)
    sql, values = doctors.order_by().values("next_available_at").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            # The ORM's own sentence inside.
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM free.next_available_at - %s))"  # noqa: S608
            f" FROM ({sql}) free",
            [now, *values],
        )
        seconds = cursor.fetchone()[0]
    return None if seconds is None else float(seconds) / 86_400


def _bounds(period: Period, zone: ZoneInfo) -> tuple[datetime, datetime]:
    last: date = period.last + timedelta(days=1)
    return datetime.combine(period.first, time(), zone), datetime.combine(last, time(), zone)
