"""Preparing, dispensing, sending off: what each does to the order, to the shelf and to the books."""

from datetime import timedelta

import pytest

from pharmacy.exceptions import (
    AnswerAwaited,
    BatchUnusable,
    CourierMissing,
    DirectionsMissing,
    DispensedAlready,
    LineChanged,
    NotAllDispensed,
    NotEnoughOnShelf,
    OrderChanged,
    OrderError,
    PrescriptionReplaced,
    TooManyPacks,
)
from pharmacy.models import TRANSITIONS, Dispensing, MedicineBatch, Order, OrderStatus, StockMovement
from pharmacy.services import desk, substitution
from pharmacy.services.order_changes import cancel_order
from pharmacy.services.transitions import move
from precta import clock
from precta.audit.models import AuditLog
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from precta.tenancy import clinic_context
from tests import factories
from tests.pharmacy.conftest import issue, line
from tests.pharmacy.desk_helpers import (
    add_batch,
    adds_up,
    batches_of,
    books,
    given,
    item_of,
    paid_order,
    refunds,
    stocked,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_provider(monkeypatch):
    monkeypatch.setattr("precta.payments.tasks.submit_refund", lambda *args, **kwargs: None)


@pytest.fixture
def pharmacist(cast):
    return factories.make_staff(cast.uzima, "pharmacist")


@pytest.fixture
def inside(cast):
    with clinic_context(cast.uzima):
        yield


def prepared(cast, medicine, packs=2, **extra):
    return paid_order(cast.uzima, cast.patient, (medicine, packs), status="processing", **extra)


def acts():
    return list(AuditLog.objects.order_by("created_at").values_list("action", flat=True))


def events(order):
    return list(OutboxEvent.objects.filter(payload__order_id=order.pk).values_list("kind", flat=True))


def test_an_order_is_prepared_dispensed_sent_off_and_handed_over(cast, inside, pharmacist):
    medicine = stocked(cast.uzima)
    order = paid_order(cast.uzima, cast.patient, (medicine, 3))
    assert books(cast.uzima, medicine) == (17, 20)
    assert desk.begin(order=order, by_user=pharmacist).processing_at is not None
    [batch] = batches_of(cast.uzima, medicine)
    done = desk.dispense(item=item_of(cast.uzima, order), batch=batch, quantity=3, by_user=pharmacist)
    assert (done.batch_id, done.quantity, done.dispensed_by_id) == (batch.pk, 3, pharmacist.pk)
    # What may be sold was lowered when the order was made.
    assert books(cast.uzima, medicine) == (17, 17)
    sent = desk.dispatch(order=order, by_user=pharmacist, courier_name="Otieno", courier_phone="+254722000111")
    assert (sent.status, sent.courier_name) == ("dispatched", "Otieno")
    over = desk.deliver(order=order, by_user=pharmacist, received_by="Amina")
    assert (over.status, over.received_by) == ("delivered", "Amina")
    assert over.delivered_at is not None
    assert events(order) == ["order.processing", "order.dispatched", "order.delivered"]
    assert acts() == ["order.processing", "order.dispensed", "order.dispatched", "order.delivered"]
    assert AuditLog.objects.filter(user=pharmacist).count() == 4


def test_the_trail_of_an_order_names_no_medicine_and_no_batch(cast, inside, pharmacist):
    medicine, other = stocked(cast.uzima), stocked(cast.uzima, "Loratadine")
    order = prepared(cast, medicine)
    [batch] = batches_of(cast.uzima, medicine)
    row = desk.dispense(item=item_of(cast.uzima, order), batch=batch, quantity=2, by_user=pharmacist)
    desk.undo_dispensing(dispensing=row, by_user=pharmacist)
    asked = substitution.propose(
        item=item_of(cast.uzima, order), medicine=other, quantity=2, reason="Out", by_user=pharmacist
    )
    substitution.answer(substitution=asked, by_user=cast.patient.user, accepts=True)
    trail = list(AuditLog.objects.filter(resource_id=order.pk).values_list("action", "details"))
    assert {"order.dispensed", "order.dispensing_undone", "substitution.proposed", "substitution.accepted"} == {
        action for action, _details in trail
    }
    for secret in (medicine.pk, other.pk, batch.pk):
        assert secret not in str(trail)


def test_a_line_is_split_over_batches_when_one_does_not_hold_enough(cast, inside, pharmacist):
    medicine = stocked(cast.uzima, "Loratadine", (2, 40), (10, 400))
    order = prepared(cast, medicine, 5)
    first, second = batches_of(cast.uzima, medicine)
    rows = desk.dispense_from(
        item=item_of(cast.uzima, order), packs=[(second.pk, 3), (first.pk, 2)], by_user=pharmacist, expected_left=5
    )
    assert sorted((row.batch_id, row.quantity) for row in rows) == sorted([(first.pk, 2), (second.pk, 3)])
    assert books(cast.uzima, medicine) == (7, 7)
    moved = StockMovement.objects.filter(kind="dispensed", order=order)
    assert sorted(moved.values_list("shelf_change", "change")) == [(-3, 0), (-2, 0)]


@pytest.mark.parametrize("how", ["expired", "set aside", "of another medicine", "unknown"])
def test_nothing_is_given_out_of_a_batch_that_is_not_usable(cast, inside, pharmacist, how):
    medicine = stocked(cast.uzima)
    order = prepared(cast, medicine)
    if how == "expired":
        batch = add_batch(cast.uzima, medicine, 5, -1)
    elif how == "set aside":
        batch = add_batch(cast.uzima, medicine, 5, 100, set_aside_at=clock.now())
    elif how == "of another medicine":
        batch = add_batch(cast.uzima, stocked(cast.uzima, "Ibuprofen"), 5, 100)
    else:
        batch = MedicineBatch(pk="x" * 24)
    before = books(cast.uzima, medicine)
    with pytest.raises(BatchUnusable):
        desk.dispense_from(item=item_of(cast.uzima, order), packs=[(batch.pk, 1)], by_user=pharmacist)
    assert (books(cast.uzima, medicine), given(cast.uzima, order), acts()) == (before, 0, [])


def test_a_batch_may_be_given_out_on_its_last_day(cast, inside, pharmacist):
    medicine = stocked(cast.uzima, "Zinc", (5, 0))
    order = prepared(cast, medicine, 1)
    [batch] = batches_of(cast.uzima, medicine)
    desk.dispense(item=item_of(cast.uzima, order), batch=batch, quantity=1, by_user=pharmacist)
    with pytest.raises(BatchUnusable):
        desk.dispense(
            item=item_of(cast.uzima, prepared(cast, medicine, 1)),
            batch=batch,
            quantity=1,
            by_user=pharmacist,
            now=clock.now() + timedelta(days=1),
        )


@pytest.mark.parametrize("packs", [0, -1, 3])
def test_no_line_gets_more_packs_than_it_has_and_none_gets_nothing(cast, inside, pharmacist, packs):
    medicine = stocked(cast.uzima)
    order = prepared(cast, medicine, 2)
    [batch] = batches_of(cast.uzima, medicine)
    with pytest.raises(TooManyPacks) as refused:
        desk.dispense(item=item_of(cast.uzima, order), batch=batch, quantity=packs, by_user=pharmacist)
    assert refused.value.left == 2
    assert given(cast.uzima, order) == 0


def test_a_batch_with_fewer_packs_than_asked_for_gives_none_of_any_batch(cast, inside, pharmacist):
    medicine = stocked(cast.uzima, "Zinc", (2, 40), (10, 400))
    order = prepared(cast, medicine, 6)
    first, second = batches_of(cast.uzima, medicine)
    with pytest.raises(NotEnoughOnShelf):
        desk.dispense_from(item=item_of(cast.uzima, order), packs=[(second.pk, 3), (first.pk, 3)], by_user=pharmacist)
    assert (given(cast.uzima, order), books(cast.uzima, medicine)) == (0, (6, 12))


def test_who_looked_at_an_older_state_of_the_line_is_refused(cast, inside, pharmacist):
    medicine = stocked(cast.uzima)
    order = prepared(cast, medicine, 4)
    [batch] = batches_of(cast.uzima, medicine)
    item = item_of(cast.uzima, order)
    desk.dispense(item=item, batch=batch, quantity=2, by_user=pharmacist, expected_left=4)
    with pytest.raises(LineChanged) as refused:
        desk.dispense(item=item, batch=batch, quantity=2, by_user=pharmacist, expected_left=4)
    assert (refused.value.left, given(cast.uzima, order)) == (2, 2)


def test_packs_are_put_back_once_and_only_before_they_leave(cast, inside, pharmacist):
    medicine = stocked(cast.uzima)
    order = prepared(cast, medicine)
    [batch] = batches_of(cast.uzima, medicine)
    item = item_of(cast.uzima, order)
    row = desk.dispense(item=item, batch=batch, quantity=2, by_user=pharmacist)
    desk.undo_dispensing(dispensing=row, by_user=pharmacist)
    desk.undo_dispensing(dispensing=row, by_user=pharmacist)
    assert (books(cast.uzima, medicine), given(cast.uzima, order)) == ((18, 20), 0)
    again = desk.dispense(item=item, batch=batch, quantity=2, by_user=pharmacist)
    desk.dispatch(order=order, by_user=pharmacist, courier_name="Otieno", courier_phone="+254722000111")
    with pytest.raises(OrderChanged) as refused:
        desk.undo_dispensing(dispensing=again, by_user=pharmacist)
    assert (refused.value.current, given(cast.uzima, order)) == ("dispatched", 2)


def test_packs_of_a_batch_that_was_set_aside_meanwhile_do_not_come_up_for_sale(cast, inside, pharmacist):
    medicine = stocked(cast.uzima, "Zinc", (2, 40), (10, 400))
    order = prepared(cast, medicine, 2)
    first, _second = batches_of(cast.uzima, medicine)
    row = desk.dispense(item=item_of(cast.uzima, order), batch=first, quantity=2, by_user=pharmacist)
    MedicineBatch.objects.filter(pk=first.pk).update(set_aside_at=clock.now())
    desk.undo_dispensing(dispensing=row, by_user=pharmacist)
    # Ten lie there, two of them promised to the order.
    assert books(cast.uzima, medicine) == (8, 10)
    cancel_order(order=order, by_user=pharmacist, side="clinic", reason="Not to be had")
    assert books(cast.uzima, medicine) == (10, 10)


def test_nothing_leaves_before_every_line_is_dispensed_in_full(cast, inside, pharmacist):
    medicine, other = stocked(cast.uzima), stocked(cast.uzima, "Zinc")
    order = paid_order(cast.uzima, cast.patient, (medicine, 2), (other, 1), status="processing")
    [batch], [second] = batches_of(cast.uzima, medicine), batches_of(cast.uzima, other)
    courier = {"courier_name": "Otieno", "courier_phone": "+254722000111"}
    desk.dispense(item=item_of(cast.uzima, order), batch=batch, quantity=2, by_user=pharmacist)
    with pytest.raises(NotAllDispensed):
        desk.dispatch(order=order, by_user=pharmacist, **courier)
    desk.dispense(item=item_of(cast.uzima, order, 2), batch=second, quantity=1, by_user=pharmacist)
    for missing in ({"courier_name": "Otieno"}, {"courier_phone": "+254722000111"}, {"courier_name": " "}):
        with pytest.raises(CourierMissing):
            desk.dispatch(order=order, by_user=pharmacist, **missing)
    assert Order.objects.get(pk=order.pk).status == "processing"
    assert desk.dispatch(order=order, by_user=pharmacist, **courier).status == "dispatched"


def test_what_is_collected_needs_no_courier_and_keeps_none(cast, inside, pharmacist):
    medicine = stocked(cast.uzima)
    order = prepared(cast, medicine, delivery=False)
    [batch] = batches_of(cast.uzima, medicine)
    desk.dispense(item=item_of(cast.uzima, order), batch=batch, quantity=2, by_user=pharmacist)
    sent = desk.dispatch(order=order, by_user=pharmacist, courier_name="Otieno", courier_phone="+254722000111")
    assert (sent.status, sent.courier_name, sent.courier_phone) == ("dispatched", "", "")
    with pytest.raises(OrderChanged):
        desk.correct_courier(order=order, by_user=pharmacist, courier_name="A", courier_phone="+254722000111")


def test_the_courier_is_corrected_while_it_is_on_its_way(cast, inside, pharmacist):
    medicine = stocked(cast.uzima)
    order = prepared(cast, medicine)
    with pytest.raises(OrderChanged):
        desk.correct_courier(order=order, by_user=pharmacist, courier_name="A", courier_phone="+254722000111")
    order = paid_order(cast.uzima, cast.patient, (medicine, 1), status="dispatched", courier_name="Otieno")
    row = desk.correct_courier(order=order, by_user=pharmacist, courier_name="Wanjiku", courier_phone="+254733000111")
    assert (row.courier_name, row.courier_phone, row.status) == ("Wanjiku", "+254733000111", "dispatched")
    assert acts() == ["order.courier_changed"]


ACTS = {
    OrderStatus.PROCESSING: lambda order, user: desk.begin(order=order, by_user=user),
    OrderStatus.DISPATCHED: lambda order, user: desk.dispatch(
        order=order, by_user=user, courier_name="Otieno", courier_phone="+254722000111"
    ),
    OrderStatus.DELIVERED: lambda order, user: desk.deliver(order=order, by_user=user, received_by="Amina"),
    OrderStatus.CANCELLED: lambda order, user: cancel_order(
        order=order, by_user=user, side="clinic", reason="None left"
    ),
}


@pytest.mark.parametrize("to", ACTS)
@pytest.mark.parametrize("was", OrderStatus.values)
def test_each_act_of_the_desk_moves_an_order_only_along_the_table(cast, inside, pharmacist, was, to):
    medicine = stocked(cast.uzima)
    order = paid_order(cast.uzima, cast.patient, (medicine, 2), status=was)
    if was in {"processing", "dispatched", "delivered"}:
        [batch] = batches_of(cast.uzima, medicine)
        Order.objects.filter(pk=order.pk).update(status="processing")
        desk.dispense(item=item_of(cast.uzima, order), batch=batch, quantity=2, by_user=pharmacist)
        Order.objects.filter(pk=order.pk).update(status=was)
    before, seen = books(cast.uzima, medicine), len(events(order))
    if to in TRANSITIONS[was]:
        assert ACTS[to](order, pharmacist).status == to
    elif was == to == OrderStatus.CANCELLED:
        assert ACTS[to](order, pharmacist).status == was
    else:
        with pytest.raises(OrderError):
            ACTS[to](order, pharmacist)
        assert Order.objects.get(pk=order.pk).status == was
        assert (books(cast.uzima, medicine), len(events(order)), refunds(cast.uzima, order)) == (before, seen, [])


@pytest.mark.parametrize("to", OrderStatus.values)
@pytest.mark.parametrize("was", OrderStatus.values)
def test_a_status_leads_only_where_the_table_says(cast, inside, was, to):
    medicine = stocked(cast.uzima)
    order = paid_order(cast.uzima, cast.patient, (medicine, 1), status=was)
    at = clock.now()
    times = {
        "placed": {"placed_at": at},
        "dispatched": {"dispatched_at": at},
        "delivered": {"delivered_at": at},
        "cancelled": {"cancelled_at": at, "refund_due": 0},
    }
    if to in TRANSITIONS[was]:
        assert move(order, to, **times.get(to, {})).status == to
    else:
        with pytest.raises(OrderError):
            move(order, to, **times.get(to, {}))
        assert Order.objects.get(pk=order.pk).status == was


def test_cancelling_puts_dispensed_packs_back_and_the_money_too(cast, inside, pharmacist):
    medicine = stocked(cast.uzima)
    order = prepared(cast, medicine, 3)
    [batch] = batches_of(cast.uzima, medicine)
    desk.dispense(item=item_of(cast.uzima, order), batch=batch, quantity=2, by_user=pharmacist)
    cancel_order(order=order, by_user=pharmacist, side="clinic", reason="Not to be had")
    assert (books(cast.uzima, medicine), given(cast.uzima, order)) == ((20, 20), 0)
    assert refunds(cast.uzima, order) == [500]
    assert adds_up(cast.uzima, order)
    assert Dispensing.objects.get().undone_by_id == pharmacist.pk


def test_packs_are_taken_out_down_to_those_dispensed(cast, inside, pharmacist):
    medicine = stocked(cast.uzima)
    order = prepared(cast, medicine, 4)
    [batch] = batches_of(cast.uzima, medicine)
    item = item_of(cast.uzima, order)
    desk.dispense(item=item, batch=batch, quantity=2, by_user=pharmacist)
    with pytest.raises(DispensedAlready):
        desk.take_out(item=item, keep=1, by_user=pharmacist, reason="Broken")
    assert (refunds(cast.uzima, order), books(cast.uzima, medicine)) == ([], (16, 18))
    desk.take_out(item=item, keep=2, by_user=pharmacist, reason="Broken")
    assert (refunds(cast.uzima, order), books(cast.uzima, medicine)) == ([200], (18, 18))
    assert adds_up(cast.uzima, order)
    with pytest.raises(LineChanged):
        desk.take_out(item=item, keep=2, by_user=pharmacist, reason="Broken")
    sent = desk.dispatch(order=order, by_user=pharmacist, courier_name="Otieno", courier_phone="+254722000111")
    assert sent.total_amount == 400


def test_a_line_that_waits_for_the_patient_is_left_alone(cast, inside, pharmacist):
    medicine, other = stocked(cast.uzima), stocked(cast.uzima, "Loratadine")
    order = prepared(cast, medicine)
    item = item_of(cast.uzima, order)
    [batch] = batches_of(cast.uzima, medicine)
    substitution.propose(item=item, medicine=other, quantity=2, reason="Sold out", by_user=pharmacist)
    with pytest.raises(AnswerAwaited):
        desk.dispense(item=item, batch=batch, quantity=2, by_user=pharmacist)
    with pytest.raises(AnswerAwaited):
        desk.take_out(item=item, keep=0, by_user=pharmacist, reason="Sold out")
    with pytest.raises(NotAllDispensed):
        desk.dispatch(order=order, by_user=pharmacist, courier_name="Otieno", courier_phone="+254722000111")
    assert (given(cast.uzima, order), Order.objects.get(pk=order.pk).status) == (0, "processing")


# How it is to be taken


WRITTEN = {"dosage": "2 tablets", "frequency": "at night", "duration": "5 days", "instructions": "After food"}


@pytest.fixture
def tablets(cast, visit):
    """`tablets("10 mg")` → an order of that strength for a line that prescribes 20 mg tablets."""

    def order(strength, **article):
        medicine = stocked(cast.uzima, "Cetirizine", strength=strength, **article)
        prescription = issue(visit, line("Cetirizine 20 mg tablet", **WRITTEN))
        made = paid_order(cast.uzima, cast.patient, (medicine, 2, 0), status="processing", prescription=prescription)
        return item_of(cast.uzima, made), batches_of(cast.uzima, medicine)[0]

    return order


@pytest.mark.parametrize(
    "article", [{"strength": "10 mg"}, {"strength": "40 mg"}, {"strength": "20 mg", "form": "syrup"}]
)
def test_the_pharmacist_says_how_to_take_what_is_not_exactly_what_was_written(
    cast, inside, pharmacist, tablets, article
):
    item, batch = tablets(**article)
    for nothing in (None, "", " \n "):
        with pytest.raises(DirectionsMissing):
            desk.dispense(item=item, batch=batch, quantity=1, directions=nothing, by_user=pharmacist)
    assert given(cast.uzima, item.order) == 0
    desk.dispense(item=item, batch=batch, quantity=1, directions=" 4 tablets at night ", by_user=pharmacist)
    # The second pack of the line says the same.
    desk.dispense(item=item, batch=batch, quantity=1, by_user=pharmacist)
    item.refresh_from_db()
    assert item.directions == "4 tablets at night"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (None, "2 tablets · at night · 5 days\nAfter food"),
        ("", "2 tablets · at night · 5 days\nAfter food"),
        ("Vidonge 2 usiku", "Vidonge 2 usiku"),
    ],
)
def test_the_doctors_words_stand_on_exactly_what_was_written(inside, pharmacist, tablets, typed, kept):
    item, batch = tablets("20 mg")
    desk.dispense(item=item, batch=batch, quantity=2, directions=typed, by_user=pharmacist)
    item.refresh_from_db()
    assert item.directions == kept


