"""Cancelling, moving and booking at once, in real threads and transactions: one outcome, the money right."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from appointments.exceptions import AppointmentError, SlotTaken
from appointments.models import Appointment
from appointments.services.cancellation import cancel_appointment
from appointments.services.rescheduling import reschedule_appointment
from precta.ids import new_id
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.money_helpers import broken_invariants, paid_visit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ground(uzima, monkeypatch):
    monkeypatch.setattr("precta.payments.services.refunding.submit_refund", lambda *args, **kwargs: None)
    doctor = factories.make_doctor(uzima)
    factories.make_full_week(doctor)
    return doctor


def on_day(days, hour, minute=0):
    day = timezone.now() + timedelta(days=days)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)


def at_once(uzima, *acts):
    """Run all `acts` at the same moment; what each returned or raised."""
    start = Barrier(len(acts))

    def run(act):
        try:
            with clinic_context(uzima):
                start.wait(10)
                return act()
        except AppointmentError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def fresh(pk):
    return Appointment.objects.select_related("clinic", "doctor").get(pk=pk)


def moving(visit, starts_at):
    def act():
        return reschedule_appointment(
            appointment=fresh(visit.pk),
            starts_at=starts_at,
            mode="in_person",
            by_user=visit.booked_by,
            idempotency_key=new_id(),
        )

    return act


def cancelling(visit, side="patient"):
    def act():
        return cancel_appointment(appointment=fresh(visit.pk), by_user=visit.booked_by, side=side)

    return act


def test_many_clicks_on_cancel_give_the_money_back_once(uzima, ground):
    visit = paid_visit(factories.make_patient(), ground, on_day(3, 8), now=timezone.now())
    results = at_once(uzima, *[cancelling(visit)] * 4, cancelling(visit, "doctor"))
    assert {result.status for result in results} == {"cancelled"}
    with clinic_context(uzima):
        assert list(Refund.objects.values_list("amount", flat=True)) == [Decimal(2500)]
    assert not broken_invariants(uzima)


def test_two_tabs_that_move_one_visit_leave_one_visit(uzima, ground):
    visit = paid_visit(factories.make_patient(), ground, on_day(3, 8), now=timezone.now())
    results = at_once(uzima, moving(visit, on_day(3, 9)), moving(visit, on_day(3, 10)), moving(visit, on_day(3, 11)))
    moved = [result for result in results if isinstance(result, Appointment)]
    assert len(moved) == 1
    with clinic_context(uzima):
        assert list(Appointment.objects.live().values_list("pk", flat=True)) == [moved[0].pk]
        assert Payment.objects.get().subject_id == moved[0].pk
    assert not broken_invariants(uzima)


def test_of_those_who_move_to_one_time_one_gets_it_and_the_others_keep_theirs(uzima, ground):
    visits = [
        paid_visit(factories.make_patient(), ground, on_day(3, 6 + hour), now=timezone.now()) for hour in range(4)
    ]
    results = at_once(uzima, *[moving(visit, on_day(4, 8)) for visit in visits])
    assert sorted(type(result) is SlotTaken for result in results) == [False, True, True, True]
    with clinic_context(uzima):
        assert Appointment.objects.live().count() == 4
    assert not broken_invariants(uzima)


def test_a_visit_is_either_moved_or_cancelled(uzima, ground):
    for days in range(3, 9):
        visit = paid_visit(factories.make_patient(), ground, on_day(days, 8), now=timezone.now())
        at_once(uzima, moving(visit, on_day(days, 9)), cancelling(visit))
        with clinic_context(uzima):
            live = Appointment.objects.live().filter(patient=visit.patient).count()
            back = Refund.objects.filter(payment__user=visit.booked_by).count()
        assert (live, back) in {(1, 0), (0, 1)}
    assert not broken_invariants(uzima)


def test_two_visits_that_swap_their_times_at_once_never_overlap(uzima, ground):
    first = paid_visit(factories.make_patient(), ground, on_day(3, 8), now=timezone.now())
    second = paid_visit(factories.make_patient(), ground, on_day(3, 9), now=timezone.now())
    results = at_once(uzima, moving(first, second.scheduled_at), moving(second, first.scheduled_at))
    assert all(isinstance(result, SlotTaken) for result in results)
    assert not broken_invariants(uzima)
