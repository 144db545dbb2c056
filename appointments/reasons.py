"""Reasons that the portal itself writes into `Appointment.cancellation_reason`.

Anything else in that column is a person's own words, shown only to those who may read the visit.
"""

HOLD_EXPIRED = "hold expired"
MONEY_TOO_LATE = "money came too late"
RESCHEDULED = "rescheduled"
RESCHEDULED_FOR_CLINIC = "rescheduled for the clinic"
MOVE_DROPPED = "move dropped"
CLINIC_SUSPENDED = "clinic suspended"

OF_THE_PORTAL = frozenset(
    {HOLD_EXPIRED, MONEY_TOO_LATE, RESCHEDULED, RESCHEDULED_FOR_CLINIC, MOVE_DROPPED, CLINIC_SUSPENDED}
)
MOVES = frozenset({RESCHEDULED, RESCHEDULED_FOR_CLINIC})
# Holds that never became a visit.
NEVER_TAKEN = frozenset({HOLD_EXPIRED, MONEY_TOO_LATE, MOVE_DROPPED})