def test_what_is_sold_over_the_counter_needs_no_directions(cast, inside, pharmacist):
    medicine = stocked(cast.uzima)
    item, [batch] = item_of(cast.uzima, prepared(cast, medicine)), batches_of(cast.uzima, medicine)
    for typed in ("1 tablet at night", ""):
        desk.dispense(item=item, batch=batch, quantity=1, directions=typed, by_user=pharmacist)
        item.refresh_from_db()
        assert item.directions == typed


def test_directions_do_not_go_over_to_a_substitute(cast, inside, pharmacist, tablets):
    item, batch = tablets("10 mg")
    row = desk.dispense(item=item, batch=batch, quantity=1, directions="4 tablets at night", by_user=pharmacist)
    desk.undo_dispensing(dispensing=row, by_user=pharmacist)
    strong = stocked(cast.uzima, "Cetirizine", strength="40 mg")
    asked = substitution.propose(item=item, medicine=strong, quantity=1, reason="Out", by_user=pharmacist)
    substitution.answer(substitution=asked, by_user=cast.patient.user, accepts=True)
    item.refresh_from_db()
    assert item.directions == ""
    with pytest.raises(DirectionsMissing):
        desk.dispense(item=item, batch=batches_of(cast.uzima, strong)[0], quantity=1, by_user=pharmacist)


