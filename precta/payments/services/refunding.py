"""Giving money back: the decision is a row, the sending a task that survives a crash at any point.

A refund is sent only by the one who moved its `next_attempt_at` (a lease), and only after the provider's own list of
refunds was read: our id travels as `merchant_note`, so a refund that went out before a crash is recognised.
Locks are taken on the payment first, then on the refund.
"""

import logging
import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F

from precta import clock
from precta.audit.services import record
from precta.commits import after_commit
from precta.outbox.services import emit
from precta.payments.exceptions import NotRefundable, ProviderRefused, ProviderUnavailable, RefundTooLarge
from precta.payments.models import Payment, PaymentMethod, PaymentStatus, Refund, RefundStatus
from precta.payments.money import exact, to_subunit
from precta.payments.providers.paystack import Paystack, ProviderRefund
from precta.payments.scrub import transaction_facts
from precta.payments.selectors import net_received, refunded_of
from precta.payments.services.guards import forbid_transaction, retried
from precta.tenancy import TenantTask, current_schema

logger = logging.getLogger(__name__)

# Longer than the two calls of one attempt (nine seconds each) can last.
LEASE = timedelta(minutes=2)
LEASE_USABLE_SECONDS = 90
MAX_ATTEMPTS = 8
_RETRY_AFTER = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60, 180, 360)]
# (age of the refund, pause until the provider is asked again)
_POLL_AFTER = (
    (timedelta(minutes=10), timedelta(minutes=1)),
    (timedelta(hours=2), timedelta(minutes=10)),
    (timedelta(days=2), timedelta(hours=1)),
)
_POLL_LATE = timedelta(hours=12)
NEEDS_ATTENTION = "needs-attention"


@transaction.atomic
def request_refund(
    *,
    payment: Payment,
    amount: Decimal,
    reason: str,
    key: str,
    user: Any = None,
    now: datetime | None = None,
) -> Refund:
    """Owe `amount` of `payment` back to the payer; the sending follows at commit.

    The same `key` for the same payment is the same decision: it returns the refund that exists. A cash payment's
    refund waits until the desk hands the money over (`hand_back_cash`). `reason` stays with us.
    Raises InvalidAmount, NotRefundable, RefundTooLarge.
    """
    amount = exact(amount)
    now = now or clock.now()
    locked = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    existing = Refund.objects.filter(payment=locked, key=key).first()
    if existing is not None:
        return existing
    if locked.status not in {PaymentStatus.COMPLETED, PaymentStatus.REFUNDED}:
        raise NotRefundable(locked.status)
    left = net_received(locked)
    if amount > left:
        raise RefundTooLarge(f"{amount} of {left}")
    refund = Refund.objects.create(
        payment=locked,
        key=key,
        subject_id=locked.subject_id,
        amount=amount,
        currency=locked.currency,
        reason=reason[:200],
        next_attempt_at=now,
    )
    record("refund.requested", resource=refund, details=_details(refund), user=user)
    emit("refund.queued", refund_id=refund.pk)
    if locked.method != PaymentMethod.CASH:
        _queue(refund)
    return refund


def give_back(payments: list[Payment], amount: Decimal, *, reason: str, key: str) -> None:
    """Request refunds of `amount` over locked `payments`, the newest first, never more than each has left."""
    for payment in sorted(payments, key=lambda p: (p.created_at, p.pk), reverse=True):
        part = min(amount, net_received(payment))
        if part > 0:
            request_refund(payment=payment, amount=part, reason=reason, key=key)
            amount -= part
    if amount:
        raise ArithmeticError(f"{key}: {amount} more to give back than was paid")


