"""The packs that may be sold: every change of `Medicine.stock` and `MedicineBatch.on_hand` goes through here.

All of it runs inside the caller's transaction and writes one StockMovement for each change.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Sum

from pharmacy.exceptions import NotEnoughOnShelf, OutOfStock
from pharmacy.models import Medicine, MedicineBatch, MovementKind, Order, StockMovement

# What changes the stock and the shelf at once, no order asking.
BESIDE_ORDERS = (MovementKind.RECEIVED, MovementKind.WRITTEN_OFF, MovementKind.EXPIRED, MovementKind.COUNTED)


def reserve(*, order: Order, packs: Iterable[tuple[str, int]], by: Any = None) -> dict[str, Medicine]:
    """Take `packs` (medicine id, how many) out of what may be sold, for `order`, which need not be saved yet. All of
    them or none; the medicines as they are sold now, by their ids.

    The medicines' rows are locked by their keys, so that two orders of the same medicines never wait for each other
    crosswise. Raises OutOfStock with every medicine of which there is not enough, or which is not sold any more; the
    caller's transaction is then to be undone.
    """
    wanted = _summed(packs)
    with transaction.atomic():
        found = lock_medicines(wanted)
        short: dict[str, int] = {}
        for medicine_id, count in wanted.items():
            row = found.get(medicine_id)
            left = row.stock if row is not None and row.is_active else 0
            if left < count:
                short[medicine_id] = left
        if short:
            raise OutOfStock(short)
        _change_all({key: -count for key, count in wanted.items()}, MovementKind.RESERVED, order=order, by=by)
    return found


def release(*, order: Order, packs: Iterable[tuple[str, int]], by: Any = None) -> None:
    """Give back what was reserved for `order`, to be sold again. What was dispensed is undone before.

    Packs that other orders wait for, because theirs expired or broke, go to those orders and not up for sale.
    """
    back = _summed(packs)
    if not back:
        return
    with transaction.atomic():
        lock_medicines(back)
        _change_all(back, MovementKind.RELEASED, order=order, by=by)
        for medicine_id, missing in missing_packs(back).items():
            _change(medicine_id, -min(missing, back[medicine_id]), MovementKind.COUNTED, by=by)


def lock_medicines(medicine_ids: Iterable[str]) -> dict[str, Medicine]:
    """The rows as they are now, locked in the order of their keys."""
    rows = Medicine.objects.select_for_update(no_key=True).filter(pk__in=list(medicine_ids)).order_by("pk")
    return {row.pk: row for row in rows}


def missing_packs(medicine_ids: Collection[str]) -> dict[str, int]:
    """How many packs that were promised to orders are not on the shelf any more, by medicine, where there are any.

    Orders move the stock and the shelf by the same number of packs in the end; everything else does so at once, but
    for packs that were promised when they expired or broke. Those are the difference.
    """
    moved = StockMovement.objects.filter(medicine__in=medicine_ids, kind__in=BESIDE_ORDERS).order_by()
    sums = moved.values_list("medicine").annotate(missing=Sum(F("change") - F("shelf_change")))
    return {medicine_id: missing for medicine_id, missing in sums if missing > 0}


def move_shelf(
    *,
    batch: MedicineBatch,
    change: int,
    kind: str,
    by: Any = None,
    reason: str = "",
    set_aside_at: datetime | None = None,
    key: str | None = None,
) -> int:
    """Note what happened to `batch` beside orders: packs came, broke, expired or were counted.

    What lies on the shelf is a fact, promised or not, so it changes by all of `change`; the stock follows as far as it
    can. Taken packs come off what is for sale first and never push it below zero; new ones first make good what orders
    miss. `key` becomes the movement's id: whoever gives one asks before whether it is there.

    Returns how many promised packs are missing afterwards. Raises NotEnoughOnShelf when fewer lie there.
    """
    with transaction.atomic():
        medicine = Medicine.objects.select_for_update(no_key=True).only("pk", "stock").get(pk=batch.medicine_id)
        row = MedicineBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
        if row.on_hand + change < 0:
            raise NotEnoughOnShelf(row.on_hand)
        missing = missing_packs([medicine.pk]).get(medicine.pk, 0)
        for_sale = max(0, change - missing) if change > 0 else max(change, -medicine.stock)
        row.on_hand += change
        row.set_aside_at = set_aside_at or row.set_aside_at
        row.save(update_fields=["on_hand", "set_aside_at"])
        batch.on_hand, batch.set_aside_at = row.on_hand, row.set_aside_at
        if change:
            _change(medicine.pk, for_sale, kind, batch=row, shelf_change=change, by=by, reason=reason, key=key)
        return max(0, missing + for_sale - change)


def move_batch(
    *,
    batch: MedicineBatch,
    change: int,
    kind: str,
    by: Any = None,
    order: Order | None = None,
    is_for_sale: bool = True,
    reason: str = "",
) -> None:
    """Put `change` packs of `batch` on the shelf, or take as many off; what may be sold changes with it when
    `is_for_sale` (goods in, write-offs, counts), and stays as it is for packs that an order had reserved.

    Raises NotEnoughOnShelf when the shelf, or what is not promised to orders, holds fewer.
    """
    with transaction.atomic():
        medicine = Medicine.objects.select_for_update(no_key=True).only("pk", "stock").get(pk=batch.medicine_id)
        row = MedicineBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
        if row.on_hand + change < 0 or (is_for_sale and medicine.stock + change < 0):
            raise NotEnoughOnShelf(min(row.on_hand, medicine.stock) if is_for_sale else row.on_hand)
        MedicineBatch.objects.filter(pk=row.pk).update(on_hand=F("on_hand") + change)
        batch.on_hand = row.on_hand + change
        _change(
            batch.medicine_id,
            change if is_for_sale else 0,
            kind,
            batch=batch,
            shelf_change=change,
            order=order,
            by=by,
            reason=reason,
        )


def _summed(packs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Packs of each medicine, in the order of the keys."""
    sums: Counter[str] = Counter()
    for medicine_id, count in packs:
        sums[medicine_id] += count
    return {key: sums[key] for key in sorted(sums) if sums[key]}


def _change_all(changes: dict[str, int], kind: str, *, order: Order, by: Any) -> None:
    """The same change of several medicines, whose rows are locked, in two statements however many they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pharmacy_medicine m SET stock = m.stock + c.change"
            " FROM unnest(%s::text[], %s::int[]) AS c(id, change) WHERE m.id = c.id",
            [list(changes), list(changes.values())],
        )
    made_by_id = by.pk if by is not None else None
    StockMovement.objects.bulk_create(
        StockMovement(medicine_id=key, order=order, kind=kind, change=change, made_by_id=made_by_id)
        for key, change in changes.items()
    )


def _change(
    medicine_id: str,
    change: int,
    kind: str,
    *,
    batch: MedicineBatch | None = None,
    shelf_change: int = 0,
    order: Order | None = None,
    by: Any = None,
    reason: str = "",
    key: str | None = None,
) -> None:
    if change:
        Medicine.objects.filter(pk=medicine_id).update(stock=F("stock") + change)
    StockMovement.objects.create(
        **({"pk": key} if key else {}),
        medicine_id=medicine_id,
        batch=batch,
        order=order,
        kind=kind,
        change=change,
        shelf_change=shelf_change,
        reason=reason,
        made_by_id=by.pk if by is not None else None,
    )
