"""What a prescription still gives: prescription-only packs count over all orders that live, those against the
prescriptions that it replaced, too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pharmacy.locks import lock_prescription
from pharmacy.matching import Wanted, fit_of, packs_left, same_substance, share_of, wanted_of
from pharmacy.models import Medicine, OrderItem, OrderStatus, Prescription


@dataclass(slots=True)
class Allowance:
    """How much of each line has been ordered: 1 is the whole course."""

    prescription: Prescription
    wanted: list[Wanted]
    used: list[Fraction]

    def left(self, place: int, medicine: Medicine) -> int:
        """Packs of `medicine` that the line still gives."""
        return packs_left(self.wanted[place], medicine, self.used[place])

    def take(self, place: int, medicine: Medicine, packs: int) -> None:
        self.used[place] += share_of(self.wanted[place], medicine, packs)

    def answers(self, place: int, medicine: Medicine) -> bool:
        """Whether the medicine is what the line prescribes."""
        return 0 <= place < len(self.wanted) and fit_of(self.wanted[place], medicine) is not None


def allowance_of(prescription: Prescription, *, chain: Sequence[str] = ()) -> Allowance:
    """As it stands now. `chain` are the ids that `lock_prescription` gave; without them it is looked up, for a page."""
    wanted = [wanted_of(line) for line in prescription.medications]
    allowance = Allowance(prescription, wanted, [Fraction(0)] * len(wanted))
    for item in _live_items(chain or _chain_of(prescription)):
        place = _place_of(item, allowance)
        if place is not None:
            allowance.take(place, item.medicine, item.quantity)
    return allowance


def locked_allowance(prescription_id: str) -> Allowance:
    """As `allowance_of`, with nobody else ordering against the prescription until this transaction ends. Raises
    Prescription.DoesNotExist."""
    chain = lock_prescription(prescription_id)
    # Statements of their own, because one that waits for a lock still reads what was true before the wait.
    prescription = Prescription.objects.select_related("replaced_by").get(pk=prescription_id)
    return allowance_of(prescription, chain=chain)


def _live_items(chain: Iterable[str]) -> list[OrderItem]:
    rows = OrderItem.objects.filter(
        order__prescription__in=list(chain), prescription_line__isnull=False, quantity__gt=0
    )
    rows = rows.exclude(order__status=OrderStatus.CANCELLED).select_related("medicine", "order")
    return list(rows.only("quantity", "prescription_line", "order__prescription_id", "medicine").order_by("pk"))


def _place_of(item: OrderItem, allowance: Allowance) -> int | None:
    """The line that the item counts for: its own, or of the same substance when it was ordered against one that was
    replaced; a line that has not been used up first."""
    place = item.prescription_line
    if item.order.prescription_id == allowance.prescription.pk:
        return place if place is not None and place < len(allowance.wanted) else None
    places = [n for n, wanted in enumerate(allowance.wanted) if same_substance(wanted, item.medicine)]
    return next((n for n in places if allowance.used[n] < 1), places[0] if places else None)


def _chain_of(prescription: Prescription) -> list[str]:
    """The prescription and those that it replaced; one statement for each, of which there are few."""
    chain = [prescription.pk]
    earlier = prescription.replaces_id
    while earlier is not None and earlier not in chain:
        chain.append(earlier)
        earlier = Prescription.objects.filter(pk=earlier).values_list("replaces_id", flat=True).first()
    return chain
