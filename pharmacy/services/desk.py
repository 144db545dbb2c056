"""What the pharmacy does with a paid order: preparing, dispensing out of batches, sending it off and handing it over.

Each locks the order's row first (`pharmacy.locks`), so that two pharmacists, or a pharmacist and a patient who cancels,
take turns; the second one is refused with what is true by then. The caller answers for `by_user` being allowed to.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from accounts.models import User
from pharmacy.directions import proposed_for, written_for
from pharmacy.exceptions import (
    AnswerAwaited,
    BatchUnusable,
    CourierMissing,
    DirectionsMissing,
    LineChanged,
    NotAllDispensed,
    OrderChanged,
    PrescriptionReplaced,
    TooManyPacks,
)
from pharmacy.locks import lock_order
from pharmacy.models import (
    OPEN_STATUSES,
    Dispensing,
    Fulfilment,
    MedicineBatch,
    MovementKind,
    Order,
    OrderItem,
    OrderStatus,
    Prescription,
    Substitution,
    SubstitutionStatus,
)
from pharmacy.selectors_stopped import is_stopped, stopped_items
from pharmacy.services.order_changes import remove_packs
from pharmacy.services.returning import put_back
from pharmacy.services.stock import move_batch
from pharmacy.services.transitions import move
from precta import clock
from precta.audit.services import record
from precta.outbox.services import emit
from precta.tenancy import current_clinic


@transaction.atomic
def begin(*, order: Order, by_user: User, now: datetime | None = None) -> Order:
    """Start preparing a placed order; returns the row as it then stands. Raises OrderChanged."""
    row = locked(order.pk, OrderStatus.PLACED)
    move(row, OrderStatus.PROCESSING, processing_at=now or clock.now())
    record("order.processing", resource=row, user=by_user)
    emit("order.processing", order_id=row.pk)
    return row


def dispense(
    *,
    item: OrderItem,
    batch: MedicineBatch,
    quantity: int,
    by_user: User,
    expected_left: int | None = None,
    directions: str | None = None,
    now: datetime | None = None,
) -> Dispensing:
    """`dispense_from` with one batch."""
    packs = [(batch.pk, quantity)]
    return dispense_from(
        item=item, packs=packs, by_user=by_user, expected_left=expected_left, directions=directions, now=now
    )[0]


@transaction.atomic
def dispense_from(
    *,
    item: OrderItem,
    packs: Sequence[tuple[str, int]],
    by_user: User,
    expected_left: int | None = None,
    directions: str | None = None,
    now: datetime | None = None,
) -> list[Dispensing]:
    """Take `packs` (batch id, how many) off the shelf for the line `item` of an order that is being prepared.

    What may be sold stays as it is: these packs were reserved when the order was made. `expected_left` is how many
    packs the line lacked when the pharmacist looked. `directions` are kept for the label: left out or empty, the
    doctor's words are, where they were written for exactly this medicine. Raises DirectionsMissing where they were not
    and a prescription is filled, OrderChanged, LineChanged, AnswerAwaited, TooManyPacks,
    BatchUnusable, PrescriptionReplaced when it needs a prescription and that was replaced, and NotEnoughOnShelf when a
    batch holds fewer.
    """
    now = now or clock.now()
    order = locked(item.order_id, OrderStatus.PROCESSING)
    line = OrderItem.objects.select_related("medicine").get(pk=item.pk)
    left = line.quantity - dispensed_of(line)
    if expected_left is not None and left != expected_left:
        raise LineChanged(left)
    if Substitution.objects.filter(item=line, status=SubstitutionStatus.PROPOSED).exists():
        raise AnswerAwaited
    if stopped_items(order).filter(pk=line.pk).exists():
        raise PrescriptionReplaced
    if not packs or not 0 < sum(count for _batch, count in packs) <= left or any(count < 1 for _batch, count in packs):
        raise TooManyPacks(left)
    _note_directions(line, order.prescription, directions)
    batches = MedicineBatch.objects.in_bulk([batch_id for batch_id, _count in packs])
    done = []
    for batch_id, count in sorted(packs):
        batch = batches.get(batch_id)
        if batch is None or batch.medicine_id != line.medicine_id or not is_usable(batch, now):
            raise BatchUnusable
        move_batch(batch=batch, change=-count, kind=MovementKind.DISPENSED, by=by_user, order=order, is_for_sale=False)
        done.append(
            Dispensing.objects.create(item=line, batch=batch, quantity=count, dispensed_by=by_user, dispensed_at=now)
        )
        # No medicine and no batch: whoever reads the trail need not see prescriptions.
        record("order.dispensed", resource=order, user=by_user, details={"line": line.pk, "packs": count})
    return done


def _note_directions(line: OrderItem, prescription: Prescription | None, directions: str | None) -> None:
    words = proposed_for(line, prescription) if directions is None else directions.strip()
    words = words or written_for(line, prescription)
    if not words and line.prescription_line is not None:
        raise DirectionsMissing
    if words != line.directions:
        line.directions = words
        line.save(update_fields=["directions"])


@transaction.atomic
def undo_dispensing(*, dispensing: Dispensing, by_user: User, now: datetime | None = None) -> Dispensing:
    """Put the packs back on the shelf, before they have left the house. One that was put back before is returned as it
    is. Raises OrderChanged."""
    order = locked(
        OrderItem.objects.values_list("order_id", flat=True).get(pk=dispensing.item_id), OrderStatus.PROCESSING
    )
    row = Dispensing.objects.select_related("batch").get(pk=dispensing.pk)
    if row.undone_at is None:
        put_back(order, row, by_user, now or clock.now())
    return row


@transaction.atomic
def take_out(*, item: OrderItem, keep: int, by_user: User, reason: str, now: datetime | None = None) -> OrderItem:
    """Leave `keep` packs of the line; the rest is paid back. Raises OrderChanged, AnswerAwaited, and DispensedAlready
    when more than `keep` lie in the parcel."""
    locked(item.order_id, *OPEN_STATUSES)
    line = OrderItem.objects.get(pk=item.pk)
    if line.quantity != item.quantity:
        raise LineChanged(line.quantity - dispensed_of(line))
    if Substitution.objects.filter(item=line, status=SubstitutionStatus.PROPOSED).exists():
        raise AnswerAwaited
    return remove_packs(item=line, keep=keep, by_user=by_user, reason=reason, now=now)


@transaction.atomic
def dispatch(
    *, order: Order, by_user: User, courier_name: str = "", courier_phone: str = "", now: datetime | None = None
) -> Order:
    """Send it off with a courier, or say that it is ready to collect. Raises OrderChanged, CourierMissing,
    PrescriptionReplaced, and NotAllDispensed while a line lacks packs or waits for the patient's answer."""
    row = locked(order.pk, OrderStatus.PROCESSING)
    is_delivery = row.fulfilment == Fulfilment.DELIVERY
    if is_delivery and not (courier_name.strip() and courier_phone.strip()):
        raise CourierMissing
    if is_stopped(row):
        raise PrescriptionReplaced
    if not is_complete(row):
        raise NotAllDispensed
    courier = {"courier_name": courier_name.strip(), "courier_phone": courier_phone.strip()} if is_delivery else {}
    move(row, OrderStatus.DISPATCHED, dispatched_at=now or clock.now(), **courier)
    record("order.dispatched", resource=row, user=by_user, details={"how": str(row.fulfilment)})
    emit("order.dispatched", order_id=row.pk)
    return row


