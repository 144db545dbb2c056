"""Many people, one time: real threads, real transactions, real requests."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection

from appointments.exceptions import SlotTaken
from appointments.models import Appointment, AppointmentStatus
from appointments.services.booking import expire_holds, hold_slot
from appointments.services.confirmation import confirm_paid, take_locks
from precta.outbox.models import OutboxEvent
from precta.payments.models import Payment, PaymentMethod, Refund
from precta.payments.services import charge_mpesa, settle_payment
from precta.tenancy import clinic_context
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True)]
THREADS = 50


@pytest.fixture
def at():
    day = datetime.now(UTC) + timedelta(days=2)
    return day.replace(hour=6, minute=0, second=0, microsecond=0)


def crowd(clinic, number):
    people = [factories.make_patient("Person", str(n)) for n in range(number)]
    for person in people:
        factories.link_patient(person, clinic)
    return people


def run_together(tasks):
    """Run each task in a thread of its own, all let go at once; the answers, exceptions among them."""
    gate = threading.Barrier(len(tasks))
    answers = [None] * len(tasks)

    def work(number, task):
        try:
            gate.wait(30)
            answers[number] = task()
        except Exception as error:
            answers[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    return answers


def taking(clinic, doctor, person, starts_at, **changes):
    def take():
        with clinic_context(clinic):
            return hold_slot(
                **{
                    "patient": person,
                    "booked_by": person.user,
                    "doctor": doctor,
                    "clinic": clinic,
                    "starts_at": starts_at,
                    "mode": "in_person",
                    "notes": "",
                    "idempotency_key": f"key-of-{person.pk}",
                    "method": PaymentMethod.MPESA,
                    **changes,
                }
            )

    return take


def assert_one_winner(clinic, answers):
    winners = [answer for answer in answers if isinstance(answer, Appointment)]
    losers = [answer for answer in answers if not isinstance(answer, Appointment)]
    assert len(winners) == 1, answers
    assert all(isinstance(answer, SlotTaken) for answer in losers), [repr(a) for a in losers]
    with clinic_context(clinic):
        assert Appointment.objects.live().count() == Payment.objects.count() == 1


def test_of_fifty_who_take_one_time_one_gets_it(cast, at):
    factories.make_full_week(cast.doctor)
    people = crowd(cast.uzima, THREADS)
    answers = run_together([taking(cast.uzima, cast.doctor, person, at) for person in people])
    assert_one_winner(cast.uzima, answers)


def test_overlapping_times_of_other_lengths_and_buffers_never_both_exist(cast, at):
    """Lengths and buffers that change meanwhile make grids that overlap: the lock and the constraint still hold."""
    factories.make_full_week(cast.doctor, "09:00", "17:00")
    wishes = [(180, 0, 0), (30, 0, 30), (45, 0, 45), (45, 15, 60), (60, 0, 60), (30, 30, 60)]
    people = crowd(cast.uzima, 18)
    tasks = []
    for number, person in enumerate(people):
        minutes, buffer, later = wishes[number % len(wishes)]
        doctor = type(cast.doctor).objects.get(pk=cast.doctor.pk)
        doctor.consultation_duration_minutes = minutes
        clinic = type(cast.uzima).objects.get(pk=cast.uzima.pk)
        clinic.settings = {"buffer_minutes": buffer}
        tasks.append(taking(clinic, doctor, person, at + timedelta(minutes=later)))
    answers = run_together(tasks)
    assert all(isinstance(answer, Appointment | SlotTaken) for answer in answers), answers
    with clinic_context(cast.uzima):
        taken = list(Appointment.objects.live().order_by("scheduled_at"))
        assert taken and len(taken) == Payment.objects.count()
        assert all(earlier.busy_until <= later.scheduled_at for earlier, later in pairwise(taken))


def test_two_clinics_at_once_have_one_winner_each(cast, at):
    factories.make_full_week(cast.doctor)
    factories.make_full_week(cast.other_doctor)
    here, there = crowd(cast.uzima, 12), crowd(cast.pwani, 12)
    answers = run_together(
        [taking(cast.uzima, cast.doctor, person, at) for person in here]
        + [taking(cast.pwani, cast.other_doctor, person, at) for person in there]
    )
    assert_one_winner(cast.uzima, answers[:12])
    assert_one_winner(cast.pwani, answers[12:])


def test_the_same_form_sent_many_times_at_once_takes_one_time(cast, at):
    factories.make_full_week(cast.doctor)
    answers = run_together([taking(cast.uzima, cast.doctor, cast.patient, at) for _ in range(10)])
    assert len({answer.pk for answer in answers}) == 1


def test_a_booking_whose_confirmation_was_lost_is_there_when_the_form_is_sent_again(cast, at, lost_reply):
    factories.make_full_week(cast.doctor)
    take = taking(cast.uzima, cast.doctor, cast.patient, at)
    with lost_reply():
        take()
    visit = take()
    with clinic_context(cast.uzima):
        assert Appointment.objects.get().pk == visit.pk
        assert [event.kind for event in OutboxEvent.objects.all()] == ["appointment.held"]
        assert Payment.objects.get().pk == visit.payment_id


def test_one_person_in_a_hurry_still_holds_no_more_than_three(cast, at):
    factories.make_full_week(cast.doctor)
    tasks = [
        taking(cast.uzima, cast.doctor, cast.patient, at + timedelta(minutes=30 * n), idempotency_key=f"key-no-{n}")
        for n in range(8)
    ]
    answers = run_together(tasks)
    assert sum(isinstance(answer, Appointment) for answer in answers) == 3
    with clinic_context(cast.uzima):
        assert Appointment.objects.live().count() == 3


def test_requests_of_many_people_are_answered_by_one_redirect_and_409s(cast, at, at_clinic):
    factories.make_full_week(cast.doctor)
    people = crowd(cast.uzima, 10)
    clients = [at_clinic(cast.uzima, person.user) for person in people]

    def posting(client, number):
        form = {"at": f"{at:%Y-%m-%dT%H:%MZ}", "mode": "in_person", "method": "card", "key": f"key-number-{number}"}
        return lambda: client.post(f"/book/{cast.doctor.pk}/", form).status_code

    answers = run_together([posting(client, number) for number, client in enumerate(clients)])
    assert sorted(answers) == [302] + [409] * 9


def test_money_and_the_end_of_the_hold_at_once_leave_a_whole_state(cast, at):
    """Whoever is first, the visit is confirmed: either before the hold ends, or taken again after."""
    factories.make_full_week(cast.doctor)
    with clinic_context(cast.uzima):
        visit = taking(cast.uzima, cast.doctor, cast.patient, at)()
        ended = datetime.now(UTC) - timedelta(minutes=5)
        Appointment.objects.filter(pk=visit.pk).update(hold_expires_at=ended)
        Payment.objects.filter(pk=visit.payment_id).update(status="completed", paid_at=datetime.now(UTC))

    def money():
        from django.db import transaction

        with clinic_context(cast.uzima), transaction.atomic():
            payment = Payment.objects.get(pk=visit.payment_id)
            take_locks(payment=payment)
            confirm_paid(payment=Payment.objects.select_for_update().get(pk=visit.payment_id))

    def sweep():
        with clinic_context(cast.uzima):
            return expire_holds()

    answers = run_together([money, sweep, sweep])
    assert not [answer for answer in answers if isinstance(answer, Exception)], answers
    with clinic_context(cast.uzima):
        (live,) = Appointment.objects.live()
        assert live.status == AppointmentStatus.CONFIRMED
        assert Payment.objects.get().subject_id == live.pk


@pytest.mark.parametrize("others", [1, 6])
def test_late_money_and_those_who_want_the_time_now_end_with_one_visit_and_no_lost_shilling(
    cast,
    at,
    provider,
    others,
):
    factories.make_full_week(cast.doctor)
    people = crowd(cast.uzima, others)
    with clinic_context(cast.uzima):
        visit = taking(cast.uzima, cast.doctor, cast.patient, at)()
        charge_mpesa(payment=visit.payment, phone="0712345678")
        reference = visit.payment.provider_reference
        Appointment.objects.filter(pk=visit.pk).update(hold_expires_at=datetime.now(UTC) - timedelta(minutes=2))
        expire_holds()
    provider.approve(reference)

    def settle():
        with clinic_context(cast.uzima):
            return settle_payment(reference=reference)

    answers = run_together([settle, settle] + [taking(cast.uzima, cast.doctor, person, at) for person in people])
    assert all(isinstance(answer, Payment | Appointment | SlotTaken) for answer in answers), answers
    with clinic_context(cast.uzima):
        (live,) = Appointment.objects.live()
        ended = Appointment.objects.get(pk=visit.pk)
        if live.patient_id == cast.patient.pk:
            assert live.status == AppointmentStatus.CONFIRMED and not Refund.objects.exists()
        else:
            assert Refund.objects.get().amount == ended.refund_due == ended.fee
        assert ended.status == AppointmentStatus.CANCELLED
