"""Articles, batches and orders for tests of the catalogue; called inside the clinic's schema."""

from datetime import date, timedelta
from decimal import Decimal

from pharmacy.models import Medicine, MedicineBatch, Order, OrderItem
from pharmacy.services import stock
from pharmacy.services.catalogue import receive_batch, save_medicine
from precta.ids import new_id

FAR = date(2036, 5, 31)


def make_medicine(by, sku="AMX-500", **values):
    fields = {
        "generic_name": "Amoxicillin",
        "brand_name": "Amoxil",
        "substances": ["amoxicillin"],
        "form": "capsule",
        "strength": "500 mg",
        "pack_size": 15,
        "pack_unit": "capsules",
        "price": Decimal("190.00"),
        "low_stock_at": 5,
    }
    return save_medicine(medicine=Medicine(sku=sku, **(fields | values)), by_user=by)


def make_batch(by, medicine, packs=10, number="B1", expires_on=FAR, today=None):
    return receive_batch(
        medicine=medicine,
        number=number,
        expires_on=expires_on,
        packs=packs,
        by_user=by,
        today=today or expires_on - timedelta(days=30),
    )


def order_of(cast, medicine, packs):
    """An order that has reserved `packs`; its lines are another test's matter."""
    order = Order.objects.create(
        patient=cast.patient,
        placed_by=cast.patient.user,
        subtotal=medicine.price * packs,
        total_amount=medicine.price * packs,
        fulfilment="pickup",
        status="placed",
        placed_at="2027-03-01T08:00:00Z",
        idempotency_key=new_id(),
    )
    stock.reserve(order=order, packs=[(medicine.pk, packs)])
    return order


def line_of(order, medicine, packs):
    price = {"unit_price": medicine.price, "total_price": medicine.price * packs}
    counts = {"position": 1, "quantity": packs, "ordered_quantity": packs}
    return OrderItem.objects.create(order=order, medicine=medicine, name=str(medicine), **price, **counts)


def noted(medicine):
    """(packs for sale, packs on the shelf)"""
    medicine.refresh_from_db()
    shelf = MedicineBatch.objects.filter(medicine=medicine).values_list("on_hand", flat=True)
    return medicine.stock, sum(shelf)