@transaction.atomic
def correct_courier(*, order: Order, by_user: User, courier_name: str, courier_phone: str) -> Order:
    """Another courier, or another number of theirs, while a delivery is on its way. Raises OrderChanged,
    CourierMissing."""
    row = locked(order.pk, OrderStatus.DISPATCHED)
    if row.fulfilment != Fulfilment.DELIVERY:
        raise OrderChanged(row.status)
    if not (courier_name.strip() and courier_phone.strip()):
        raise CourierMissing
    row.courier_name, row.courier_phone = courier_name.strip(), courier_phone.strip()
    row.save(update_fields=["courier_name", "courier_phone", "updated_at"])
    record("order.courier_changed", resource=row, user=by_user)
    emit("order.courier_changed", order_id=row.pk)
    return row


@transaction.atomic
def deliver(*, order: Order, by_user: User, received_by: str, now: datetime | None = None) -> Order:
    """It is in somebody's hands: `received_by` says whose. Raises OrderChanged."""
    row = locked(order.pk, OrderStatus.DISPATCHED)
    move(row, OrderStatus.DELIVERED, delivered_at=now or clock.now(), received_by=received_by.strip())
    record("order.delivered", resource=row, user=by_user)
    emit("order.delivered", order_id=row.pk)
    return row


def locked(order_id: str, *states: str) -> Order:
    """The order's row, locked, in one of `states`. Raises OrderChanged."""
    row = lock_order(order_id)
    if row.status not in states:
        raise OrderChanged(row.status)
    return row


def dispensed_of(item: OrderItem) -> int:
    """How many packs of the line lie in the parcel."""
    return item.dispensings.filter(undone_at__isnull=True).aggregate(sum=Sum("quantity"))["sum"] or 0


def is_complete(order: Order) -> bool:
    """Whether every line is dispensed in full and nobody waits for an answer."""
    if Substitution.objects.filter(item__order=order, status=SubstitutionStatus.PROPOSED).exists():
        return False
    return all(line.quantity == dispensed_of(line) for line in order.items.all())


def is_usable(batch: MedicineBatch, now: datetime) -> bool:
    """Whether packs of it may be given to somebody at `now`: not set aside, and its last day by the clinic's calendar
    is not over."""
    clinic = current_clinic()
    assert clinic is not None
    return batch.set_aside_at is None and batch.expires_on >= now.astimezone(clinic.policy.tz).date()
