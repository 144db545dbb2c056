"""The orders' part of I8, and what I2, I3, I5 and I6 ask of them."""

from precta.invariants import invariant, offenders

# What was collected for an order less what went or goes back.
BALANCE = """
    (SELECT coalesce(sum(p.amount), 0) FROM payments_payment p
      WHERE p.subject_id = o.id AND p.type = 'order' AND p.status IN ('completed', 'refunded'))
  - (SELECT coalesce(sum(r.amount), 0) FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
      WHERE p.subject_id = o.id AND p.type = 'order' AND r.status <> 'failed')
"""


@invariant("I2", "an order that stands is paid: its total is its completed payments minus refunds")
def unbalanced_orders() -> list[str]:
    return offenders(
        f"""
        SELECT o.id FROM pharmacy_order o
        WHERE o.status IN ('placed', 'processing', 'dispatched', 'delivered') AND o.total_amount <> {BALANCE}
        """  # noqa: S608 - a constant of this module
    )


@invariant("I3", "a cancelled order's refund_due equals its refunds")
def unrefunded_orders() -> list[str]:
    return offenders(
        """
        SELECT o.id FROM pharmacy_order o
        WHERE o.status = 'cancelled' AND (o.refund_due IS NULL OR o.refund_due <> (
            SELECT coalesce(sum(r.amount), 0) FROM payments_refund r
            JOIN payments_payment p ON p.id = r.payment_id
            WHERE r.subject_id = o.id AND p.type = 'order' AND r.status <> 'failed'))
        """
    )


@invariant("I5", "no order's hold is past its expiry by over 2 minutes")
def stale_orders() -> list[str]:
    return offenders(
        """
        SELECT id FROM pharmacy_order
        WHERE status = 'pending_payment' AND hold_expires_at < now() - interval '2 minutes'
        """
    )


@invariant("I6", "no effect is recorded twice: each order is placed once")
def placed_twice() -> list[str]:
    return offenders(
        """
        SELECT payload->>'order_id' FROM outbox_outboxevent WHERE kind = 'order.placed'
        GROUP BY 1 HAVING count(*) > 1
        """
    )


@invariant("I8", "an order's subtotal and total are its lines' and the delivery's")
def odd_totals() -> list[str]:
    return offenders(
        """
        SELECT o.id FROM pharmacy_order o
        LEFT JOIN pharmacy_orderitem i ON i.order_id = o.id
        GROUP BY o.id
        HAVING o.subtotal <> coalesce(sum(i.total_price), 0) OR o.total_amount <> o.subtotal + o.delivery_fee
            OR count(i.id) = 0
        """
    )


@invariant("I8", "what an order has reserved is what its lines hold, and nothing once it is cancelled")
def odd_reservations() -> list[str]:
    """Packs move in and out by the order's movements; substitutions and fewer packs move them as well."""
    return offenders(
        """
        WITH reserved AS (
          SELECT order_id, medicine_id, -sum(change) AS packs FROM pharmacy_stockmovement
           WHERE order_id IS NOT NULL AND kind IN ('reserved', 'released') GROUP BY 1, 2),
        held AS (
          SELECT i.order_id, i.medicine_id, sum(i.quantity) AS packs FROM pharmacy_orderitem i
            JOIN pharmacy_order o ON o.id = i.order_id WHERE o.status <> 'cancelled' GROUP BY 1, 2)
        SELECT DISTINCT coalesce(r.order_id, h.order_id) FROM reserved r
          FULL JOIN held h ON h.order_id = r.order_id AND h.medicine_id = r.medicine_id
         WHERE coalesce(r.packs, 0) <> coalesce(h.packs, 0)
        """
    )
