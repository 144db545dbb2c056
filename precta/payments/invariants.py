"""I4, and the payments' part of I6."""

from collections.abc import Iterator

from precta.invariants import invariant, offenders
from precta.payments.exceptions import ProviderUnavailable
from precta.payments.models import Payment, PaymentMethod, PaymentStatus
from precta.payments.money import to_subunit
from precta.payments.providers.paystack import REVERSED, SUCCESS
from precta.payments.services.settling import ask_provider

# What the provider may say of a payment in each state; of a refunded one it says either, by the age of the refund.
EXPECTED: dict[str, set[str]] = {
    PaymentStatus.COMPLETED: {SUCCESS},
    PaymentStatus.REFUNDED: {SUCCESS, REVERSED},
}


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


@invariant("I4", "a payment is what the provider's ledger says it is", on_request=True)
def strange_to_the_provider() -> Iterator[str]:
    silences = 0
    asked = Payment.objects.filter(charged_at__isnull=False).exclude(method=PaymentMethod.CASH)
    for payment in asked.order_by("charged_at").iterator():
        reference = payment.provider_reference
        try:
            answer = ask_provider(payment)
        except ProviderUnavailable:
            silences += 1
            yield f"{reference} (the provider does not answer)"
            if silences >= 3:
                return
            continue
        received = payment.status in EXPECTED
        if not received:
            if answer is not None and answer.status == SUCCESS:
                yield f"{reference} ({payment.status}, but paid at the provider)"
        elif answer is None:
            yield f"{reference} (unknown to the provider)"
        elif answer.status not in EXPECTED[payment.status]:
            yield f"{reference} ({payment.status}, there {answer.status})"
        elif (answer.amount, answer.currency) != (to_subunit(payment.amount), payment.currency):
            yield f"{reference} (there {answer.amount} {answer.currency})"
