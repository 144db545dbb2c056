"""Medicines on the shelf, orders as the portal would have left them, and the invariants asked of one clinic."""

from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from pharmacy import order_invariants as invariants
from pharmacy.models import Medicine, MedicineBatch, MovementKind, Order, PriceChange, StockMovement
from pharmacy.services.ordering import OrderLine, place_order
from pharmacy.services.stock import move_batch
from precta.ids import new_id
from precta.payments.models import Payment, Refund
from precta.payments.services import charge_mpesa, settle_payment
from precta.tenancy import clinic_context

_numbers = count(1)


def make_medicine(clinic, name="Paracetamol", *, stock=20, **extra: Any) -> Medicine:
    """Sold over the counter for KES 100 a pack of 10 tablets of 500 mg, unless `extra` says otherwise."""
    number = next(_numbers)
    values = {
        "sku": f"T-{number:04}",
        "generic_name": name,
        "substances": [name.lower()],
        "form": "tablet",
        "strength": "500 mg",
        "pack_size": 10,
        "pack_unit": "tablets",
        "price": Decimal("100.00"),
        "is_prescription_only": False,
    } | extra
    with clinic_context(clinic):
        medicine = Medicine.objects.create(**values)
        PriceChange.objects.create(medicine=medicine, new_price=medicine.price)
        if stock:
            batch = MedicineBatch.objects.create(
                medicine=medicine, number=f"B{number}", expires_on=timezone.now().date() + timedelta(days=400)
            )
            move_batch(batch=batch, change=stock, kind=MovementKind.RECEIVED)
        medicine.refresh_from_db()
    return medicine


def amoxicillin(clinic, **extra: Any) -> Medicine:
    """Prescription-only, 10 capsules of 500 mg for KES 200."""
    values = {"form": "capsule", "pack_unit": "capsules", "price": Decimal("200.00"), "is_prescription_only": True}
    return make_medicine(clinic, "Amoxicillin", **values | extra)


AMOXICILLIN_LINE = {"name": "Amoxicillin 500 mg capsule", "dosage": "1 capsule"}


def place(clinic, patient, *lines: tuple, **changes: Any) -> Order:
    """`lines` are (medicine, packs[, line of the prescription])."""
    wishes: dict[str, Any] = {
        "patient": patient,
        "placed_by": patient.user,
        "clinic": clinic,
        "lines": [OrderLine(line[0].pk, *line[1:]) for line in lines],
        "fulfilment": "pickup",
        "idempotency_key": new_id(),
        "method": "mpesa",
        "payer_phone": "+254712345678",
    }
    with clinic_context(clinic):
        return place_order(**wishes | changes)


def pay_for(clinic, order: Order, provider) -> Order:
    """Over the stand-in, as M-Pesa would."""
    with clinic_context(clinic):
        payment = Payment.objects.get(pk=order.payment_id)
        charge_mpesa(payment=payment, phone="0712345678")
        provider.approve(payment.provider_reference)
        settle_payment(reference=payment.provider_reference)
        return Order.objects.get(pk=order.pk)


def stock_of(clinic, medicine: Medicine) -> int:
    with clinic_context(clinic):
        return Medicine.objects.get(pk=medicine.pk).stock


def refunds_of(clinic, order: Order) -> list[Decimal]:
    with clinic_context(clinic):
        rows = Refund.objects.filter(subject_id=order.pk).order_by("created_at", "pk")
        return list(rows.values_list("amount", flat=True))


def broken_invariants(clinic) -> dict[str, list[str]]:
    """What is unsound about orders and stock at `clinic`."""
    checks = (
        invariants.unbalanced_orders,
        invariants.unrefunded_orders,
        invariants.placed_twice,
        invariants.odd_totals,
        invariants.odd_reservations,
    )
    with clinic_context(clinic):
        found = {check.__name__: check() for check in checks}
    return {name: rows for name, rows in found.items() if rows}


def counts(clinic) -> tuple[int, int, int]:
    """Orders, payments and movements, to see that a refusal wrote nothing."""
    with clinic_context(clinic):
        return Order.objects.count(), Payment.objects.count(), StockMovement.objects.count()
