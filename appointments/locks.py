"""The order in which everything that changes visits takes its locks, and the advisory ones.

1. the doctor's lock (`lock_doctor`), whenever a time may be taken or the hours change: hold, take again, move, save;
2. the visit's row, then its consultation's;
3. the payment's row.

Whoever needs several takes them in this order, whoever needs only a later one starts there. Settling a payment knows
only the third; `payments.signals.payment_settling` lets this app take the first two before. Public rows are never
locked.
"""

from django.db import connection


def lock_doctor(doctor_id: str, *, person_id: str | None = None) -> None:
    """Wait until no other transaction of this clinic takes a time of the doctor; held until the transaction ends.

    With `person_id` that person's bookings are taken one after the other, too, in the same statement. A statement of
    its own, because one that waits for a lock still reads what was true before the wait.
    """
    schema = connection.schema_name
    keys = [f"{schema}:doctor:{doctor_id}"] + ([f"{schema}:person:{person_id}"] if person_id else [])
    with connection.cursor() as cursor:
        # A select list is evaluated from left to right: the doctor's lock always comes first.
        locks = ", ".join(["pg_advisory_xact_lock(hashtextextended(%s, 0))"] * len(keys))
        cursor.execute(f"SELECT {locks}", keys)
