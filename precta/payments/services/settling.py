"""Finding out what became of a payment and acting on it once.

Webhook, return page, poll and reconciler all come here. The provider is asked outside any transaction; then the
payments of the subject are locked in the order of their ids, the state is read again, and only a change acts.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from precta import clock
from precta.audit.services import record
from precta.outbox.services import emit
from precta.payments.exceptions import PaymentClosed, ProviderRefused, ProviderUnavailable, UnknownTransaction
from precta.payments.models import Payment, PaymentMethod, PaymentStatus
from precta.payments.money import to_subunit
from precta.payments.providers.paystack import FAILED, REVERSED, SUCCESS, TOTAL_SECONDS, Paystack, Transaction
from precta.payments.scrub import transaction_facts
from precta.payments.selectors import net_received
from precta.payments.services.guards import SubjectMoved, forbid_transaction, retried
from precta.payments.signals import payment_completed, payment_failed, payment_settling

logger = logging.getLogger(__name__)

# Longer than any call of ours is under way: then a reference that the provider does not know never reached it.
UNREACHED_AFTER = timedelta(seconds=60)
# A page that nobody paid at for so long counts as left; should money come all the same, it still settles.
LEFT_AFTER = timedelta(hours=1)
# (age of the payment, pause until the next question); past the last one webhooks alone can wake it.
_PAUSES = (
    (timedelta(minutes=2), timedelta(seconds=10)),
    (timedelta(minutes=15), timedelta(seconds=30)),
    (timedelta(hours=1), timedelta(minutes=2)),
    (timedelta(hours=3), timedelta(minutes=4)),
    (timedelta(hours=24), timedelta(minutes=30)),
    (timedelta(hours=72), timedelta(hours=6)),
)
_OVER = {PaymentStatus.COMPLETED, PaymentStatus.REFUNDED}


def settle_payment(
    *, reference: str, now: datetime | None = None, budget: float = TOTAL_SECONDS, insist: bool = False
) -> Payment:
    """Ask the provider about `reference` and record what became of it; returns the payment as it then stands.

    Quiet when it is settled already, and when the provider gives no usable answer (the next question is scheduled);
    with `insist` the latter raises ProviderUnavailable. `budget` is seconds. Never call it inside a transaction.
    Raises Payment.DoesNotExist.
    """
    forbid_transaction()
    now = now or clock.now()
    payment = Payment.objects.get(provider_reference=reference)
    if payment.status in _OVER or payment.method == PaymentMethod.CASH:
        return payment
    try:
        answer = ask_provider(payment, budget=budget)
    except ProviderUnavailable:
        Payment.objects.filter(pk=payment.pk).exclude(status__in=_OVER).update(next_check_at=_next_check(payment, now))
        if insist:
            raise
        payment.refresh_from_db()
        return payment
    return record_answer(payment_id=payment.pk, answer=answer, now=now)


def ask_provider(payment: Payment, *, budget: float = TOTAL_SECONDS) -> Transaction | None:
    """The provider's view, None when it has never heard of it. Raises ProviderUnavailable."""
    try:
        return Paystack(budget=budget).verify(payment.provider_reference)
    except UnknownTransaction:
        return None
    except ProviderRefused as error:
        raise ProviderUnavailable(f"verify was refused: {error.message}") from error


def record_answer(*, payment_id: str, answer: Transaction | None, now: datetime) -> Payment:
    """Act once on what the provider said. Signals, audit rows and events are part of the same transaction."""
    return retried(_record_answer, payment_id, answer, now)


@transaction.atomic
def _record_answer(payment_id: str, answer: Transaction | None, now: datetime) -> Payment:
    seen = Payment.objects.get(pk=payment_id)
    ends = seen.status == PaymentStatus.PENDING and _end_without_money(answer, now - _began(seen))
    acts = ends or (answer is not None and answer.status == SUCCESS)
    payment, others = lock_payment(seen, announce=bool(acts))
    if payment.status in _OVER:
        return payment
    if answer is not None:
        payment.provider_response = transaction_facts(answer.raw)
        if answer.status == SUCCESS:
            differences = _differences(payment, answer)
            if differences:
                return _put_aside(payment, differences, now)
            return _complete(payment, answer.paid_at or now, now, others)
    reason = _end_without_money(answer, now - _began(payment))
    if reason:
        return fail(payment, reason, now=now, paid_otherwise=_paid(others))
    payment.next_check_at = _next_check(payment, now)
    _save(payment)
    return payment


def _end_without_money(answer: Transaction | None, age: timedelta) -> str:
    """Why a payment of that age is over, or "" while it may still come."""
    if answer is None:
        return "unreached" if age > UNREACHED_AFTER else ""
    if answer.status == REVERSED:
        return "reversed"
    if answer.status == FAILED:
        return _reason(answer.message)
    return "abandoned" if age > LEFT_AFTER else ""


def take_cash(*, payment: Payment, taken_by: Any, now: datetime | None = None) -> Payment:
    """The desk has received a cash payment; who took it stays with the row. Raises PaymentClosed when it is not a
    pending cash payment (any more)."""
    return retried(_take_cash, payment, taken_by, now or clock.now())


@transaction.atomic
def _take_cash(payment: Payment, taken_by: Any, now: datetime) -> Payment:
    locked, others = lock_payment(Payment.objects.get(pk=payment.pk), announce=True)
    if locked.method != PaymentMethod.CASH or locked.status != PaymentStatus.PENDING:
        raise PaymentClosed(locked.status)
    locked.taken_by = taken_by
    return _complete(locked, now, now, others, user=taken_by)


