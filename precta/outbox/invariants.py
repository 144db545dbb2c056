"""I7, the events."""

from precta.invariants import invariant, offenders


@invariant("I7", "no outbox event waits for over 5 minutes", where="both")
def waiting_events() -> list[str]:
    return offenders(
        "SELECT id FROM outbox_outboxevent WHERE relayed_at IS NULL AND created_at < now() - interval '5 minutes'"
    )
