"""Letting go of what was held for somebody while they paid, and did not."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from time import monotonic
from typing import Protocol, TypeVar

from precta.payments.models import Payment, PaymentStatus

logger = logging.getLogger(__name__)

# How long a hold may outlive its end while its payment is open at the provider.
PATIENCE = timedelta(seconds=60)
# Seconds: for one question to the provider, and for all of them in one run.
ASKING_BUDGET = 4.0
LONGEST_ASKING = 20.0


class Held(Protocol):
    """A visit, an order: whatever `payment` pays for before `hold_expires_at`."""

    payment: Payment | None
    hold_expires_at: datetime | None


Row = TypeVar("Row", bound=Held)


def let_go(due: Iterable[Row], *, now: datetime, release: Callable[[Row], bool]) -> int:
    """`release` each of the holds that ended before `now`; the number for which it answered True.

    A hold whose payment has gone out is asked after first, outside any transaction, so that money which has just come
    confirms it instead. While the answer is open (a prompt still on a phone, a provider that does not answer) the hold
    is spared, for `PATIENCE` at most.
    """
    from precta.payments.services import settle_payment

    asking_ends = monotonic() + LONGEST_ASKING
    released = 0
    for held in due:
        is_open = _may_have_been_paid(held.payment)
        if is_open and held.payment is not None and monotonic() < asking_ends:
            try:
                asked = settle_payment(reference=held.payment.provider_reference, budget=ASKING_BUDGET)
                is_open = _may_have_been_paid(asked)
            except Exception:  # one payment's trouble must not keep all the holds after it
                logger.exception("payment %s of an ended hold could not be settled", held.payment.pk)
        if is_open and held.hold_expires_at is not None and now - held.hold_expires_at < PATIENCE:
            continue
        released += release(held)
    return released


def _may_have_been_paid(payment: Payment | None) -> bool:
    return payment is not None and payment.charged_at is not None and payment.status == PaymentStatus.PENDING