def lock_payment(seen: Payment, *, announce: bool) -> tuple[Payment, list[Payment]]:
    """The locked row, and the other payments of its subject, locked too: two of them may succeed at once.

    With `announce` the apps above take their own locks first. Raises SubjectMoved when the payment has come to pay for
    something else since it was `seen`: the transaction is then to be begun again.
    """
    if announce:
        payment_settling.send(sender=Payment, payment=seen)
    rows = list(Payment.objects.select_for_update(no_key=True).filter(subject_id=seen.subject_id).order_by("pk"))
    payment = next((row for row in rows if row.pk == seen.pk), None)
    if payment is None:
        raise SubjectMoved(seen.pk)
    return payment, [row for row in rows if row is not payment]


def fail(payment: Payment, reason: str, *, now: datetime, paid_otherwise: bool = False) -> Payment:
    """Close a locked payment without money; `reason` is a code of `failure_text`. Tells nobody twice.

    When the subject has been paid by another attempt, the failure of this one is no news.
    """
    was = payment.status
    payment.status = PaymentStatus.FAILED
    payment.failure_reason = payment.failure_reason or reason
    payment.next_check_at = None if _is_final(payment, reason) else _next_check(payment, now)
    _save(payment)
    if was == PaymentStatus.FAILED:
        return payment
    record("payment.failed", resource=payment, details={"reason": reason, "subject_id": payment.subject_id})
    if not paid_otherwise and reason != "replaced":
        emit("payment.failed", payment_id=payment.pk)
        payment_failed.send(sender=Payment, payment=payment, now=now)
    return payment


def _complete(payment: Payment, paid_at: datetime, now: datetime, others: list[Payment], user: Any = None) -> Payment:
    payment.status = PaymentStatus.COMPLETED
    # A provider's clock that runs ahead must not date a payment into the future.
    payment.paid_at = min(paid_at, max(now, clock.now()))
    payment.failure_reason = ""
    payment.put_aside_at = None
    payment.next_check_at = None
    first = next((other for other in others if net_received(other) > 0), None)
    details = {"amount": str(payment.amount), "currency": payment.currency, "subject_id": payment.subject_id}
    if first is not None:
        # Two attempts came through: the later is kept out of the subject's books and goes back by itself.
        from precta.payments.services.refunding import request_refund

        payment.duplicate_of = first
        payment.subject_id = payment.pk
        _save(payment)
        record("payment.duplicate", resource=payment, details={**details, "duplicate_of": first.pk}, user=user)
        request_refund(payment=payment, amount=payment.amount, reason="paid twice", key="duplicate", now=now)
        return payment
    _save(payment)
    record("payment.completed", resource=payment, details=details, user=user)
    emit("payment.completed", payment_id=payment.pk)
    payment_completed.send(sender=Payment, payment=payment, now=now)
    return payment


def _put_aside(payment: Payment, differences: dict[str, Any], now: datetime) -> Payment:
    """Money has moved, but not the money we asked for: a person decides. Never completed by itself."""
    first_time = payment.put_aside_at is None
    payment.put_aside_at = payment.put_aside_at or now
    payment.next_check_at = None
    _save(payment)
    if first_time:
        logger.error("payment %s differs from the provider's: %s", payment.provider_reference, sorted(differences))
        record("payment.mismatch", resource=payment, details=differences)
        emit("payment.mismatch", payment_id=payment.pk)
    return payment


def _save(payment: Payment) -> None:
    payment.save(
        update_fields=[
            "status",
            "subject_id",
            "paid_at",
            "failure_reason",
            "put_aside_at",
            "duplicate_of",
            "taken_by",
            "next_check_at",
            "provider_response",
        ]
    )


def _differences(payment: Payment, answer: Transaction) -> dict[str, Any]:
    """What the provider has received other than expected; empty when it is our money."""
    expected = {
        "reference": payment.provider_reference,
        "amount": to_subunit(payment.amount),
        "currency": payment.currency,
        "domain": settings.PAYSTACK_DOMAIN,
    }
    return {
        name: {"expected": value, "got": _short(getattr(answer, name))}
        for name, value in expected.items()
        if getattr(answer, name) != value
    }


def _short(value: Any) -> Any:
    return transaction_facts({"reference": value})["reference"] if isinstance(value, str) else value


def _paid(others: list[Payment]) -> bool:
    return any(net_received(other) > 0 for other in others)


def _next_check(payment: Payment, now: datetime) -> datetime | None:
    age = now - _began(payment)
    pause = next((pause for limit, pause in _PAUSES if age < limit), None)
    return now + pause if pause is not None else None


def _began(payment: Payment) -> datetime:
    return payment.charged_at or payment.created_at


def _is_final(payment: Payment, reason: str) -> bool:
    """Whether the provider has said its last word: a phone prompt that failed does not come back, while a card page
    lets its customer try again, and a page that was left or replaced can still be paid at."""
    if reason in {"refused", "reversed"}:
        return True
    return payment.method == PaymentMethod.MPESA and reason not in {"abandoned", "replaced", "unreached"}


def _reason(message: str) -> str:
    """A code for the provider's English sentence (which is kept in `provider_response`)."""
    low = message.lower()
    if "insufficient" in low or "not enough" in low or "balance" in low:
        return "insufficient_funds"
    if "timed out" in low or "timeout" in low or "time out" in low or "did not answer" in low:
        return "timed_out"
    if "cancel" in low or "customer" in low:
        return "cancelled"
    return "declined"
