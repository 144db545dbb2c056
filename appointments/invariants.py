"""I1, I2, I3, I5 and the visits' part of I6."""

from precta.invariants import invariant, offenders

# What was collected for a visit less what went or goes back.
BALANCE = """
    (SELECT coalesce(sum(p.amount), 0) FROM payments_payment p
      WHERE p.subject_id = a.id AND p.type = 'appointment' AND p.status IN ('completed', 'refunded'))
  - (SELECT coalesce(sum(r.amount), 0) FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
      WHERE p.subject_id = a.id AND p.type = 'appointment' AND r.status <> 'failed')
"""


@invariant("I1", "no two live appointments of one doctor overlap")
def overlapping_visits() -> list[str]:
    return offenders(
        """
        SELECT a.id || ' and ' || b.id FROM appointments_appointment a
        JOIN appointments_appointment b ON b.doctor_id = a.doctor_id AND b.id > a.id
         AND tstzrange(a.scheduled_at, a.busy_until) && tstzrange(b.scheduled_at, b.busy_until)
        WHERE a.status <> 'cancelled' AND b.status <> 'cancelled'
        """
    )


@invariant("I2", "a visit that stands is paid: its fee is its completed payments minus refunds")
def unbalanced_visits() -> list[str]:
    return offenders(
        f"""
        SELECT a.id FROM appointments_appointment a
        WHERE a.status IN ('confirmed', 'in_progress', 'completed') AND a.fee <> {BALANCE}
        """  # noqa: S608 - a constant of this module
    )


@invariant("I3", "a cancelled visit's refund_due equals its refunds")
def unrefunded_visits() -> list[str]:
    return offenders(
        """
        SELECT a.id FROM appointments_appointment a
        WHERE a.status = 'cancelled' AND (a.refund_due IS NULL OR a.refund_due <> (
            SELECT coalesce(sum(r.amount), 0) FROM payments_refund r
            JOIN payments_payment p ON p.id = r.payment_id
            WHERE r.subject_id = a.id AND p.type = 'appointment' AND r.status <> 'failed'))
        """
    )


@invariant("I5", "no hold is past its expiry by over 2 minutes")
def stale_holds() -> list[str]:
    return offenders(
        """
        SELECT id FROM appointments_appointment
        WHERE status = 'pending_payment' AND hold_expires_at < now() - interval '2 minutes'
        """
    )


@invariant("I6", "no effect is recorded twice: one confirmation for each visit", where="clinic")
def confirmed_twice() -> list[str]:
    return offenders(
        """
        SELECT payload->>'appointment_id' FROM outbox_outboxevent WHERE kind = 'appointment.confirmed'
        GROUP BY 1 HAVING count(*) > 1
        """
    )
