"""What webhooks did not bring: pending payments and refunds are asked about until they are over."""

import logging
import math
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from precta import clock
from precta.audit.services import record
from precta.payments.exceptions import ProviderUnavailable
from precta.payments.models import Payment, PaymentMethod, PaymentStatus, ProviderEvent, Refund, RefundStatus
from precta.payments.services.refunding import settle_refunds, submit_refund
from precta.payments.services.settling import settle_payment
from precta.payments.services.webhooks import process_event

logger = logging.getLogger(__name__)

BATCH = 200
# Under the time limit of a task; what is left over is due at the next beat.
SECONDS = 150.0
# While one run asks about a payment, the next beat's leaves it alone.
CLAIM = timedelta(minutes=3)
EVENT_LEFT_AFTER = timedelta(minutes=1)
# The provider itself stops repeating an event by then.
EVENT_GIVEN_UP_AFTER = timedelta(days=3)
NEVER_STARTED_AFTER = timedelta(hours=1)
# So many unanswered questions in a row: the provider is down, the rest would only wait.
GIVE_UP_AFTER = 3


@dataclass
class Reconciled:
    """How many were looked at, of them how many came to an end, and to how many the provider gave no answer."""

    events: int = 0
    payments: int = 0
    completed: int = 0
    failed: int = 0
    refunds: int = 0
    unanswered: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


class _Patience:
    def __init__(self, seconds: float = SECONDS) -> None:
        self._ends = time.monotonic() + seconds
        self._silences = self.unanswered = 0

    def note(self, *, answered: bool) -> None:
        self._silences = 0 if answered else self._silences + 1
        self.unanswered += not answered

    @property
    def over(self) -> bool:
        return self._silences >= GIVE_UP_AFTER or time.monotonic() > self._ends


def reconcile_payments(*, now: datetime | None = None, all_open: bool = False) -> Reconciled:
    """Ask about every payment of the active clinic whose time has come, act on stored events that a crash left lying,
    and close what never went out. Safe to run twice at once. Call it outside transactions.

    With `all_open` about every one that is open, whenever its time would come, for as long as the provider answers.
    """
    now = now or clock.now()
    done = Reconciled()
    patience = _Patience(math.inf) if all_open else _Patience()
    most = None if all_open else BATCH
    left = ProviderEvent.objects.filter(
        processed_at__isnull=True,
        received_at__range=(now - EVENT_GIVEN_UP_AFTER, now - EVENT_LEFT_AFTER),
    )
    for event_id in list(left.order_by("received_at").values_list("pk", flat=True)[:most]):
        if patience.over:
            break
        done.events += 1
        patience.note(answered=_tried(process_event, event_id, now=now))
    waiting = _open() if all_open else _watched().filter(next_check_at__lte=now)
    for payment_id in list(waiting.order_by("next_check_at").values_list("pk", flat=True)[:most]):
        if patience.over:
            break
        if not waiting.filter(pk=payment_id).update(next_check_at=now + CLAIM):
            continue
        payment = Payment.objects.get(pk=payment_id)
        before = payment.status
        patience.note(answered=_tried(settle_payment, reference=payment.provider_reference, now=now, insist=True))
        payment.refresh_from_db()
        done.payments += 1
        changed = payment.status != before
        done.completed += changed and payment.status != PaymentStatus.FAILED
        done.failed += changed and payment.status == PaymentStatus.FAILED
    _close_never_started(now)
    done.unanswered = patience.unanswered
    return done


def _close_never_started(now: datetime) -> None:
    never = Payment.objects.filter(
        status=PaymentStatus.PENDING, charged_at__isnull=True, created_at__lt=now - NEVER_STARTED_AFTER
    ).exclude(method=PaymentMethod.CASH)
    for payment in never[:BATCH]:
        with transaction.atomic():
            closed = never.filter(pk=payment.pk).update(
                status=PaymentStatus.FAILED, failure_reason="not_started", next_check_at=None
            )
            if closed:
                details = {"reason": "not_started", "subject_id": payment.subject_id}
                record("payment.failed", resource=payment, details=details)


def sweep_refunds(*, now: datetime | None = None) -> int:
    """Send queued refunds whose task was lost or whose pause is over, and ask about pending ones; the number looked at.
    Call it outside transactions."""
    given, now = now, now or clock.now()
    patience = _Patience()
    looked_at = 0
    due = Refund.objects.filter(next_attempt_at__lte=now).exclude(payment__method=PaymentMethod.CASH)
    for refund_id in list(due.filter(status=RefundStatus.QUEUED).values_list("pk", flat=True)[:BATCH]):
        if patience.over:
            return looked_at
        began = time.monotonic()
        # By the clock of this very moment: a lease counted from the run's beginning could be over before the money is
        # sent, and the next run would send it again.
        _tried(submit_refund, refund_id, now=given)
        patience.note(answered=time.monotonic() - began < 4)
        looked_at += 1
    pending = due.filter(status=RefundStatus.PENDING)
    for payment in Payment.objects.filter(refunds__in=pending).distinct()[:BATCH]:
        if patience.over:
            return looked_at
        claimed = pending.filter(payment=payment).update(next_attempt_at=now + CLAIM)
        if claimed:
            patience.note(answered=_tried(settle_refunds, payment=payment, now=now))
            looked_at += claimed
    return looked_at


def _watched() -> QuerySet[Payment]:
    charged = Payment.objects.filter(status__in=[PaymentStatus.PENDING, PaymentStatus.FAILED], charged_at__isnull=False)
    return charged.exclude(method=PaymentMethod.CASH)


def _open() -> QuerySet[Payment]:
    """What will be asked about some time, and what no longer would be: the provider may have been away for days."""
    return _watched().filter(
        Q(next_check_at__isnull=False) | Q(status=PaymentStatus.PENDING, put_aside_at__isnull=True)
    )


def _tried(work, *args, **kwargs) -> bool:
    """Whether the provider answered; one payment's trouble must not keep the others waiting."""
    try:
        work(*args, **kwargs)
    except ProviderUnavailable:
        return False
    except Exception:
        logger.exception("reconciling: %s failed", work.__name__)
    return True
