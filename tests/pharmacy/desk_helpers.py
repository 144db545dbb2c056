"""Medicines in batches, and paid orders as the portal would have left them."""

from datetime import timedelta
from decimal import Decimal
from itertools import count

from django.utils import timezone

from pharmacy.models import (
    Dispensing,
    Medicine,
    MedicineBatch,
    MovementKind,
    Order,
    OrderItem,
    PriceChange,
    StockMovement,
)
from pharmacy.services.ordering import name_of
from pharmacy.services.stock import move_batch, reserve
from precta.ids import new_id
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context

_numbers = count(1)


def stocked(clinic, name="Cetirizine", *batches, **extra):
    """Sold over the counter for KES 100 a pack; `batches` are (packs, days until it expires)."""
    values = {
        "sku": f"D-{next(_numbers):04}",
        "generic_name": name,
        "substances": [name.lower()],
        "form": "tablet",
        "strength": "10 mg",
        "pack_size": 10,
        "pack_unit": "tablets",
        "price": Decimal("100.00"),
        "is_prescription_only": False,
    } | extra
    with clinic_context(clinic):
        medicine = Medicine.objects.create(**values)
        PriceChange.objects.create(medicine=medicine, new_price=medicine.price)
        for packs, days in batches or ((20, 400),):
            add_batch(clinic, medicine, packs, days)
        medicine.refresh_from_db()
    return medicine


def add_batch(clinic, medicine, packs, days, **extra):
    with clinic_context(clinic):
        batch = MedicineBatch.objects.create(
            medicine=medicine,
            number=f"B{next(_numbers)}",
            expires_on=timezone.now().astimezone(clinic.policy.tz).date() + timedelta(days=days),
        )
        move_batch(batch=batch, change=packs, kind=MovementKind.RECEIVED)
        if extra:
            MedicineBatch.objects.filter(pk=batch.pk).update(**extra)
            batch.refresh_from_db()
    return batch


def paid_order(clinic, patient, *lines, status="placed", delivery=True, fee=200, ago=timedelta(minutes=10), **extra):
    """`lines` are (medicine, packs[, line of the prescription]); its packs are reserved, its money has come."""
    placed_by = extra.pop("placed_by", patient.user)
    fee = Decimal(fee if delivery else 0)
    subtotal = sum((medicine.price * packs for medicine, packs, *_line in lines), Decimal(0))
    at = timezone.now() - ago
    times = {"placed_at": at, "processing_at": at if status not in {"placed", "pending_payment"} else None}
    if status in {"dispatched", "delivered"}:
        times["dispatched_at"] = at
    if status == "delivered":
        times["delivered_at"] = at
    if status == "pending_payment":
        times |= {"placed_at": None, "hold_expires_at": at + timedelta(minutes=30)}
    if status == "cancelled":
        times |= {"cancelled_at": at, "refund_due": Decimal(0)}
    where = (
        {"fulfilment": "delivery", "delivery_address": "Kilimani, Nairobi"} if delivery else {"fulfilment": "pickup"}
    )
    with clinic_context(clinic):
        order = Order(
            patient=patient,
            placed_by=placed_by,
            status=status,
            subtotal=subtotal,
            delivery_fee=fee,
            total_amount=subtotal + fee,
            idempotency_key=new_id(),
            contact_phone=extra.pop("contact_phone", "+254712345678"),
            **where | times | extra,
        )
        order.payment = Payment.objects.create(
            user=placed_by,
            type="order",
            subject_id=order.pk,
            amount=order.total_amount,
            method="mpesa",
            status="completed",
            provider_reference=f"{clinic.code}-{new_id()}",
            paid_at=at,
            charged_at=at,
        )
        order.save()
        for position, (medicine, packs, *written) in enumerate(lines, start=1):
            OrderItem.objects.create(
                order=order,
                medicine=medicine,
                position=position,
                name=name_of(medicine),
                quantity=packs,
                ordered_quantity=packs,
                unit_price=medicine.price,
                total_price=medicine.price * packs,
                prescription_line=written[0] if written else None,
            )
        if status != "cancelled":
            reserve(order=order, packs=[(medicine.pk, packs) for medicine, packs, *_line in lines])
        order.refresh_from_db()
    return order


def item_of(clinic, order, position=1):
    with clinic_context(clinic):
        return OrderItem.objects.select_related("medicine").get(order=order, position=position)


def batches_of(clinic, medicine):
    """The first to expire first."""
    with clinic_context(clinic):
        return list(MedicineBatch.objects.filter(medicine=medicine).order_by("expires_on"))


def books(clinic, medicine):
    """(packs for sale, packs on the shelf), after seeing that each is the sum of its movements."""
    with clinic_context(clinic):
        stock = Medicine.objects.values_list("stock", flat=True).get(pk=medicine.pk)
        shelf = sum(MedicineBatch.objects.filter(medicine=medicine).values_list("on_hand", flat=True))
        moved = StockMovement.objects.filter(medicine=medicine)
        assert stock == sum(moved.values_list("change", flat=True))
        assert shelf == sum(moved.values_list("shelf_change", flat=True))
    return stock, shelf


def given(clinic, order):
    """Packs in the parcel."""
    with clinic_context(clinic):
        rows = Dispensing.objects.filter(item__order=order, undone_at__isnull=True)
        return sum(rows.values_list("quantity", flat=True))


def refunds(clinic, order):
    with clinic_context(clinic):
        rows = Refund.objects.filter(subject_id=order.pk).order_by("created_at", "pk")
        return list(rows.values_list("amount", flat=True))


def adds_up(clinic, order):
    """Whether the order's sums follow from its lines, and what was kept of the money from its sums."""
    with clinic_context(clinic):
        row = Order.objects.get(pk=order.pk)
        lines = sum(OrderItem.objects.filter(order=row).values_list("total_price", flat=True))
        paid = sum(Payment.objects.filter(subject_id=row.pk).values_list("amount", flat=True))
        kept = paid - sum(Refund.objects.filter(subject_id=row.pk).values_list("amount", flat=True))
        if row.status == "cancelled":
            return kept == 0
        return row.subtotal == lines and row.total_amount == row.subtotal + row.delivery_fee == kept