def submit_refund(refund_id: str, *, now: datetime | None = None) -> Refund:
    """Send a queued refund to the provider, once: repeated, concurrent and interrupted calls make one refund.

    After repeated refusals it is `failed` (audit row and event: staff see it). Call it outside transactions.
    """
    forbid_transaction()
    now = now or clock.now()
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.payment.method == PaymentMethod.CASH:
        return refund
    began = time.monotonic()
    leased = Refund.objects.filter(pk=refund_id, status=RefundStatus.QUEUED, next_attempt_at__lte=now).update(
        next_attempt_at=now + LEASE, attempts=F("attempts") + 1
    )
    refund.refresh_from_db()
    if not leased:
        return refund
    try:
        known = _matching(refund, _provider_refunds(refund.payment))
        if known is None and refund.attempts > MAX_ATTEMPTS:
            return retried(_close, refund.pk, RefundStatus.FAILED, now, error=refund.last_error)
        if known is None and time.monotonic() - began > LEASE_USABLE_SECONDS:
            return refund  # this process was asleep: the lease may be somebody else's by now
        if known is None:
            known = Paystack().refund(
                reference=refund.payment.provider_reference,
                amount=to_subunit(refund.amount),
                currency=refund.currency,
                note=refund.pk,
                reason=f"Refund of {refund.payment.provider_reference}",
            )
    except ProviderRefused as error:
        if refund.attempts >= MAX_ATTEMPTS:
            return retried(_close, refund.pk, RefundStatus.FAILED, now, error=error.message)
        return _later(refund, error.message, now)
    except ProviderUnavailable as error:
        return _later(refund, str(error), now)
    return retried(_take_over, refund.pk, known, now)


def settle_refunds(*, payment: Payment, now: datetime | None = None) -> None:
    """Ask the provider how the refunds of one payment stand, and record it. Call it outside transactions.

    Raises ProviderUnavailable.
    """
    forbid_transaction()
    now = now or clock.now()
    ours = list(payment.refunds.exclude(status=RefundStatus.PROCESSED).exclude(status=RefundStatus.QUEUED, attempts=0))
    if not ours or payment.method == PaymentMethod.CASH:
        return
    theirs = _provider_refunds(payment)
    for refund in ours:
        known = _matching(refund, theirs)
        if known is not None:
            retried(_take_over, refund.pk, known, now)
        elif refund.status == RefundStatus.PENDING:
            Refund.objects.filter(pk=refund.pk, status=RefundStatus.PENDING).update(
                next_attempt_at=now + _poll_pause(refund, now)
            )


@transaction.atomic
def hand_back_cash(*, refund: Refund, handed_by: Any, now: datetime | None = None) -> Refund:
    """The desk has given the money of a cash payment back; who gave it stays with the row. Quiet when done already.

    Raises NotRefundable when the money was not paid in cash.
    """
    if refund.payment.method != PaymentMethod.CASH:
        raise NotRefundable(refund.payment.method)
    return _close(refund.pk, RefundStatus.PROCESSED, now or clock.now(), user=handed_by)


def retry_refund(*, refund: Refund, user: Any = None, now: datetime | None = None) -> Refund:
    """Staff lets the money of a failed refund go out again: a new row, one for each failed one however often asked.

    Raises NotRefundable when it has not failed, RefundTooLarge when the money went back another way.
    """
    if refund.status != RefundStatus.FAILED:
        raise NotRefundable(refund.status)
    return request_refund(
        payment=refund.payment,
        amount=refund.amount,
        reason=refund.reason,
        key=f"again:{refund.pk}",
        user=user,
        now=now,
    )


def _queue(refund: Refund) -> None:
    from precta.payments.tasks import submit_refund_task

    schema = current_schema()
    # robust: with the broker down the decision stands, and the sweep sends it.
    after_commit(submit_refund_task.apply_async, (refund.pk,), headers={TenantTask.header: schema})


def _provider_refunds(payment: Payment) -> list[ProviderRefund]:
    number = (payment.provider_response or {}).get("id")
    paystack = Paystack()
    if not number:
        answer = paystack.verify(payment.provider_reference)
        number = transaction_facts(answer.raw).get("id")
        if not number:
            raise ProviderUnavailable("verify: no number")
    return paystack.refunds_of(transaction_id=str(number))


def _matching(refund: Refund, theirs: list[ProviderRefund]) -> ProviderRefund | None:
    """The provider's view of our refund: by its number, by our id in its note, else by the amount (a note may get
    lost), as long as no other refund of ours claims it."""
    if refund.provider_refund_id:
        return next((item for item in theirs if item.id == refund.provider_refund_id), None)
    for item in theirs:
        if item.note == refund.pk:
            return item
    if refund.attempts <= 1 and refund.status == RefundStatus.QUEUED:
        return None  # nothing of ours can be there yet
    siblings = Refund.objects.filter(payment_id=refund.payment_id).exclude(pk=refund.pk)
    claimed = {value for pair in siblings.values_list("pk", "provider_refund_id") for value in pair}
    amount = to_subunit(refund.amount)
    for item in theirs:
        if not item.note and item.id not in claimed and item.amount == amount and item.status != "failed":
            return item
    return None


