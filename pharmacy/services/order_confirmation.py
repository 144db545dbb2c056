"""What a settled payment does to the order it pays for. Runs inside the transaction of the settling."""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import F

from clinics.models import Clinic
from pharmacy import order_reasons as reasons
from pharmacy.exceptions import OrderError, StockError
from pharmacy.locks import lock_order, lock_prescription
from pharmacy.models import Order, OrderItem, OrderStatus
from pharmacy.selectors_stopped import is_stopped
from pharmacy.services.order_changes import Side, cancel_order
from pharmacy.services.ordering import OrderLine, check_prescribed, packs_of, usable_allowance
from pharmacy.services.stock import lock_medicines, reserve
from pharmacy.services.transitions import move
from precta import clock
from precta.audit.services import record
from precta.ids import new_id
from precta.outbox.services import emit
from precta.payments.exceptions import HoldEnded
from precta.payments.models import Payment, PaymentMethod, PaymentPurpose
from precta.payments.selectors import paid_total, refunded_total
from precta.tenancy import current_clinic

logger = logging.getLogger(__name__)


def take_locks(*, payment: Payment) -> None:
    """Lock what comes before the payment in the order of `pharmacy.locks`: money that comes late takes packs again, and
    what needs a prescription that was replaced is given back. Raises HoldEnded for cash that comes to nothing."""
    if payment.type != PaymentPurpose.ORDER:
        return
    seen = Order.objects.filter(pk=payment.subject_id).only("pk", "prescription_id").first()
    if seen is None:
        return
    if seen.prescription_id is not None:
        lock_prescription(seen.prescription_id)
    order = lock_order(seen.pk)
    is_over = order.status == OrderStatus.CANCELLED
    if payment.method == PaymentMethod.CASH and (is_over or _is_held_in_vain(order)):
        raise HoldEnded  # the banknote is still in the payer's hand
    if is_over or order.prescription_id is not None:
        lock_medicines(medicine_id for medicine_id, _count in packs_of(order))


def place_paid(*, payment: Payment, now: datetime | None = None) -> None:
    """`payment` is complete: place its order, or, when the hold had ended, take the packs again or give all back; all
    goes back as well when the prescription that it needs was replaced meanwhile. One that ended meanwhile gives what
    was ordered on its last day.

    `take_locks` has run in this transaction. A second call changes nothing.
    """
    if payment.type != PaymentPurpose.ORDER:
        return
    now = now or clock.now()
    order = Order.objects.filter(pk=payment.subject_id).first()
    if order is None:
        logger.error("payment %s pays for an order that does not exist", payment.pk)
        return
    if _is_held_in_vain(order):
        Order.objects.filter(pk=order.pk).update(payment=payment)
        cancel_order(order=order, by_user=None, side=Side.CLINIC, reason=reasons.PRESCRIPTION_REPLACED, now=now)
    elif order.status == OrderStatus.PENDING_PAYMENT:
        move(order, OrderStatus.PLACED, payment=payment, placed_at=now)
        record("order.placed", resource=order, details={"payment": payment.pk})
        emit("order.placed", order_id=order.pk)
    elif order.status == OrderStatus.CANCELLED:
        if not _take_again(order, payment, now):
            _give_back(order, payment)
    elif paid_total(order.pk) - refunded_total(order.pk) - order.total_amount >= payment.amount:
        # The order stands without it.
        _return_surplus(order, payment)


def _is_held_in_vain(order: Order) -> bool:
    return order.status == OrderStatus.PENDING_PAYMENT and is_stopped(order)


def _take_again(ended: Order, payment: Payment, now: datetime) -> bool:
    """A new, placed order of the same packs at the prices that were agreed, which the payment now pays for; False when
    they are gone, the prescription does not give them any more, or the order was cancelled on purpose.

    `ended` keeps pointing to the payment. The key makes the same payment take the packs once.
    """
    from precta.payments.services import move_payments

    clinic = current_clinic()
    if ended.cancellation_reason != reasons.HOLD_EXPIRED or clinic is None or not clinic.is_open:
        return False
    held = list(ended.items.order_by("position"))
    again = _copy(ended, payment, now)
    try:
        with transaction.atomic():
            _reserve_again(again, held, clinic, now)
    except (OrderError, StockError):
        return False
    again.save(force_insert=True)
    OrderItem.objects.bulk_create(_copy_item(item, again) for item in held)
    move_payments(from_subject=ended.pk, to_subject=again.pk)
    payment.subject_id = again.pk
    Order.objects.filter(pk=ended.pk).update(payment=payment)
    record("order.taken_again", resource=again, details={"payment": payment.pk, "instead_of": ended.pk})
    emit("order.placed", order_id=again.pk)
    return True


def _reserve_again(again: Order, held: list[OrderItem], clinic: Clinic, now: datetime) -> None:
    """Raises what placing it anew would raise."""
    lines = [OrderLine(item.medicine_id, item.quantity, item.prescription_line) for item in held]
    allowance = None
    if again.prescription_id is not None:
        today = now.astimezone(clinic.policy.tz).date()
        allowance = usable_allowance(again.prescription_id, patient_id=again.patient_id, today=today)
    medicines = reserve(order=again, packs=[(line.medicine_id, line.quantity) for line in lines])
    check_prescribed(lines, medicines, allowance)


def _copy(ended: Order, payment: Payment, now: datetime) -> Order:
    return Order(
        pk=new_id(),
        patient_id=ended.patient_id,
        placed_by_id=ended.placed_by_id,
        prescription_id=ended.prescription_id,
        status=OrderStatus.PLACED,
        subtotal=ended.subtotal,
        delivery_fee=ended.delivery_fee,
        total_amount=ended.total_amount,
        currency=ended.currency,
        fulfilment=ended.fulfilment,
        delivery_address=ended.delivery_address,
        delivery_notes=ended.delivery_notes,
        delivery_zone=ended.delivery_zone,
        contact_phone=ended.contact_phone,
        payment=payment,
        placed_at=now,
        idempotency_key=f"late-{payment.pk}",
    )


def _copy_item(item: OrderItem, order: Order) -> OrderItem:
    return OrderItem(
        order=order,
        medicine_id=item.medicine_id,
        position=item.position,
        name=item.name,
        quantity=item.quantity,
        ordered_quantity=item.quantity,
        unit_price=item.unit_price,
        total_price=item.total_price,
        prescription_line=item.prescription_line,
    )


def _give_back(ended: Order, payment: Payment) -> None:
    """All of it goes back: the order is over for good, whoever ended it."""
    from precta.payments.services import request_refund

    request_refund(payment=payment, amount=payment.amount, reason=reasons.MONEY_TOO_LATE, key=f"late-{ended.pk}")
    changes: dict[str, object] = {"refund_due": F("refund_due") + payment.amount}
    if ended.cancellation_reason == reasons.HOLD_EXPIRED:
        changes["cancellation_reason"] = reasons.MONEY_TOO_LATE
    Order.objects.filter(pk=ended.pk).update(**changes)
    record("order.paid_too_late", resource=ended, details={"payment": payment.pk, "refund": str(payment.amount)})


def _return_surplus(order: Order, payment: Payment) -> None:
    from precta.payments.services import request_refund

    request_refund(payment=payment, amount=payment.amount, reason="paid twice", key=f"surplus-{order.pk}")
    record("order.paid_twice", resource=order, details={"payment": payment.pk, "refund": str(payment.amount)})
