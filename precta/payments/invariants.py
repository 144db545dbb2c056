"""The payments' part of I6."""

from precta.invariants import invariant, offenders


@invariant("I6", "no effect is recorded twice for one payment reference")
def paid_back_too_much() -> list[str]:
    return offenders(
        """
        SELECT p.provider_reference FROM payments_payment p JOIN payments_refund r ON r.payment_id = p.id
        WHERE r.status <> 'failed' GROUP BY p.id HAVING sum(r.amount) > p.amount
        UNION ALL
        SELECT min(provider_reference) FROM payments_payment
        GROUP BY split_part(provider_reference, '-', 2) HAVING count(*) > 1
        UNION ALL
        SELECT payload->>'payment_id' FROM outbox_outboxevent WHERE kind = 'payment.completed'
        GROUP BY 1 HAVING count(*) > 1
        UNION ALL
        SELECT min(provider_refund_id) FROM payments_refund WHERE provider_refund_id <> ''
        GROUP BY provider_refund_id HAVING count(*) > 1
        """
    )
