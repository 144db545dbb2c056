"""Taking an order back, whole or in part, before it leaves the pharmacy."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from django.db import transaction
from django.db.models import Sum

from accounts.models import User
from pharmacy import order_reasons as reasons
from pharmacy.exceptions import DispensedAlready, OrderLeft, OrderRefundChanged
from pharmacy.locks import lock_order
from pharmacy.models import (
    OPEN_STATUSES,
    Dispensing,
    Order,
    OrderItem,
    OrderStatus,
    Substitution,
    SubstitutionStatus,
)
from pharmacy.selectors_stopped import orders_stopped_by
from pharmacy.services.ordering import packs_of
from pharmacy.services.returning import put_back
from pharmacy.services.stock import release
from pharmacy.services.transitions import move
from precta import clock
from precta.audit.services import record
from precta.ids import new_id
from precta.outbox.services import emit
from precta.payments.models import Payment, PaymentPurpose
from precta.payments.selectors import paid_total, refunded_total

REASON_LENGTH = 500
CANCELLABLE = frozenset({OrderStatus.PENDING_PAYMENT, *OPEN_STATUSES})


class Side(StrEnum):
    """Who takes an order back."""

    PATIENT = "patient"
    CLINIC = "clinic"


def quote_refund(order: Order) -> Decimal:
    """What cancelling now gives back: everything that was paid and has not gone back. Changes nothing."""
    return paid_total(order.pk) - refunded_total(order.pk)


def cancel_order(
    *,
    order: Order,
    by_user: User | None,
    side: str,
    reason: str = "",
    expected_refund: Decimal | None = None,
    now: datetime | None = None,
) -> Order:
    """Cancel an order that has not left the pharmacy: its packs are given back and all that was paid is requested
    back, in one transaction; returns the row as it then stands.

    Packs that were dispensed are put back on the shelf. An order that is cancelled already is returned as it is.
    `by_user` is None when the portal itself acts. Raises OrderRefundChanged when `expected_refund` (the amount that was
    shown) is not what would go back now, OrderLeft when the order is on its way or over. Whoever raises has changed
    nothing. The caller answers for `by_user` being allowed to.
    """
    with transaction.atomic():
        locked = lock_order(order.pk)
        if locked.status == OrderStatus.CANCELLED:
            return locked
        return _cancel(locked, by_user, side, _own_words(reason, by_user), expected_refund, now or clock.now())


def cancel_unpaid_of(prescription_id: str) -> int:
    """Let go of the unpaid orders that need this prescription, which was replaced; how many. Their packs are for sale
    again, and money that is under way to them goes back."""
    held = list(orders_stopped_by(prescription_id).filter(status=OrderStatus.PENDING_PAYMENT))
    for order in held:
        cancel_order(order=order, by_user=None, side=Side.CLINIC, reason=reasons.PRESCRIPTION_REPLACED)
    return len(held)


def _cancel(
    order: Order, by_user: User | None, side: str, reason: str, expected_refund: Decimal | None, now: datetime
) -> Order:
    from precta.payments.services import give_back

    if order.status not in CANCELLABLE:
        raise OrderLeft
    was_held = order.status == OrderStatus.PENDING_PAYMENT
    _give_packs_back(order, by_user, now)
    payments = _locked_payments(order)
    back = quote_refund(order)
    if expected_refund is not None and back != expected_refund:
        raise OrderRefundChanged(back)
    move(
        order,
        OrderStatus.CANCELLED,
        cancelled_at=now,
        cancelled_by_id=by_user.pk if by_user else None,
        cancellation_reason=reason,
        # What went back earlier (a line that was taken out) counts as well.
        refund_due=back + refunded_total(order.pk),
    )
    give_back(payments, back, reason="cancelled", key=f"cancel:{order.pk}")
    record("order.cancelled", resource=order, user=by_user, details={"side": str(side), "refund": str(back)})
    if not (was_held and side == Side.PATIENT):
        # Nobody but the patient knew of an unpaid order, and there is no news to tell.
        emit("order.cancelled", order_id=order.pk, side=str(side))
    return order


def _give_packs_back(order: Order, by_user: User | None, now: datetime) -> None:
    """What is reserved may be sold again, what was dispensed lies on the shelf again, and no question stays open."""
    release(order=order, packs=packs_of(order), by=by_user)
    dispensed = Dispensing.objects.filter(item__order=order, undone_at__isnull=True).select_related("batch")
    for dispensing in dispensed.order_by("batch__medicine_id", "batch_id", "pk"):
        put_back(order, dispensing, by_user, now)
    Substitution.objects.filter(item__order=order, status=SubstitutionStatus.PROPOSED).update(
        status=SubstitutionStatus.WITHDRAWN, answered_at=now, answered_by_id=by_user.pk if by_user else None
    )


def remove_packs(*, item: OrderItem, keep: int, by_user: User, reason: str, now: datetime | None = None) -> OrderItem:
    """Let fewer packs of a line stay (`keep`, 0 for none): stock back, line and totals lowered, the difference paid
    back; the row as it then stands.

    Without the last pack of its last line the order is cancelled, the delivery's fee back as well. Keeping as many as
    there are changes nothing. Raises OrderLeft when the order is not in the pharmacy's hands, DispensedAlready while
    more packs of the line are dispensed than are to stay, ValueError for a `keep` that is no fewer.
    """
    with transaction.atomic():
        order = lock_order(item.order_id)
        row = OrderItem.objects.select_related("medicine").get(pk=item.pk)
        if order.status not in OPEN_STATUSES:
            raise OrderLeft
        if not 0 <= keep <= row.quantity:
            raise ValueError(keep)
        if keep == row.quantity:
            return row
        taken = Dispensing.objects.filter(item=row, undone_at__isnull=True).aggregate(packs=Sum("quantity"))["packs"]
        if (taken or 0) > keep:
            raise DispensedAlready
        now = now or clock.now()
        words = reason.strip()[:200]
        others = OrderItem.objects.filter(order=order, quantity__gt=0).exclude(pk=row.pk)
        if keep == 0 and not others.exists():
            # The whole order, whose packs are given back with it: the lines stay, to show what was asked for.
            _cancel(order, by_user, Side.CLINIC, _own_words(words, by_user) or reasons.NOTHING_LEFT, None, now)
            return row
        _lower(order, row, keep, by_user, words)
        return row


def _lower(order: Order, row: OrderItem, keep: int, by_user: User, reason: str) -> None:
    from precta.payments.services import give_back

    removed = row.quantity - keep
    back = removed * row.unit_price
    release(order=order, packs=[(row.medicine_id, removed)], by=by_user)
    payments = _locked_payments(order)
    row.quantity, row.total_price, row.removal_reason = keep, keep * row.unit_price, reason
    row.save(update_fields=["quantity", "total_price", "removal_reason"])
    if keep == 0:
        Substitution.objects.filter(item=row, status=SubstitutionStatus.PROPOSED).update(
            status=SubstitutionStatus.WITHDRAWN, answered_at=clock.now(), answered_by_id=by_user.pk
        )
    reprice(order)
    # The order's lock makes it once. How many stay names no decision: a substitute may bring more packs again.
    give_back(payments, back, reason="not available", key=f"line:{row.pk}:{new_id()}")
    details = {"item": row.pk, "packs": removed, "refund": str(back)}
    record("order.changed", resource=order, user=by_user, details=details)
    emit("order.changed", order_id=order.pk, item_id=row.pk)


def reprice(order: Order) -> None:
    """Bring subtotal and total of a locked order in line with its lines; the delivery's fee stays as it was agreed."""
    subtotal = OrderItem.objects.filter(order=order).aggregate(sum=Sum("total_price"))["sum"] or Decimal(0)
    order.subtotal, order.total_amount = subtotal, subtotal + order.delivery_fee
    order.save(update_fields=["subtotal", "total_amount", "updated_at"])


def _locked_payments(order: Order) -> list[Payment]:
    rows = Payment.objects.select_for_update(no_key=True).filter(type=PaymentPurpose.ORDER, subject_id=order.pk)
    return list(rows.order_by("pk"))


def _own_words(reason: str, by_user: User | None) -> str:
    """The portal acts on its own words in this column: nobody may be taken for it by typing the same ones."""
    reason = reason.strip()[:REASON_LENGTH]
    return f"{reason}." if by_user is not None and reason in reasons.OF_THE_PORTAL else reason
