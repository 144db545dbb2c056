"""Many at one medicine, one prescription, one order: real threads, real transactions."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from pharmacy.exceptions import MoreThanPrescribed, OrderError, OutOfStock, StockError
from pharmacy.models import Order, OrderStatus
from pharmacy.services import ordering
from pharmacy.services.order_changes import cancel_order
from pharmacy.services.ordering import expire_orders
from precta.ids import new_id
from precta.payments.models import Payment
from precta.payments.services import charge_mpesa, settle_payment
from precta.tenancy import clinic_context
from tests import factories
from tests.payments.conftest import provider  # noqa: F401 - a fixture
from tests.pharmacy.conftest import issue, line
from tests.pharmacy.order_helpers import (
    AMOXICILLIN_LINE,
    amoxicillin,
    broken_invariants,
    make_medicine,
    place,
    refunds_of,
    stock_of,
)

pytestmark = pytest.mark.django_db(transaction=True)
BUYERS = 50


def at_once(*acts):
    start = Barrier(len(acts))

    def run(act):
        try:
            start.wait(30)
            return act()
        except (OrderError, StockError) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def buyers_at(clinic, number):
    people = [factories.make_patient("Buyer", str(n)) for n in range(number)]
    for person in people:
        factories.link_patient(person, clinic)
    return people


def test_of_fifty_who_want_the_last_pack_one_gets_it(uzima):
    medicine, other = make_medicine(uzima, stock=1), make_medicine(uzima, "Ibuprofen", stock=BUYERS)
    people = buyers_at(uzima, BUYERS)
    # Half of them name the medicines the other way round: nobody waits for another crosswise.
    wishes = [((medicine, 1), (other, 1)) if n % 2 else ((other, 1), (medicine, 1)) for n in range(BUYERS)]
    answers = at_once(
        *[lambda who=who, want=want: place(uzima, who, *want) for who, want in zip(people, wishes, strict=True)]
    )
    winners = [answer for answer in answers if isinstance(answer, Order)]
    assert len(winners) == 1
    assert all(isinstance(answer, OutOfStock) for answer in answers if answer not in winners), answers
    assert (stock_of(uzima, medicine), stock_of(uzima, other)) == (0, BUYERS - 1)
    assert broken_invariants(uzima) == {}


def test_the_same_form_many_times_at_once_is_one_order(uzima):
    medicine, (person,) = make_medicine(uzima), buyers_at(uzima, 1)
    key = new_id()
    answers = at_once(*[lambda: place(uzima, person, (medicine, 1), idempotency_key=key)] * 6)
    assert len({answer.pk for answer in answers}) == 1
    assert stock_of(uzima, medicine) == 19


def test_two_orders_at_once_get_no_more_than_was_prescribed(uzima):
    patient, doctor = factories.make_patient(), factories.make_doctor(uzima)
    factories.link_patient(patient, uzima)
    visit = factories.make_appointment(patient, doctor, timezone.now(), status="in_progress")
    prescription, medicine = issue(visit, line(**AMOXICILLIN_LINE)), amoxicillin(uzima)
    answers = at_once(*[lambda: place(uzima, patient, (medicine, 2, 0), prescription=prescription)] * 3)
    assert sum(isinstance(answer, Order) for answer in answers) == 1
    assert sum(isinstance(answer, MoreThanPrescribed) for answer in answers) == 2
    assert stock_of(uzima, medicine) == 18


def asked_for_money(clinic, person, medicine):
    order = place(clinic, person, (medicine, 1))
    with clinic_context(clinic):
        payment = Payment.objects.get(subject_id=order.pk)
        charge_mpesa(payment=payment, phone="0712345678")
    return order, payment


@pytest.mark.parametrize("ending", ["cancel", "expire"])
def test_money_and_the_end_of_an_order_at_once_leave_it_paid_or_paid_back(uzima, provider, ending):  # noqa: F811
    medicine, (person,) = make_medicine(uzima, stock=1), buyers_at(uzima, 1)
    order, payment = asked_for_money(uzima, person, medicine)
    provider.approve(payment.provider_reference)

    def pay():
        with clinic_context(uzima):
            return settle_payment(reference=payment.provider_reference)

    def end():
        with clinic_context(uzima):
            if ending == "cancel":
                return cancel_order(order=order, by_user=person.user, side="patient")
            return expire_orders(order.hold_expires_at + timedelta(minutes=2))

    at_once(pay, pay, end)
    with clinic_context(uzima):
        standing = list(Order.objects.exclude(status=OrderStatus.CANCELLED))
        order.refresh_from_db()
    if standing:
        assert (standing[0].status, stock_of(uzima, medicine)) == (OrderStatus.PLACED, 0)
    else:
        assert (order.refund_due, stock_of(uzima, medicine)) == (100, 1)
        assert refunds_of(uzima, order) == [100]
    assert broken_invariants(uzima) == {}


def test_the_news_of_a_payment_many_times_at_once_places_the_order_once(uzima, provider):  # noqa: F811
    medicine, (person,) = make_medicine(uzima), buyers_at(uzima, 1)
    _order, payment = asked_for_money(uzima, person, medicine)
    provider.approve(payment.provider_reference)

    def settle():
        with clinic_context(uzima):
            return settle_payment(reference=payment.provider_reference)

    at_once(*[settle] * 6)
    assert stock_of(uzima, medicine) == 19
    assert broken_invariants(uzima) == {}


@pytest.mark.parametrize("step", ["_items", "insert", "record"])
def test_a_crash_between_the_steps_leaves_nothing(uzima, monkeypatch, step):
    medicine, (person,) = make_medicine(uzima), buyers_at(uzima, 1)

    def fall(*args, **kwargs):
        raise RuntimeError("pulled the plug")

    monkeypatch.setattr(ordering, step, fall)
    with pytest.raises(RuntimeError):
        place(uzima, person, (medicine, 1))
    with clinic_context(uzima):
        assert (Order.objects.count(), Payment.objects.count()) == (0, 0)
    assert stock_of(uzima, medicine) == 20
    monkeypatch.undo()
    place(uzima, person, (medicine, 1))
    assert broken_invariants(uzima) == {}


def test_a_crash_while_it_is_cancelled_leaves_it_as_it_was(uzima, provider, monkeypatch):  # noqa: F811
    medicine, (person,) = make_medicine(uzima), buyers_at(uzima, 1)
    order, payment = asked_for_money(uzima, person, medicine)
    provider.approve(payment.provider_reference)
    with clinic_context(uzima):
        settle_payment(reference=payment.provider_reference)

        def fall(*args, **kwargs):
            raise RuntimeError("pulled the plug")

        monkeypatch.setattr("pharmacy.services.order_changes.record", fall)
        with pytest.raises(RuntimeError):
            cancel_order(order=order, by_user=person.user, side="patient")
        order.refresh_from_db()
    assert (order.status, stock_of(uzima, medicine), refunds_of(uzima, order)) == (OrderStatus.PLACED, 19, [])
    monkeypatch.undo()
    with clinic_context(uzima):
        cancel_order(order=order, by_user=person.user, side="patient")
    assert refunds_of(uzima, order) == [100]
    assert broken_invariants(uzima) == {}
