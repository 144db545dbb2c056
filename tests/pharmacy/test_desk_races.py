"""Two pharmacists, or a pharmacist and the patient, at one order at the same moment: one wins, and the books agree."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace

import pytest
from django.db import connection

from pharmacy.exceptions import OrderError, StockError
from pharmacy.models import Dispensing, Order, Substitution
from pharmacy.services import desk, substitution
from pharmacy.services.order_changes import cancel_order
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from precta.tenancy import clinic_context
from tests import factories
from tests.pharmacy.desk_helpers import (
    adds_up,
    batches_of,
    books,
    given,
    item_of,
    paid_order,
    refunds,
    stocked,
)
from tests.pharmacy.order_helpers import broken_invariants

pytestmark = pytest.mark.django_db(transaction=True)
COURIER = {"courier_name": "Otieno", "courier_phone": "+254722000111"}


@pytest.fixture
def ground(uzima, monkeypatch):
    monkeypatch.setattr("precta.payments.tasks.submit_refund", lambda *args, **kwargs: None)
    patient = factories.make_patient()
    people = [factories.make_staff(uzima, "pharmacist"), factories.make_staff(uzima, "owner")]

    def at_once(*acts):
        """Run all `acts` at the same moment; what each returned or raised."""
        start = Barrier(len(acts))

        def run(act):
            try:
                with clinic_context(uzima):
                    start.wait(10)
                    return act()
            except (OrderError, StockError) as error:
                return error
            finally:
                connection.close()

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(run, acts))

    def order(medicine, packs=2, *, dispensed=0, **extra):
        extra.setdefault("status", "processing")
        row = paid_order(uzima, patient, (medicine, packs), **extra)
        if dispensed:
            [batch] = batches_of(uzima, medicine)
            with clinic_context(uzima):
                desk.dispense(item=item_of(uzima, row), batch=batch, quantity=dispensed, by_user=people[0])
        return row

    yield SimpleNamespace(uzima=uzima, patient=patient, people=people, at_once=at_once, order=order)
    assert broken_invariants(uzima) == {}


def refused(results):
    return [result for result in results if isinstance(result, Exception)]


def status_of(ground, order):
    with clinic_context(ground.uzima):
        return Order.objects.values_list("status", flat=True).get(pk=order.pk)


def kinds(ground):
    with clinic_context(ground.uzima):
        return sorted(OutboxEvent.objects.values_list("kind", flat=True))


@pytest.mark.parametrize("expected_left", [2, None], ids=["as both saw it", "whatever was seen"])
def test_two_who_dispense_the_same_line_take_its_packs_once(ground, expected_left):
    medicine = stocked(ground.uzima)
    order = ground.order(medicine)
    item, [batch] = item_of(ground.uzima, order), batches_of(ground.uzima, medicine)
    results = ground.at_once(
        *(
            lambda who=who: desk.dispense(item=item, batch=batch, quantity=2, by_user=who, expected_left=expected_left)
            for who in ground.people
        )
    )
    assert len(refused(results)) == 1
    assert (given(ground.uzima, order), books(ground.uzima, medicine)) == (2, (18, 18))


def test_two_orders_never_take_more_packs_out_of_a_batch_than_it_holds(ground):
    medicine = stocked(ground.uzima, "Zinc", (2, 40), (20, 400))
    orders = [ground.order(medicine) for _ in range(4)]
    first, _second = batches_of(ground.uzima, medicine)
    results = ground.at_once(
        *(
            lambda order=order: desk.dispense(
                item=item_of(ground.uzima, order), batch=first, quantity=1, by_user=ground.people[0]
            )
            for order in orders
        )
    )
    assert len(refused(results)) == 2
    assert batches_of(ground.uzima, medicine)[0].on_hand == 0


def test_two_who_begin_the_same_order_are_told_apart(ground):
    order = ground.order(stocked(ground.uzima), status="placed")
    results = ground.at_once(*(lambda who=who: desk.begin(order=order, by_user=who) for who in ground.people))
    [error] = refused(results)
    assert error.current == "processing"
    assert kinds(ground) == ["order.processing"]
    with clinic_context(ground.uzima):
        assert AuditLog.objects.filter(action="order.processing").count() == 1


def test_two_who_send_it_off_send_it_off_once(ground):
    order = ground.order(stocked(ground.uzima), dispensed=2)
    results = ground.at_once(
        *(lambda who=who: desk.dispatch(order=order, by_user=who, **COURIER) for who in ground.people)
    )
    [error] = refused(results)
    assert (error.current, kinds(ground)) == ("dispatched", ["order.dispatched"])


@pytest.mark.parametrize("turn", range(3))
def test_who_cancels_and_who_sends_it_off_never_both_succeed(ground, turn):
    medicine = stocked(ground.uzima)
    order = ground.order(medicine, dispensed=2)
    owner, pharmacist = ground.people[1], ground.people[0]
    results = ground.at_once(
        lambda: cancel_order(order=order, by_user=owner, side="clinic", reason="None left"),
        lambda: desk.dispatch(order=order, by_user=pharmacist, **COURIER),
    )
    assert len(refused(results)) == 1
    if status_of(ground, order) == "cancelled":
        assert (books(ground.uzima, medicine), refunds(ground.uzima, order)) == ((20, 20), [400])
    else:
        assert (books(ground.uzima, medicine), refunds(ground.uzima, order)) == ((18, 18), [])
    assert adds_up(ground.uzima, order)


@pytest.mark.parametrize("turn", range(3))
def test_the_patient_cancels_while_the_pharmacist_dispenses(ground, turn):
    medicine = stocked(ground.uzima)
    order = ground.order(medicine)
    item, [batch] = item_of(ground.uzima, order), batches_of(ground.uzima, medicine)
    results = ground.at_once(
        lambda: cancel_order(order=order, by_user=ground.patient.user, side="patient"),
        lambda: desk.dispense(item=item, batch=batch, quantity=2, by_user=ground.people[0]),
    )
    # Dispensed first, it is put back; cancelled first, nothing is dispensed. Either way the patient's word stands.
    assert all(isinstance(error, OrderError) for error in refused(results))
    assert (status_of(ground, order), given(ground.uzima, order)) == ("cancelled", 0)
    assert (books(ground.uzima, medicine), refunds(ground.uzima, order)) == ((20, 20), [400])
    assert adds_up(ground.uzima, order)


def test_two_who_put_the_same_packs_back_put_them_back_once(ground):
    medicine = stocked(ground.uzima)
    order = ground.order(medicine, dispensed=2)
    with clinic_context(ground.uzima):
        row = Dispensing.objects.get()
    ground.at_once(*(lambda who=who: desk.undo_dispensing(dispensing=row, by_user=who) for who in ground.people))
    assert (books(ground.uzima, medicine), given(ground.uzima, order)) == ((18, 20), 0)


@pytest.mark.parametrize("turn", range(2))
def test_two_answers_to_one_question_count_once(ground, turn):
    medicine, other = stocked(ground.uzima), stocked(ground.uzima, "Loratadine", price=80)
    order = ground.order(medicine)
    with clinic_context(ground.uzima):
        asked = substitution.propose(
            item=item_of(ground.uzima, order),
            medicine=other,
            quantity=2,
            reason="Sold out",
            by_user=ground.people[0],
        )

    def copy():
        return Substitution.objects.select_related("item").get(pk=asked.pk)

    results = ground.at_once(
        lambda: substitution.answer(substitution=copy(), by_user=ground.patient.user, accepts=True),
        lambda: substitution.answer(
            substitution=copy(), by_user=ground.people[0], accepts=False, consent="On the phone"
        ),
        lambda: substitution.withdraw(substitution=copy(), by_user=ground.people[1]),
    )
    assert len(refused(results)) == 2
    with clinic_context(ground.uzima):
        accepted = Substitution.objects.get().status == "accepted"
    assert refunds(ground.uzima, order) == ([40] if accepted else [])
    assert books(ground.uzima, other) == ((18, 20) if accepted else (20, 20))
    assert adds_up(ground.uzima, order)


def test_the_last_packs_go_to_one_of_two_who_accept_them(ground):
    medicine, other = stocked(ground.uzima), stocked(ground.uzima, "Loratadine", (2, 300))
    orders = [ground.order(medicine) for _ in range(2)]
    asked = []
    with clinic_context(ground.uzima):
        for order in orders:
            asked.append(
                substitution.propose(
                    item=item_of(ground.uzima, order),
                    medicine=other,
                    quantity=2,
                    reason="Sold out",
                    by_user=ground.people[0],
                )
            )
    results = ground.at_once(
        *(
            lambda one=one: substitution.answer(substitution=one, by_user=ground.patient.user, accepts=True)
            for one in asked
        )
    )
    assert len(refused(results)) == 1
    with clinic_context(ground.uzima):
        assert sorted(Substitution.objects.values_list("status", flat=True)) == ["accepted", "withdrawn"]
    assert (books(ground.uzima, other), books(ground.uzima, medicine)) == ((0, 2), (18, 20))


def test_crosswise_substitutions_do_not_lock_each_other_up(ground):
    one, two = stocked(ground.uzima), stocked(ground.uzima, "Loratadine")
    asked = []
    with clinic_context(ground.uzima):
        for medicine, other in ((one, two), (two, one)):
            order = ground.order(medicine)
            asked.append(
                substitution.propose(
                    item=item_of(ground.uzima, order),
                    medicine=other,
                    quantity=2,
                    reason="Sold out",
                    by_user=ground.people[0],
                )
            )
    results = ground.at_once(
        *(lambda a=a: substitution.answer(substitution=a, by_user=ground.patient.user, accepts=True) for a in asked)
    )
    assert refused(results) == []
    assert (books(ground.uzima, one), books(ground.uzima, two)) == ((18, 20), (18, 20))
