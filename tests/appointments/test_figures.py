"""The figures: what a day came to, at a clinic and over all of them."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.db.models import F, Sum
from django.utils import timezone

from accounts.models import Doctor
from appointments import reasons
from appointments.figures import summaries
from appointments.figures.days import Day, days_of, keep_days
from appointments.models import Appointment
from clinics.models import Clinic, ClinicDay
from clinics.periods import Period
from precta.outbox.models import OutboxEvent
from precta.outbox.services import emit, relay_event
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.money_helpers import paid_visit, pay

pytestmark = pytest.mark.django_db

# Noon in Nairobi.
NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
TODAY = date(2026, 11, 18)


def give_back(visit, amount, *, at=NOW, status="processed"):
    with clinic_context(visit.clinic):
        payment = Payment.objects.get(subject_id=visit.pk)
        refund = Refund.objects.create(
            payment=payment,
            key=f"{visit.pk} {amount} {status}",
            subject_id=visit.pk,
            amount=Decimal(amount),
            reason="test",
            status=status,
        )
        Refund.objects.filter(pk=refund.pk).update(created_at=at)


def visit(cast, starts_at, *, booked_at=NOW, fee=0, **extra):
    made = paid_visit if fee else factories.make_appointment
    given = {"now": booked_at, "fee": fee} if fee else {}
    row = made(cast.patient, cast.doctor, starts_at, **given, **extra)
    with clinic_context(row.clinic):
        Appointment.objects.filter(pk=row.pk).update(created_at=booked_at)
    return row


def cancelled(cast, starts_at, *, at=NOW, reason="ill", fee=0, **extra):
    row = visit(cast, starts_at, fee=fee, **extra)
    with clinic_context(row.clinic):
        Appointment.objects.filter(pk=row.pk).update(
            status="cancelled", cancelled_at=at, cancellation_reason=reason, refund_due=0
        )
    return row


def counted(clinic, first=TODAY, last=TODAY):
    with clinic_context(clinic):
        return {day.day: day for day in days_of(clinic, first=first, last=last)}


def test_revenue_is_the_completed_payments_minus_the_refunds(cast):
    visit(cast, NOW + timedelta(hours=2), fee=2500)
    second = visit(cast, NOW + timedelta(hours=4), fee=3000)
    give_back(second, 1200)
    third = visit(cast, NOW + timedelta(hours=6), fee=1000)
    give_back(third, 400, status="failed")
    with clinic_context(cast.uzima):
        paid = Payment.objects.filter(status__in=["completed", "refunded"]).aggregate(sum=Sum("amount"))["sum"]
        back = Refund.objects.exclude(status="failed").aggregate(sum=Sum("amount"))["sum"]
    day = counted(cast.uzima)[TODAY]
    assert day.revenue == paid - back == Decimal(5300)
    assert (day.received, day.refunded) == (Decimal(6500), Decimal(1200))


def test_days_are_the_clinics_own(cast):
    """23:30 in Nairobi is the same day there, and half past nine in the evening of it in London."""
    visit(cast, NOW + timedelta(hours=30), booked_at=datetime(2026, 11, 17, 20, 30, tzinfo=UTC))
    visit(cast, NOW + timedelta(hours=32), booked_at=datetime(2026, 11, 17, 21, 30, tzinfo=UTC))
    found = counted(cast.uzima, TODAY - timedelta(days=2), TODAY)
    assert {day: row.booked for day, row in found.items()} == {TODAY - timedelta(days=1): 1, TODAY: 1}


def test_a_hold_that_was_never_paid_is_no_booking_and_no_cancellation(cast):
    factories.make_appointment(cast.patient, cast.doctor, NOW + timedelta(hours=2), status="pending_payment", fee=2500)
    for number, reason in enumerate([*reasons.NEVER_TAKEN, "changed my mind"]):
        starts_at = NOW + timedelta(days=2, hours=number)
        row = factories.make_appointment(cast.patient, cast.doctor, starts_at, status="cancelled", fee=2500)
        with clinic_context(row.clinic):
            Appointment.objects.filter(pk=row.pk).update(cancellation_reason=reason, created_at=NOW, cancelled_at=NOW)
    assert counted(cast.uzima) == {}


def test_a_visit_that_moved_is_booked_once_and_not_cancelled(cast):
    old = cancelled(cast, NOW + timedelta(hours=2), reason=reasons.RESCHEDULED)
    visit(cast, NOW + timedelta(hours=5), rescheduled_from=old)
    day = counted(cast.uzima)[TODAY]
    assert (day.booked, day.cancelled) == (1, 0)


def test_a_cancelled_visit_counts_on_the_day_it_was_cancelled(cast):
    cancelled(cast, NOW + timedelta(days=4), booked_at=NOW - timedelta(days=3), fee=2500)
    found = counted(cast.uzima, TODAY - timedelta(days=5), TODAY)
    assert found[TODAY].cancelled == 1
    assert found[TODAY].booked == 0
    assert found[TODAY - timedelta(days=3)].booked == 1


def test_rates_are_of_what_was_booked_and_of_what_was_due(cast):
    before = NOW - timedelta(days=1)
    for hour, status in enumerate(["completed", "completed", "completed", "no_show"]):
        visit(cast, before + timedelta(hours=hour - 6), booked_at=before, status=status)
    cancelled(cast, NOW + timedelta(days=3), booked_at=before)
    with clinic_context(cast.uzima):
        summary = summaries.clinic_summary(cast.uzima, Period.read({"range": "7d"}, today=TODAY))
    assert summary.cancellation_rate == pytest.approx(1 / 5)
    assert summary.no_show_rate == pytest.approx(1 / 4)
    assert sum(day.booked for day in summary.buckets) == summary.total.booked == 5


def test_without_visits_there_are_no_rates(cast):
    with clinic_context(cast.uzima):
        summary = summaries.clinic_summary(cast.uzima, Period.read({}, today=TODAY))
    assert summary.cancellation_rate is None
    assert summary.no_show_rate is None


def test_the_platforms_sums_are_those_of_the_clinics(cast):
    first = visit(cast, NOW + timedelta(hours=2), fee=2500)
    give_back(first, 1000)
    other = factories.make_appointment(cast.other_patient, cast.other_doctor, NOW + timedelta(hours=2), fee=1500)
    pay(other, 1500, at=NOW)
    with clinic_context(other.clinic):
        Appointment.objects.filter(pk=other.pk).update(created_at=NOW)
    for clinic in (cast.uzima, cast.pwani):
        with clinic_context(clinic):
            keep_days(clinic, days=[TODAY])
            keep_days(clinic, days=[TODAY])
    period = Period.read({"range": "7d"}, today=TODAY)
    summary = summaries.platform_summary(period, currency="KES")
    assert summary.total.revenue == Decimal(3000)
    assert summary.total.booked == 2
    assert summaries.platform_revenue(period) == {"KES": Decimal(3000)}
    assert {row["name"]: row["sums"].revenue for row in summaries.clinics_of_platform(period)} == {
        cast.uzima.name: Decimal(1500),
        cast.pwani.name: Decimal(1500),
    }


def test_money_of_another_currency_is_told_by_itself(cast):
    Clinic.objects.filter(pk=cast.pwani.pk).update(settings={"currency": "USD"})
    ClinicDay.objects.create(clinic=cast.uzima, day=TODAY, received=500)
    ClinicDay.objects.create(clinic=cast.pwani, day=TODAY, received=20, currency="USD")
    period = Period.read({"range": "7d"}, today=TODAY)
    assert summaries.platform_summary(period, currency="KES").total.revenue == Decimal(500)
    assert summaries.platform_revenue(period) == {"KES": Decimal(500), "USD": Decimal(20)}


@pytest.mark.parametrize("kind", ["appointment.confirmed", "appointment.cancelled", "payment.completed"])
def test_the_sums_follow_what_happens(cast, kind):
    row = visit(cast, NOW + timedelta(hours=2), fee=2500)
    with clinic_context(cast.uzima):
        ids = {"payment_id": row.payment.pk} if kind.startswith("payment") else {"appointment_id": row.pk}
        event = OutboxEvent.objects.create(kind=kind, payload=ids)
        relay_event(event.pk)
        relay_event(event.pk)
    kept = ClinicDay.objects.get(clinic=cast.uzima, day=TODAY)
    assert (kept.booked, kept.received) == (1, Decimal(2500))


def test_a_refund_that_fails_counts_no_more(cast):
    row = visit(cast, NOW + timedelta(hours=2), fee=2500)
    give_back(row, 1000)
    with clinic_context(cast.uzima):
        refund = Refund.objects.get()
        keep_days(cast.uzima, days=[TODAY])
        Refund.objects.update(status="failed")
        relay_event(emit("refund.failed", refund_id=refund.pk).pk)
    assert ClinicDay.objects.get(clinic=cast.uzima, day=TODAY).refunded == 0


def test_the_wait_is_the_median_over_doctors_with_a_free_time(cast):
    for number, days in enumerate([1, 2, 9]):
        doctor = factories.make_doctor(cast.uzima, email=f"median{number}@example.test")
        Doctor.objects.filter(pk=doctor.pk).update(next_available_at=NOW + timedelta(days=days))
    assert summaries.days_to_first_slot(now=NOW) == pytest.approx(2.0)
    assert summaries.days_to_first_slot(now=NOW, clinic=cast.pwani) is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, (30, "day")),
        ({"range": "12m"}, (365, "month")),
        ({"range": "90d", "by": "week"}, (90, "week")),
        ({"range": "12m", "by": "day"}, (365, "month")),
        ({"range": "nonsense", "by": "hour"}, (30, "day")),
        ({"from": "2026-11-01", "to": "2026-11-10"}, (10, "day")),
        ({"from": "2026-11-10", "to": "2026-11-01"}, (30, "day")),
        ({"from": "2026-02-31", "to": "9999-99-99"}, (30, "day")),
        ({"from": "2020-01-01", "to": "2026-11-01"}, (731, "month")),
        ({"from": "\x00", "to": "0"}, (30, "day")),
    ],
)
def test_a_period_is_what_was_asked_or_the_last_thirty_days(asked, expected):
    period = Period.read(asked, today=TODAY)
    assert ((period.last - period.first).days + 1, period.unit) == expected


@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_every_day_of_a_period_has_its_bucket(unit):
    period = Period(date(2024, 1, 31), date(2024, 4, 2), unit)
    days = [Day(period.first + timedelta(days=n), booked=1) for n in range((period.last - period.first).days + 1)]
    summary = summaries.summarise(days, period)
    assert summary.total.booked == sum(day.booked for day in summary.buckets) == len(days)
    assert [day.day for day in summary.buckets] == sorted({period.start_of(day.day) for day in days})


@pytest.fixture
def lately(cast):
    """Visits of the present days, kept for the platform."""
    now = timezone.now()
    visit(cast, now + timedelta(hours=2), booked_at=now, fee=2500)
    with clinic_context(cast.uzima):
        keep_days(cast.uzima, days=[timezone.localtime(now, cast.uzima.policy.tz).date()])


def test_the_clinics_page_tells_them_in_few_statements(cast, at_clinic, lately, django_assert_max_num_queries):
    client = at_clinic(cast.uzima, cast.owner)
    client.get("/admin/figures/")
    with django_assert_max_num_queries(15):
        page = client.get("/admin/figures/?range=7d").content.decode()
    assert "KES\u00a02,500" in page
    assert cast.doctor.display_name in page
    assert cast.patient.last_name not in page


def test_the_platforms_page_costs_the_same_with_more_clinics(cast, at_admin, lately, django_assert_max_num_queries):
    client = at_admin(cast.admin)
    client.get("/figures/")
    with django_assert_max_num_queries(12):
        page = client.get("/figures/?range=12m").content.decode()
    assert "KES\u00a02,500" in page
    assert cast.uzima.name in page
    assert cast.doctor.last_name not in page


def test_the_file_holds_what_the_page_shows(cast, at_admin, lately):
    response = at_admin(cast.admin).get("/figures/export/?range=7d")
    rows = list(csv.reader(StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert len(rows) == 8
    assert rows[-1][1] == "1"
    assert Decimal(rows[-1][7]) == ClinicDay.objects.aggregate(sum=Sum(F("received") - F("refunded")))["sum"]


def test_a_screen_left_alone_exports_nothing(cast, at_admin, at_clinic):
    assert at_admin(cast.admin, minutes_ago=30).get("/figures/export/").status_code == 302
    assert at_clinic(cast.uzima, cast.owner, minutes_ago=30).get("/admin/figures/export/").status_code == 302


def test_the_front_desk_sees_no_figures(cast, at_clinic):
    assert at_clinic(cast.uzima, cast.staff).get("/admin/figures/").status_code == 403
