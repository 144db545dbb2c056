"""Two people at one visit or one payment at the same moment: one effect, and books that agree."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from appointments.exceptions import AppointmentError, PaymentChanged
from appointments.models import Appointment
from appointments.services import attendance
from appointments.services.cancellation import cancel_appointment
from appointments.services.goodwill import give_back_part
from appointments.services.rescheduling import reschedule_appointment
from precta.audit.models import AuditLog
from precta.ids import new_id
from precta.outbox.models import OutboxEvent
from precta.payments.exceptions import PaymentError
from precta.payments.models import Payment, Refund
from precta.payments.services import hand_back_cash, retry_refund, take_cash
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.money_helpers import broken_invariants, paid_visit
from tests.flows.test_visit_races import on_day

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clinic(uzima, monkeypatch):
    monkeypatch.setattr("precta.payments.tasks.submit_refund", lambda *args, **kwargs: None)
    doctor = factories.make_doctor(uzima)
    factories.make_full_week(doctor)
    people = [factories.make_staff(uzima), factories.make_staff(uzima, "manager")]

    def at_once(*acts):
        """Run all `acts` at the same moment; what each returned or raised."""
        start = Barrier(len(acts))

        def run(act):
            try:
                with clinic_context(uzima):
                    start.wait(10)
                    return act()
            except (AppointmentError, PaymentError) as error:
                return error
            finally:
                connection.close()

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(run, acts))

    return SimpleNamespace(uzima=uzima, doctor=doctor, people=people, at_once=at_once)


def paid(clinic, days=3, **extra):
    return paid_visit(factories.make_patient(), clinic.doctor, on_day(days, 8), now=timezone.now(), **extra)


def fresh(pk):
    return Appointment.objects.select_related("clinic", "doctor").get(pk=pk)


def cash_payment(clinic, visit, status="pending"):
    with clinic_context(clinic.uzima):
        payment = Payment.objects.create(
            user=visit.booked_by,
            type="appointment",
            subject_id=visit.pk,
            amount=2500,
            method="cash",
            provider="cash",
            status=status,
            paid_at=None if status == "pending" else timezone.now(),
            provider_reference=f"{clinic.uzima.code}-{new_id()}",
        )
        Appointment.objects.filter(pk=visit.pk).update(payment=payment)
    return payment


def test_the_desk_cancels_while_the_patient_moves(clinic):
    for days in range(3, 9):
        visit = paid(clinic, days)

        def cancel(visit=visit):
            return cancel_appointment(
                appointment=fresh(visit.pk), by_user=clinic.people[0], side="clinic", cause="patient"
            )

        def move(visit=visit, days=days):
            return reschedule_appointment(
                appointment=fresh(visit.pk),
                starts_at=on_day(days, 10),
                mode="in_person",
                by_user=visit.booked_by,
                idempotency_key=new_id(),
            )

        clinic.at_once(cancel, move)
        with clinic_context(clinic.uzima):
            live = Appointment.objects.live().filter(patient=visit.patient).count()
            back = Refund.objects.filter(payment__user=visit.booked_by).count()
        assert (live, back) in {(1, 0), (0, 1)}
    assert not broken_invariants(clinic.uzima)


def test_the_desk_and_the_patient_move_one_visit(clinic):
    visit = paid(clinic)

    def move(hour, who, side):
        return lambda: reschedule_appointment(
            appointment=fresh(visit.pk),
            starts_at=on_day(4, hour),
            mode="in_person",
            by_user=who,
            side=side,
            idempotency_key=new_id(),
        )

    results = clinic.at_once(
        move(8, visit.booked_by, "patient"), move(9, clinic.people[0], "clinic"), move(10, clinic.people[1], "clinic")
    )
    assert sum(isinstance(result, Appointment) for result in results) == 1
    assert not broken_invariants(clinic.uzima)


def test_two_desks_mark_one_arrival_and_one_absence(clinic):
    visit = paid(clinic, days=-1)
    mark = [lambda who=who: attendance.mark_arrived(appointment=fresh(visit.pk), by_user=who) for who in clinic.people]
    miss = [lambda who=who: attendance.mark_no_show(appointment=fresh(visit.pk), by_user=who) for who in clinic.people]
    results = clinic.at_once(*mark, *miss)
    assert sum(isinstance(result, Appointment) for result in results) == 1
    with clinic_context(clinic.uzima):
        assert AuditLog.objects.filter(action__in=["appointment.arrived", "appointment.no_show"]).count() == 1


def test_cash_is_taken_once(clinic):
    visit = factories.make_appointment(
        factories.make_patient(), clinic.doctor, on_day(2, 8), fee=2500, status="pending_payment"
    )
    payment = cash_payment(clinic, visit)
    acts = [lambda who=who: take_cash(payment=payment, taken_by=who) for who in clinic.people * 2]
    results = clinic.at_once(*acts)
    taken = [result for result in results if isinstance(result, Payment)]
    assert len(taken) == 1
    with clinic_context(clinic.uzima):
        assert Payment.objects.get().taken_by_id == taken[0].taken_by_id
        assert OutboxEvent.objects.filter(kind="appointment.confirmed").count() == 1
    assert not broken_invariants(clinic.uzima)


def test_cash_is_handed_back_once_and_a_failed_refund_is_sent_again_once(clinic):
    visit = paid(clinic)
    with clinic_context(clinic.uzima):
        Payment.objects.update(method="cash", provider="cash")
        cancel_appointment(appointment=fresh(visit.pk), by_user=clinic.people[0], side="clinic")
        refund = Refund.objects.select_related("payment").get()
    hand = [lambda who=who: hand_back_cash(refund=refund, handed_by=who) for who in clinic.people * 2]
    clinic.at_once(*hand)
    with clinic_context(clinic.uzima):
        assert AuditLog.objects.filter(action="refund.processed").count() == 1
        other = paid(clinic, 5)
        cancel_appointment(appointment=fresh(other.pk), by_user=clinic.people[0], side="clinic")
        Refund.objects.filter(subject_id=other.pk).update(status="failed")
        failed = Refund.objects.select_related("payment").get(subject_id=other.pk)
    clinic.at_once(*[lambda who=who: retry_refund(refund=failed, user=who) for who in clinic.people * 2])
    with clinic_context(clinic.uzima):
        assert Refund.objects.filter(subject_id=other.pk, status="queued").count() == 1
    assert not broken_invariants(clinic.uzima)


def test_two_managers_who_saw_the_same_amount_give_back_one_part(clinic):
    visit = paid(clinic)
    with clinic_context(clinic.uzima):
        payment = Payment.objects.get()
    acts = [
        lambda who=who: give_back_part(
            payment=payment, amount=2000, reason="Waited", by_user=who, key=new_id(), expected_left=payment.amount
        )
        for who in clinic.people * 2
    ]
    results = clinic.at_once(*acts)
    assert sorted(type(result) is PaymentChanged for result in results) == [False, True, True, True]
    with clinic_context(clinic.uzima):
        assert fresh(visit.pk).fee == 500
    assert not broken_invariants(clinic.uzima)


def test_a_part_goes_back_while_the_visit_is_cancelled_or_moved(clinic):
    for days in range(3, 9):
        visit = paid(clinic, days)
        with clinic_context(clinic.uzima):
            payment = Payment.objects.get(subject_id=visit.pk)

        def part(payment=payment):
            return give_back_part(payment=payment, amount=500, reason="r", by_user=clinic.people[1], key=new_id())

        def cancel(visit=visit):
            return cancel_appointment(appointment=fresh(visit.pk), by_user=clinic.people[0], side="clinic")

        def move(visit=visit, days=days):
            return reschedule_appointment(
                appointment=fresh(visit.pk),
                starts_at=on_day(days, 10),
                mode="in_person",
                by_user=visit.booked_by,
                idempotency_key=new_id(),
            )

        clinic.at_once(part, cancel if days % 2 else move)
        assert not broken_invariants(clinic.uzima), days