# A prescription that is replaced after the order


AMOXICILLIN = {"name": "Amoxicillin 500 mg capsule", "dosage": "1 capsule"}


@pytest.fixture
def replaced(cast, visit):
    """Two packs that need a prescription and one that anybody may buy, of which the first are dispensed; then the
    doctor writes another one."""
    strong = {"form": "capsule", "strength": "500 mg", "pack_unit": "capsules", "is_prescription_only": True}

    class Replaced:
        medicine, free = stocked(cast.uzima, "Amoxicillin", **strong), stocked(cast.uzima, "Cetirizine")
        other = stocked(cast.uzima, "Amoxicillin", **strong)
        prescription = issue(visit, line(**AMOXICILLIN), line("Cetirizine 10 mg tablet"))

        @staticmethod
        def order(*lines, **extra):
            return paid_order(cast.uzima, cast.patient, *lines, prescription=Replaced.prescription, **extra)

        @staticmethod
        def by_another():
            newer = issue(visit, line(**AMOXICILLIN), replaces=Replaced.prescription, replacement_reason="Wrong dose")
            for event in OutboxEvent.objects.filter(kind="prescription.replaced"):
                assert relay_event(event.pk)
            return newer

    return Replaced


def test_nothing_that_needs_a_replaced_prescription_is_given_out(cast, inside, pharmacist, replaced):
    order = replaced.order((replaced.medicine, 2, 0), (replaced.free, 1, 1), status="processing")
    [batch], [free] = batches_of(cast.uzima, replaced.medicine), batches_of(cast.uzima, replaced.free)
    item, other = item_of(cast.uzima, order), item_of(cast.uzima, order, 2)
    row = desk.dispense(item=item, batch=batch, quantity=1, by_user=pharmacist)
    replaced.by_another()
    with pytest.raises(PrescriptionReplaced):
        desk.dispense(item=item, batch=batch, quantity=1, by_user=pharmacist)
    assert given(cast.uzima, order) == 1
    # What anybody may buy needs none, but the doctor's words of a mistake are not printed on it.
    with pytest.raises(DirectionsMissing):
        desk.dispense(item=other, batch=free, quantity=1, by_user=pharmacist)
    desk.dispense(item=other, batch=free, quantity=1, directions="1 tablet a day", by_user=pharmacist)
    desk.undo_dispensing(dispensing=row, by_user=pharmacist)
    desk.take_out(item=item, keep=0, by_user=pharmacist, reason="The doctor wrote another one")
    assert (refunds(cast.uzima, order), adds_up(cast.uzima, order)) == ([200], True)
    courier = {"courier_name": "Otieno", "courier_phone": "+254722000111"}
    assert desk.dispatch(order=order, by_user=pharmacist, **courier).status == "dispatched"


