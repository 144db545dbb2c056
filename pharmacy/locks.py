"""The order in which everything that changes orders and stock takes its locks.

1. the prescription's row (`lock_prescription`), whenever packs are ordered against it;
2. the order's row (`lock_order`);
3. the rows of the medicines, by their keys (`services.stock`);
4. the rows of the batches, by their keys;
5. the payment's row.

Whoever needs several takes them in this order, whoever needs only a later one starts there. Settling a payment knows
only the last; `payments.signals.payment_settling` lets this app take the others before. Public rows are never locked.
"""

from pharmacy.models import Order, Prescription


def lock_prescription(prescription_id: str) -> None:
    """Wait until no other transaction orders against this prescription; held until this one ends."""
    Prescription.objects.select_for_update(no_key=True, of=("self",)).only("pk").get(pk=prescription_id)


def lock_order(order_id: str) -> Order:
    """The order as it is now; nobody else changes it until this transaction ends. Raises Order.DoesNotExist."""
    return Order.objects.select_for_update(no_key=True, of=("self",)).get(pk=order_id)
