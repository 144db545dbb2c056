"""The order in which everything that changes orders and stock takes its locks.

0. the person's orders (`lock_person`), while one is placed;
1. the rows of the prescription and of those it replaced (`lock_prescription`), whenever packs are ordered against it;
2. the order's row (`lock_order`);
3. the rows of the medicines, by their keys (`services.stock`);
4. the rows of the batches, by their keys;
5. the payment's row.

Whoever needs several takes them in this order, whoever needs only a later one starts there. Settling a payment knows
only the last; `payments.signals.payment_settling` lets this app take the others before. Public rows are never locked.
"""

from django.db import connection

from pharmacy.models import Order, Prescription
from precta.tenancy import current_schema

# The oldest comes first in the keys' order as well or not: one order for everybody is all that counts.
_WITH_PREDECESSORS = """
WITH RECURSIVE chain(id, replaces_id) AS (
  SELECT id, replaces_id FROM pharmacy_prescription WHERE id = %s
  UNION
  SELECT p.id, p.replaces_id FROM pharmacy_prescription p JOIN chain c ON p.id = c.replaces_id)
SELECT id FROM pharmacy_prescription WHERE id IN (SELECT id FROM chain) ORDER BY id FOR NO KEY UPDATE
"""


def lock_person(person_id: str) -> None:
    """Wait until no other transaction of this clinic places an order of the person; held until this one ends."""
    with connection.cursor() as cursor:
        key = f"{current_schema()}:orders:{person_id}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def lock_prescription(prescription_id: str) -> list[str]:
    """Wait until no other transaction orders against this prescription or one that it replaced, the ids of all of
    them; held until this one ends. Raises Prescription.DoesNotExist."""
    with connection.cursor() as cursor:
        cursor.execute(_WITH_PREDECESSORS, [prescription_id])
        chain = [row[0] for row in cursor.fetchall()]
    if not chain:
        raise Prescription.DoesNotExist
    return chain


def lock_order(order_id: str) -> Order:
    """The order as it is now; nobody else changes it until this transaction ends. Raises Order.DoesNotExist."""
    return Order.objects.select_for_update(no_key=True, of=("self",)).get(pk=order_id)
