"""What the pharmacy proposes instead, as the patient's side sees it."""

from typing import Any

from accounts.selectors import patients_of
from pharmacy.models import OPEN_STATUSES, Order, Substitution, SubstitutionStatus


def open_for(order: Order) -> list[Substitution]:
    """What the patient is asked about `order` now, in the order of its lines."""
    if order.status not in OPEN_STATUSES:
        return []
    rows = Substitution.objects.filter(item__order=order, status=SubstitutionStatus.PROPOSED)
    return list(rows.select_related("item", "medicine", "replaced").order_by("item__position"))


def answerable_by(user: Any, order_id: str) -> "Any":
    """Substitutions of this order that `user` may answer: the patient's own, or their child's."""
    mine = patients_of(user).order_by().values("pk")
    return Substitution.objects.filter(item__order_id=order_id, item__order__patient_id__in=mine).select_related(
        "item__order", "medicine"
    )
