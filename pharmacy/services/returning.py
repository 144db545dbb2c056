"""Packs that were dispensed and have not left the house go back on the shelf."""

from datetime import datetime

from accounts.models import User
from pharmacy.models import Dispensing, MovementKind, Order
from pharmacy.services.stock import move_batch, move_shelf
from precta.audit.services import record


def put_back(order: Order, row: Dispensing, by_user: User | None, now: datetime) -> None:
    """Undo one dispensing of a locked order. Packs of a batch that was set aside meanwhile join what lies aside: they
    are on no shelf, and what they were promised for is missing there (`services.stock.missing_packs`)."""
    row.undone_at, row.undone_by = now, by_user
    row.save(update_fields=["undone_at", "undone_by"])
    move_batch(
        batch=row.batch, change=row.quantity, kind=MovementKind.RETURNED, by=by_user, order=order, is_for_sale=False
    )
    row.batch.refresh_from_db(fields=["set_aside_at", "on_hand"])
    if row.batch.set_aside_at is not None:
        move_shelf(batch=row.batch, change=-row.quantity, kind=MovementKind.WRITTEN_OFF, by=by_user, reason="set aside")
    details = {"line": row.item_id, "packs": row.quantity}
    record("order.dispensing_undone", resource=order, user=by_user, details=details)
