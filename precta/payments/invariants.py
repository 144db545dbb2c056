"""I4, and the payments' part of I6."""

from collections.abc import Iterator

from django.conf import settings

from precta.invariants import NotChecked, invariant, offenders
from precta.payments.exceptions import ProviderUnavailable
from precta.payments.models import Payment, PaymentMethod, PaymentStatus
from precta.payments.money import to_subunit
from precta.payments.providers.paystack import REVERSED, SUCCESS, Transaction
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
    """Asks about all that the provider has heard of, one after the other. What was put aside is known to differ and
    waits for a person."""
    if not settings.PAYSTACK_SECRET_KEY:
        yield NotChecked("PAYSTACK_SECRET_KEY is not set")
        return
    known = Payment.objects.filter(charged_at__isnull=False, put_aside_at__isnull=True)
    silences = 0
    for payment in known.exclude(method=PaymentMethod.CASH).order_by("charged_at").iterator():
        try:
            answer = ask_provider(payment)
        except ProviderUnavailable as error:
            silences += 1
            yield NotChecked(f"{payment.provider_reference}: the provider does not answer ({error})")
            if silences >= 3:
                return
            continue
        if strange := _difference(payment, answer):
            yield f"{payment.provider_reference} ({strange})"


def _difference(payment: Payment, answer: Transaction | None) -> str:
    if payment.status not in EXPECTED:
        is_paid = answer is not None and answer.status == SUCCESS
        return f"{payment.status}, but paid at the provider" if is_paid else ""
    if answer is None:
        return "unknown to the provider"
    if answer.status not in EXPECTED[payment.status]:
        return f"{payment.status}, there {answer.status}"
    if (answer.amount, answer.currency) != (to_subunit(payment.amount), payment.currency):
        return f"there {answer.amount} {answer.currency}"
    return ""
