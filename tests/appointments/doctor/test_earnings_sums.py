"""Whatever happens to visits, what a doctor earned is the completed payments minus the refunds that have not failed."""

import random
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from appointments.exceptions import SlotNotOffered, SlotTaken
from appointments.figures import earnings as figures
from appointments.figures.days import days_of
from appointments.models import Appointment
from appointments.services.cancellation import Side, cancel_appointment
from appointments.services.confirmation import confirm_paid, take_locks
from appointments.services.goodwill import give_back_part
from appointments.services.rescheduling import reschedule_appointment
from clinics.periods import Period
from precta.ids import new_id
from precta.payments.models import Payment, Refund
from precta.payments.selectors import net_received
from precta.payments.services import request_refund
from precta.payments.services.refunding import retry_refund
from tests import factories
from tests.appointments.money_helpers import broken_invariants, paid_visit, pay

pytestmark = pytest.mark.django_db

NAIROBI = ZoneInfo("Africa/Nairobi")
# A Sunday, 12:00 in Nairobi.
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
# Asked of the tables themselves, without anything of the code that is judged.
OWN_SQL = """
SELECT (SELECT coalesce(sum(p.amount), 0) FROM payments_payment p
         WHERE p.status IN ('completed', 'refunded')
           AND p.subject_id IN (SELECT id FROM appointments_appointment WHERE doctor_id = %(doctor)s)
           AND (p.paid_at AT TIME ZONE 'Africa/Nairobi')::date BETWEEN %(first)s AND %(last)s)
     - (SELECT coalesce(sum(r.amount), 0) FROM payments_refund r
         WHERE r.status <> 'failed'
           AND r.payment_id IN (SELECT p.id FROM payments_payment p
                JOIN appointments_appointment v ON v.id = p.subject_id WHERE v.doctor_id = %(doctor)s)
           AND (r.created_at AT TIME ZONE 'Africa/Nairobi')::date BETWEEN %(first)s AND %(last)s)
"""


def by_sql(doctor, first, last):
    with connection.cursor() as cursor:
        cursor.execute(OWN_SQL, {"doctor": doctor.pk, "first": first, "last": last})
        return cursor.fetchone()[0]


class Life:
    """What happens at a clinic in two months, at moments on both sides of midnight."""

    def __init__(self, cast, seed):
        self.cast, self.dice = cast, random.Random(seed)
        self.doctors = [cast.doctor, factories.make_doctor(cast.uzima, "Wanjiru", "Mwangi")]
        for doctor in self.doctors:
            factories.make_full_week(doctor)
        self.patients = [cast.patient, cast.other_patient]
        self.dated: set[str] = set()

    def moment(self):
        """23:30 or 00:30 in Nairobi now and then, else any hour."""
        day = datetime(2026, 9, 25, tzinfo=NAIROBI) + timedelta(days=self.dice.randrange(58))
        minutes = self.dice.choice([30, 23 * 60 + 30, self.dice.randrange(24 * 60)])
        return (day + timedelta(minutes=minutes)).astimezone(UTC)

    def slot(self):
        return NOW + timedelta(days=self.dice.randrange(1, 30), minutes=30 * self.dice.randrange(-4, 8))

    def date_refunds(self):
        """Whatever was decided since the last call was decided at some moment of those months."""
        for refund in Refund.objects.exclude(pk__in=self.dated):
            Refund.objects.filter(pk=refund.pk).update(created_at=self.moment())
            self.dated.add(refund.pk)

    def book(self):
        doctor, patient = self.dice.choice(self.doctors), self.dice.choice(self.patients)
        fee = self.dice.choice([0, 1500, 2500, 2500])
        method = self.dice.choice(["mpesa", "mpesa", "card", "cash"])
        starts_at = self.slot()
        if Appointment.objects.live().filter(doctor=doctor, scheduled_at=starts_at).exists():
            return
        if fee:
            visit = paid_visit(patient, doctor, starts_at, now=self.moment(), fee=fee)
            Payment.objects.filter(subject_id=visit.pk).update(method=method)
        else:
            factories.make_appointment(patient, doctor, starts_at)

    def standing(self):
        visits = Appointment.objects.filter(status="confirmed").select_related("clinic", "doctor")
        return self.dice.choice(list(visits.order_by("pk")))

    def cancel(self):
        visit = self.standing()
        when = visit.scheduled_at - timedelta(hours=self.dice.choice([1, 13, 30, 100]))
        side = self.dice.choice([Side.PATIENT, Side.DOCTOR])
        cancel_appointment(appointment=visit, by_user=visit.booked_by, side=side, now=when)

    def move(self):
        visit = self.standing()
        visit.doctor.consultation_fee = Decimal(self.dice.choice([1000, 2500, 4000]))
        visit.doctor.save()
        with suppress(SlotTaken, SlotNotOffered):
            new = reschedule_appointment(
                appointment=visit,
                starts_at=self.slot(),
                mode="in_person",
                by_user=visit.booked_by,
                idempotency_key=new_id(),
                now=NOW,
            )
            if new.status == "pending_payment" and self.dice.random() < 0.7:
                payment = new.payment
                take_locks(payment=payment)
                payment.status, payment.paid_at = "completed", self.moment()
                payment.save()
                confirm_paid(payment=payment, now=NOW)

    def goodwill(self):
        visit = self.standing()
        paid = Payment.objects.filter(subject_id=visit.pk, status="completed")
        payment = next((payment for payment in paid if net_received(payment) >= 200), None)
        if payment is not None and visit.fee > 200:
            arguments = {"amount": Decimal(200), "reason": "waited long", "by_user": self.cast.owner, "key": new_id()}
            give_back_part(payment=payment, **arguments)

    def pay_twice(self):
        first = Payment.objects.filter(type="appointment", status="completed", duplicate_of=None).order_by("?").first()
        second = Payment.objects.create(
            user=first.user,
            type="appointment",
            subject_id="",
            amount=first.amount,
            method="card",
            status="completed",
            provider_reference=new_id(),
            paid_at=self.moment(),
            duplicate_of=first,
        )
        # As settling leaves it.
        Payment.objects.filter(pk=second.pk).update(subject_id=second.pk)
        second.refresh_from_db()
        request_refund(payment=second, amount=second.amount, reason="paid twice", key="duplicate")

    def attempt(self):
        """Money that never came."""
        visit = self.standing()
        payment = pay(visit, 700, at=self.moment())
        Payment.objects.filter(pk=payment.pk).update(status=self.dice.choice(["failed", "pending"]), paid_at=None)

    def order(self):
        payment = Payment.objects.create(
            user=self.cast.patient.user,
            type="order",
            subject_id=new_id(),
            amount=Decimal(800),
            method="mpesa",
            status="completed",
            provider_reference=new_id(),
            paid_at=self.moment(),
        )
        if self.dice.random() < 0.5:
            request_refund(payment=payment, amount=Decimal(300), reason="one pack less", key="pack")

    def settle_refunds(self):
        """Some have gone, some are with the provider, some failed; half of these go out again."""
        for refund in Refund.objects.order_by("pk"):
            status = self.dice.choice(["processed", "processed", "processed", "pending", "queued", "failed"])
            Refund.objects.filter(pk=refund.pk).update(status=status)
            refund.refresh_from_db()
            if status == "failed" and self.dice.random() < 0.5:
                retry_refund(refund=refund)
        for payment in Payment.objects.filter(status="completed"):
            gone = sum(payment.refunds.filter(status="processed").values_list("amount", flat=True))
            if gone == payment.amount:
                Payment.objects.filter(pk=payment.pk).update(status="refunded")

    def live(self, steps=45):
        for _ in range(6):
            self.book()
        acts = [self.book] * 5 + [self.cancel, self.cancel, self.move, self.move, self.goodwill, self.pay_twice]
        acts += [self.attempt, self.order]
        for _ in range(steps):
            self.dice.choice(acts)()
            self.date_refunds()
        assert broken_invariants(self.cast.uzima) == {}
        self.settle_refunds()
        self.date_refunds()


