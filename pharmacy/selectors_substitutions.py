"""What the pharmacy proposes instead, as the patient's side sees it."""

from typing import Any

from django.db.models import QuerySet

from accounts.selectors import patients_of
from pharmacy.models import OPEN_STATUSES, Order, Substitution, SubstitutionStatus


def open_for(order: Order) -> list[Substitution]:
    """What the patient is asked about `order` now, in the order of its lines; each with its `total`, and what it
    `saves`."""
    if order.status not in OPEN_STATUSES:
        return []
    rows = Substitution.objects.filter(item__order=order, status=SubstitutionStatus.PROPOSED)
    asked = list(rows.select_related("item", "medicine", "replaced").order_by("item__position"))
    for row in asked:
        row.total = row.unit_price * row.quantity
        row.saves = row.item.total_price - row.total
    return asked


def answerable_by(user: Any, order_id: str) -> QuerySet[Substitution]:
    """Substitutions of this order that `user` may answer: the patient's own, or their child's."""
    mine = patients_of(user).order_by().values("pk")
    return Substitution.objects.filter(item__order_id=order_id, item__order__patient_id__in=mine).select_related(
        "item__order", "medicine"
    )