def _locked(refund_id: str) -> tuple[Payment, Refund]:
    payment = Payment.objects.select_for_update(no_key=True).get(refunds=refund_id)
    return payment, Refund.objects.select_for_update(no_key=True).get(pk=refund_id)


@transaction.atomic
def _take_over(refund_id: str, known: ProviderRefund, now: datetime) -> Refund:
    """Write down what the provider says of a refund."""
    _payment, refund = _locked(refund_id)
    if refund.status == RefundStatus.PROCESSED:
        return refund
    if known.amount not in {None, to_subunit(refund.amount)} or (known.currency and known.currency != refund.currency):
        if refund.last_error != "differs":
            logger.error("refund %s differs from the provider's", refund.pk)
            record("refund.mismatch", resource=refund, details={**_details(refund), "got": known.amount})
        refund.last_error = "differs"
    elif known.status == "processed":
        refund.provider_refund_id = known.id[:100]
        refund.save(update_fields=["provider_refund_id"])
        return _close(refund.pk, RefundStatus.PROCESSED, now)
    elif known.status == "failed":
        refund.provider_refund_id = known.id[:100]
        refund.save(update_fields=["provider_refund_id"])
        return _close(refund.pk, RefundStatus.FAILED, now, error="the provider could not pay it back")
    elif known.status == NEEDS_ATTENTION:
        if refund.last_error != NEEDS_ATTENTION:
            record("refund.needs_attention", resource=refund, details=_details(refund))
            emit("refund.needs_attention", refund_id=refund.pk)
        refund.last_error = NEEDS_ATTENTION
    else:
        refund.last_error = ""
    if refund.status == RefundStatus.QUEUED:
        record("refund.submitted", resource=refund, details=_details(refund))
    refund.status = RefundStatus.PENDING
    refund.provider_refund_id = known.id[:100]
    refund.next_attempt_at = now + _poll_pause(refund, now)
    refund.save(update_fields=["status", "provider_refund_id", "last_error", "next_attempt_at"])
    return refund


@transaction.atomic
def _close(refund_id: str, status: str, now: datetime, *, error: str = "", user: Any = None) -> Refund:
    """Processed or failed; once. A failed refund may still turn out processed, never the other way round."""
    payment, refund = _locked(refund_id)
    if refund.status in {RefundStatus.PROCESSED, status}:
        return refund
    refund.status = status
    refund.last_error = error[:200]
    refund.processed_at = now if status == RefundStatus.PROCESSED else None
    refund.handed_by = user
    refund.save(update_fields=["status", "last_error", "processed_at", "handed_by"])
    record(f"refund.{status}", resource=refund, details=_details(refund), user=user)
    emit(f"refund.{status}", refund_id=refund.pk)
    if status == RefundStatus.FAILED:
        logger.error("refund %s failed: %s", refund.pk, error)
    whole = refunded_of(payment, only_processed=True) >= payment.amount
    if status == RefundStatus.PROCESSED and whole and payment.status == PaymentStatus.COMPLETED:
        payment.status = PaymentStatus.REFUNDED
        payment.save(update_fields=["status"])
        record("payment.refunded", resource=payment, details={"amount": str(payment.amount)}, user=user)
    return refund


def _later(refund: Refund, error: str, now: datetime) -> Refund:
    pause = _RETRY_AFTER[min(refund.attempts, len(_RETRY_AFTER)) - 1]
    Refund.objects.filter(pk=refund.pk, status=RefundStatus.QUEUED).update(
        next_attempt_at=now + pause, last_error=error[:200]
    )
    refund.refresh_from_db()
    return refund


def _poll_pause(refund: Refund, now: datetime) -> timedelta:
    age = now - refund.created_at
    return next((pause for limit, pause in _POLL_AFTER if age < limit), _POLL_LATE)


def _details(refund: Refund) -> dict[str, str]:
    return {
        "payment_id": refund.payment_id,
        "subject_id": refund.subject_id,
        "amount": str(refund.amount),
        "currency": refund.currency,
    }
