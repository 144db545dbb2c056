"""A person's orders over all the clinics they have been to, in one statement; as `pharmacy.selectors_across`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import Patient
from clinics.across import rows_across
from clinics.models import Clinic
from pharmacy import order_reasons as reasons
from pharmacy.order_steps import status_words
from precta import clock


class Group(StrEnum):
    """How the list divides them."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"

    @property
    def label(self) -> Any:
        return {Group.OPEN: _("Under way"), Group.DONE: _("Delivered"), Group.CANCELLED: _("Cancelled")}[self]


@dataclass(frozen=True, slots=True)
class Ordered:
    """One order as the list shows it."""

    id: str
    clinic: Clinic
    status: str
    fulfilment: str
    created_at: datetime
    total: Decimal
    currency: str
    refund_due: Decimal | None
    hold_expires_at: datetime | None
    medicines: list[str]
    patient_id: str
    patient_first_name: str

    @property
    def number(self) -> str:
        return self.id[-6:].upper()

    @property
    def words(self) -> str:
        return status_words(self)

    @property
    def is_held(self) -> bool:
        return self.status == "pending_payment"


@dataclass(frozen=True, slots=True)
class Orders:
    """A stretch of the orders of one group, and how many there are of every group."""

    rows: list[Ordered]
    counts: dict[Group, int]


# An order that nobody paid in time, and that no money came for, is none.
_BRANCH = """
SELECT {clinic} AS clinic_id, o.id, o.patient_id, o.status, o.fulfilment, o.created_at, o.total_amount, o.currency,
       o.refund_due, o.hold_expires_at,
       (SELECT array_agg(i.name ORDER BY i.position) FROM {schema}.pharmacy_orderitem i
         WHERE i.order_id = o.id AND i.quantity > 0) AS medicines,
       CASE o.status WHEN 'delivered' THEN 'done' WHEN 'cancelled' THEN 'cancelled' ELSE 'open' END AS state
  FROM {schema}.pharmacy_order o
 WHERE o.patient_id = ANY(%(patients)s) AND o.cancellation_reason <> %(unpaid)s
   AND (o.status <> 'pending_payment' OR o.hold_expires_at > %(now)s)
"""
_WHOLE = """
WITH ordered AS ({branches}),
counts AS (
  SELECT COUNT(*) FILTER (WHERE state = 'open') AS open, COUNT(*) FILTER (WHERE state = 'done') AS done,
         COUNT(*) FILTER (WHERE state = 'cancelled') AS cancelled
    FROM ordered),
ranked AS (
  SELECT ordered.*, ROW_NUMBER() OVER (ORDER BY created_at DESC, id) AS rank FROM ordered WHERE state = %(state)s)
SELECT counts.*, ranked.*, pt.first_name
  FROM counts
  LEFT JOIN (ranked JOIN public.accounts_patient pt ON pt.id = ranked.patient_id)
    ON ranked.rank BETWEEN %(first)s AND %(last)s
 ORDER BY ranked.rank
"""


def orders_across(
    *,
    patients: Iterable[Patient],
    clinics: Sequence[Clinic],
    state: Group,
    first: int = 1,
    size: int = 10,
    now: datetime | None = None,
) -> Orders:
    """Orders of `patients` at `clinics` in `state`, latest first, from the `first`-th (counted from 1).

    Asks one statement, or none without a patient or a clinic. The caller answers for `patients` being the asker's own.
    """
    patient_ids = [patient.pk for patient in patients]
    if not patient_ids or not clinics:
        return Orders(rows=[], counts=dict.fromkeys(Group, 0))
    by_id = {clinic.pk: clinic for clinic in clinics}
    parameters: dict[str, Any] = {
        "patients": patient_ids,
        "state": state.value,
        "unpaid": reasons.HOLD_EXPIRED,
        "now": now or clock.now(),
        "first": first,
        "last": first + size - 1,
    }
    found = rows_across(clinics, branches=[_BRANCH], whole=_WHOLE, parameters=parameters)
    counts = {group: found[0][group.value] for group in Group}
    return Orders(rows=[_ordered(row, by_id) for row in found if row["id"] is not None], counts=counts)


def _ordered(row: dict[str, Any], clinics: dict[str, Clinic]) -> Ordered:
    return Ordered(
        id=row["id"],
        clinic=clinics[row["clinic_id"]],
        status=row["status"],
        fulfilment=row["fulfilment"],
        created_at=row["created_at"],
        total=row["total_amount"],
        currency=row["currency"],
        refund_due=row["refund_due"],
        hold_expires_at=row["hold_expires_at"],
        medicines=row["medicines"] or [],
        patient_id=row["patient_id"],
        patient_first_name=row["first_name"],
    )