def test_a_parcel_with_what_a_replaced_prescription_gave_does_not_leave(cast, inside, pharmacist, replaced):
    order = replaced.order((replaced.medicine, 1, 0), status="processing", delivery=False)
    [batch] = batches_of(cast.uzima, replaced.medicine)
    desk.dispense(item=item_of(cast.uzima, order), batch=batch, quantity=1, by_user=pharmacist)
    replaced.by_another()
    with pytest.raises(PrescriptionReplaced):
        desk.dispatch(order=order, by_user=pharmacist)
    assert Order.objects.get(pk=order.pk).status == "processing"


def test_a_replaced_prescription_gives_no_substitute(cast, inside, pharmacist, replaced):
    order = replaced.order((replaced.medicine, 1, 0))
    wanted = {"item": item_of(cast.uzima, order), "medicine": replaced.other, "quantity": 1, "reason": "Out"}
    asked = substitution.propose(**wanted, by_user=pharmacist)
    replaced.by_another()
    with pytest.raises(PrescriptionReplaced):
        substitution.answer(substitution=asked, by_user=cast.patient.user, accepts=True)
    asked.refresh_from_db()
    assert asked.status == "withdrawn"
    with pytest.raises(PrescriptionReplaced):
        substitution.propose(**wanted, by_user=pharmacist)
    assert (books(cast.uzima, replaced.other), refunds(cast.uzima, order)) == ((20, 20), [])


def test_the_pharmacist_learns_which_orders_a_new_prescription_stops(cast, inside, pharmacist, replaced):
    stopped = [replaced.order((replaced.medicine, 1, 0), status=status) for status in ("placed", "dispatched")]
    replaced.order((replaced.free, 1, 1))
    replaced.order((replaced.medicine, 1, 0), status="cancelled")
    replaced.by_another()
    told = Notification.objects.get(user=pharmacist, channel="push")
    assert all(order.number in told.title for order in stopped)
    assert "Amoxicillin" not in told.title + told.body