@pytest.mark.parametrize("seed", range(4))
def test_by_visit_by_day_and_by_month_come_to_the_payments_minus_the_refunds(cast, in_uzima, seed):
    life = Life(cast, seed)
    life.live()
    first, last = date(2026, 9, 24), date(2026, 11, 23)
    stretches = [(first, last), (date(2026, 10, 1), date(2026, 10, 31)), (date(2026, 11, 1), date(2026, 11, 22))]
    for _ in range(4):
        start = first + timedelta(days=life.dice.randrange(50))
        stretches.append((start, start + timedelta(days=life.dice.randrange(9))))
    moved = 0
    for doctor in life.doctors:
        doctor.clinic = cast.uzima
        for begin, end in stretches:
            expected = by_sql(doctor, begin, end)
            days, weeks, months = (
                figures.earnings(doctor, Period(begin, end, unit)) for unit in ("day", "week", "month")
            )
            rows = list(figures.every_visit_with_money(doctor, Period(begin, end, "day")))
            pages = [
                row
                for offset in range(0, len(rows), 3)
                for row in figures.visits_with_money(doctor, Period(begin, end, "day"), limit=3, offset=offset)
            ]
            assert pages == rows
            assert len({row.visit.pk for row in rows}) == len(rows) == figures.visits_in(days)
            assert sum(row.money.net for row in rows) == expected
            assert figures.net_of(doctor, first=begin, last=end).get("KES", Decimal(0)) == expected
            for (told,) in (days, weeks, months):
                assert told.total.net == expected
                for parts in (told.buckets, told.methods):
                    for what in ("net", "paid", "refunded", "on_its_way"):
                        assert sum(getattr(part, what) for part in parts.values()) == getattr(told.total, what)
            assert set(days[0].buckets) <= set(Period(begin, end, "day").buckets)
            for day, money in days[0].buckets.items():
                assert money.net == by_sql(doctor, day, day)
            moved += len(rows)
    assert moved > 20, "there was something to add up"


@pytest.mark.parametrize("seed", range(4, 6))
def test_the_doctors_together_come_to_what_the_clinic_took_for_visits(cast, in_uzima, seed):
    life = Life(cast, seed)
    life.live()
    first, last = date(2026, 9, 24), date(2026, 11, 23)
    together = sum(sum(nets.values()) for nets in figures.net_by_doctor(cast.uzima, first=first, last=last).values())
    clinic = sum(day.revenue for day in days_of(cast.uzima, first=first, last=last))
    # What the clinic's figures hold besides: second payments whose way back failed and that it still owes.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(sum(p.amount - (SELECT coalesce(sum(r.amount), 0) FROM payments_refund r
                                             WHERE r.payment_id = p.id AND r.status <> 'failed')), 0)
              FROM payments_payment p
             WHERE p.status IN ('completed', 'refunded') AND p.type = 'appointment' AND p.duplicate_of_id IS NOT NULL
            """
        )
        besides = cursor.fetchone()[0]
    assert together == clinic - besides
    assert together > 0
