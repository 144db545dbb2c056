"""What a clinic's pharmacy sells and what lies on its shelf: everything that changes it."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from clinics.models import Clinic
from pharmacy import exceptions
from pharmacy.catalogue_fields import FIXED_ONCE_ORDERED
from pharmacy.models import Medicine, MedicineBatch, MovementKind, PriceChange, StockMovement
from pharmacy.selectors_catalogue import ordered_among
from pharmacy.services import stock
from precta import clock
from precta.audit.services import record
from precta.constraints import violated
from precta.outbox.services import emit, emit_once

# What a form or a file may write of an article; its stock changes with its movements only.
EDITABLE = (
    *("sku", "generic_name", "brand_name", "substances", "form", "strength", "pack_size", "pack_unit", "price"),
    *("low_stock_at", "is_prescription_only", "is_active"),
)


def save_medicine(*, medicine: Medicine, by_user: Any, fields: Collection[str] | None = None) -> Medicine:
    """Add the article, or save those of its `fields` that the person changed (all of them when None).

    What somebody else changed meanwhile in other fields stays theirs. A new price is written into the history of
    prices with who set it. Raises ArticleNumberTaken, and ArticleOrdered for another strength, form or pack of what was
    ordered before.
    """
    is_new = medicine._state.adding
    chosen = [name for name in EDITABLE if fields is None or name in fields]
    try:
        with transaction.atomic():
            if is_new:
                medicine.stock = 0
                medicine.save(force_insert=True)
                PriceChange.objects.create(medicine=medicine, new_price=medicine.price, changed_by_id=by_user.pk)
                record("medicine.added", resource=medicine, user=by_user)
            else:
                _save_changed(medicine, chosen, by_user)
    except IntegrityError as error:
        if not violated(error, SKU_ONCE):
            raise
        raise exceptions.ArticleNumberTaken from error
    return medicine


# The name that PostgreSQL gives the rule of a unique column.
SKU_ONCE = "pharmacy_medicine_sku_key"


def _save_changed(medicine: Medicine, chosen: list[str], by_user: Any) -> None:
    before = Medicine.objects.select_for_update(no_key=True).get(pk=medicine.pk)
    changed = [name for name in chosen if getattr(before, name) != getattr(medicine, name)]
    if not changed:
        return
    if not set(changed).isdisjoint(FIXED_ONCE_ORDERED) and ordered_among([medicine.pk]):
        raise exceptions.ArticleOrdered
    medicine.save(update_fields=[*changed, "updated_at"])
    if "price" in changed:
        PriceChange.objects.create(
            medicine=medicine, old_price=before.price, new_price=medicine.price, changed_by_id=by_user.pk
        )
    record("medicine.changed", resource=medicine, user=by_user, details={"fields": changed})


def put_on_sale(*, medicine: Medicine, on_sale: bool, by_user: Any) -> bool:
    """Whether anything changed. What lies in baskets and orders stays as it is."""
    with transaction.atomic():
        changed = Medicine.objects.filter(pk=medicine.pk, is_active=not on_sale)
        if not changed.update(is_active=on_sale, updated_at=clock.now()):
            return False
        record("medicine.put_on_sale" if on_sale else "medicine.taken_off_sale", resource=medicine, user=by_user)
    return True


def receive_batch(
    *,
    medicine: Medicine,
    number: str,
    expires_on: date,
    packs: int,
    by_user: Any,
    today: date | None = None,
    key: str | None = None,
) -> MedicineBatch:
    """Put packs on the shelf and up for sale; more of a batch that is known are added to it.

    Packs that orders miss are made good first. `today` is the clinic's. A form that is sent twice with one `key` (an
    id) brings the packs once. Raises AlreadyExpired, BatchDiffers when the
    batch of this number expires on another day, BatchSetAside.
    """
    if packs < 1:
        raise ValueError(packs)
    if expires_on < (today or clock.now().date()):
        raise exceptions.AlreadyExpired
    with transaction.atomic():
        # The medicine's row comes before its batches' (pharmacy.locks), and two who receive one batch take turns.
        Medicine.objects.select_for_update(no_key=True).only("pk").get(pk=medicine.pk)
        batch, _is_new = MedicineBatch.objects.get_or_create(
            medicine=medicine, number=number, defaults={"expires_on": expires_on}
        )
        if _is_done(batch, key):
            return batch
        if batch.set_aside_at is not None:
            raise exceptions.BatchSetAside
        if batch.expires_on != expires_on:
            raise exceptions.BatchDiffers(batch)
        stock.move_shelf(batch=batch, change=packs, kind=MovementKind.RECEIVED, by=by_user, key=key)
        record("stock.received", resource=medicine, user=by_user, details={"batch": batch.pk, "packs": packs})
    return batch


def write_off(*, batch: MedicineBatch, packs: int, reason: str, by_user: Any, key: str | None = None) -> int:
    """Take broken, lost or recalled packs off the shelf; how many packs that orders were promised are missing then.

    A form that is sent twice with one `key` takes them once. Raises NotEnoughOnShelf.
    """
    if packs < 1:
        raise ValueError(packs)
    with transaction.atomic():
        Medicine.objects.select_for_update(no_key=True).only("pk").get(pk=batch.medicine_id)
        if _is_done(batch, key):
            return 0
        missing = stock.move_shelf(
            batch=batch, change=-packs, kind=MovementKind.WRITTEN_OFF, by=by_user, reason=reason, key=key
        )
        details = {"batch": batch.pk, "packs": packs}
        record("stock.written_off", resource=("medicine", batch.medicine_id), user=by_user, details=details)
        _tell_missing(batch, missing)
    return missing


def correct_count(*, batch: MedicineBatch, counted: int, seen: int, by_user: Any, reason: str = "") -> int:
    """Set the shelf to what was `counted`; how many packs that orders were promised are missing then.

    `seen` is what the page said when the counting began. Raises CountedAnew when it is something else by now: a pack
    that was dispensed meanwhile would come back. The same count as before changes nothing.
    """
    with transaction.atomic():
        Medicine.objects.select_for_update(no_key=True).only("pk").get(pk=batch.medicine_id)
        row = MedicineBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
        if row.on_hand != seen:
            raise exceptions.CountedAnew(row.on_hand)
        if counted == seen:
            return 0
        if row.set_aside_at is not None:
            raise exceptions.BatchSetAside
        change = counted - seen
        missing = stock.move_shelf(batch=row, change=change, kind=MovementKind.COUNTED, by=by_user, reason=reason)
        batch.on_hand = row.on_hand
        details = {"batch": batch.pk, "from": seen, "to": counted}
        record("stock.counted", resource=("medicine", batch.medicine_id), user=by_user, details=details)
        if change < 0:
            _tell_missing(row, missing)
    return missing


def set_aside_expired(*, today: date, now: datetime | None = None) -> int:
    """Take everything that expired before `today` (the clinic's) off the shelf and out of sale; how many batches.

    Each batch on its own, so that one that somebody holds keeps no other waiting for long. Running it again finds
    nothing, but for packs that were put back since. What orders were promised of it is told to the pharmacy.
    """
    done = 0
    expired = MedicineBatch.objects.filter(expires_on__lt=today, on_hand__gt=0).order_by("medicine_id", "pk")
    for batch in expired:
        with transaction.atomic():
            Medicine.objects.select_for_update(no_key=True).only("pk").get(pk=batch.medicine_id)
            row = MedicineBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
            if row.on_hand == 0:
                continue
            packs = row.on_hand
            missing = stock.move_shelf(
                batch=row, change=-packs, kind=MovementKind.EXPIRED, set_aside_at=now or clock.now()
            )
            details = {"batch": row.pk, "packs": packs}
            record("stock.expired", resource=("medicine", row.medicine_id), details=details)
            _tell_missing(row, missing)
            done += 1
    return done


def warn_of_low_stock(*, clinic: Clinic, now: datetime | None = None) -> bool:
    """Once on each of the clinic's days on which anything on sale is low: tell the pharmacists. Whether it was said."""
    today = (now or clock.now()).astimezone(clinic.policy.tz).date()
    if not clinic.policy.sells_medicines or not Medicine.objects.low().exists():
        return False
    return emit_once(f"low-stock-{today:%Y-%m-%d}", "stock.low", day=f"{today:%Y-%m-%d}")


def _is_done(batch: MedicineBatch, key: str | None) -> bool:
    return key is not None and StockMovement.objects.filter(pk=key, batch=batch).exists()


def _tell_missing(batch: MedicineBatch, missing: int) -> None:
    if missing:
        emit("stock.missing", medicine_id=batch.medicine_id, packs=missing)
