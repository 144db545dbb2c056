"""Reasons that the portal itself writes into `Order.cancellation_reason`.

Anything else in that column is a person's own words, shown only to those who may read the order.
"""

HOLD_EXPIRED = "hold expired"
MONEY_TOO_LATE = "money came too late"
CLINIC_SUSPENDED = "clinic suspended"
NOTHING_LEFT = "nothing left to give"
PRESCRIPTION_REPLACED = "prescription replaced"

OF_THE_PORTAL = frozenset({HOLD_EXPIRED, MONEY_TOO_LATE, CLINIC_SUSPENDED, NOTHING_LEFT, PRESCRIPTION_REPLACED})
# Orders that were never placed.
NEVER_PLACED = frozenset({HOLD_EXPIRED, MONEY_TOO_LATE})
