"""Writing events and relaying them."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F

from precta import clock
from precta.commits import after_commit
from precta.inserts import insert
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import handlers_of
from precta.tenancy import TenantTask

logger = logging.getLogger(__name__)

# While somebody relays an event it is leased to them; a relay that dies frees it after this time.
LEASE = timedelta(seconds=60)
LONGEST_WAIT = timedelta(minutes=10)
KEPT = timedelta(days=30)
SWEEP_BATCH = 200


def emit(kind: str, **payload: Any) -> OutboxEvent:
    """Write an event into the active schema, in the caller's transaction; it is relayed at commit.

    `payload` holds ids and short codes that JSON can carry; never names or anything clinical.
    """
    event = insert(OutboxEvent(kind=kind, payload=payload))
    # robust: with the broker down the commit still stands, and the sweep relays the event later.
    after_commit(_queue, event.pk, connection.schema_name)
    return event


def emit_once(event_id: str, kind: str, **payload: Any) -> bool:
    """`emit` under an id that the caller derives from what happened: False when that event was written before.

    Relayed events are forgotten after `KEPT`: only for what cannot come up again later than that.
    """
    event, is_new = OutboxEvent.objects.get_or_create(pk=event_id, defaults={"kind": kind, "payload": payload})
    if is_new:
        after_commit(_queue, event.pk, connection.schema_name)
    return is_new


def _queue(event_id: str, schema: str) -> None:
    from precta.outbox.tasks import relay

    relay.apply_async((event_id,), headers={TenantTask.header: schema})


def relay_event(event_id: str, *, now: datetime | None = None) -> bool:
    """Run every handler of one event; True when it is relayed (now or earlier), False when it will be tried again.

    Two relays may race for the same event: the lease lets one through, and handlers bear repetition anyway.
    """
    now = now or clock.now()
    event = OutboxEvent.objects.filter(pk=event_id).first()
    if event is None or event.relayed_at is not None:
        return event is not None
    leased = OutboxEvent.objects.filter(pk=event_id, relayed_at__isnull=True, next_attempt_at__lte=now).update(
        next_attempt_at=now + LEASE, attempts=F("attempts") + 1
    )
    if not leased:
        return False
    errors = []
    for handler in handlers_of(event.kind):
        try:
            handler(event)
        except Exception as error:  # one handler's trouble must not keep the others from their work
            logger.exception("event %s (%s): %s failed", event.pk, event.kind, handler.__qualname__)
            errors.append(f"{handler.__qualname__}: {type(error).__name__}")
    if errors:
        wait = min(timedelta(seconds=15 * 2**event.attempts), LONGEST_WAIT)
        OutboxEvent.objects.filter(pk=event_id, relayed_at__isnull=True).update(
            next_attempt_at=now + wait, last_error="; ".join(errors)[:500]
        )
        return False
    OutboxEvent.objects.filter(pk=event_id, relayed_at__isnull=True).update(relayed_at=now, last_error="")
    return True


def sweep_events(*, now: datetime | None = None) -> int:
    """Relay what is due in the active schema and forget what was relayed long ago; the number relayed."""
    given, now = now, now or clock.now()
    due = OutboxEvent.objects.filter(relayed_at__isnull=True, next_attempt_at__lte=now).order_by("next_attempt_at")
    # Each lease counts from its own moment, not from the run's beginning.
    done = sum(relay_event(event_id, now=given) for event_id in list(due.values_list("pk", flat=True)[:SWEEP_BATCH]))
    OutboxEvent.objects.filter(relayed_at__lt=now - KEPT).delete()
    return done
