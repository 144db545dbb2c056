"""From a prescription to what fills the basket: which medicines answer its lines, and how many packs it still gives."""

from dataclasses import dataclass

from pharmacy.matching import Fit, LineMatch, Offer, match_lines
from pharmacy.models import Medicine, Prescription
from pharmacy.selectors_catalogue import medicines_on_sale
from pharmacy.services.allowance import Allowance, allowance_of
from pharmacy.services.ordering import MOST_PACKS, OrderLine


@dataclass(frozen=True, slots=True)
class Choice:
    """An offer for a line, with how many packs are ordered when nobody says otherwise."""

    offer: Offer
    packs: int
    most: int

    @property
    def medicine(self) -> Medicine:
        return self.offer.medicine

    @property
    def is_in_stock(self) -> bool:
        return self.medicine.stock > 0

    @property
    def is_reckoned(self) -> bool:
        """Whether the line's own words say how many packs it takes."""
        return self.offer.packs is not None


@dataclass(slots=True)
class Filling:
    """A line of the prescription with what the pharmacy has for it, best first."""

    match: LineMatch
    choices: list[Choice]

    @property
    def place(self) -> int:
        return self.match.place

    @property
    def best(self) -> Choice | None:
        """What fills the basket by itself: exact, and enough of it."""
        return next((one for one in self.choices if one.offer.is_exact and one.medicine.stock >= one.packs), None)

    @property
    def is_open(self) -> bool:
        """The line itself leaves open which of them is meant."""
        return any(one.offer.fit == Fit.OPEN for one in self.choices)

    @property
    def is_used_up(self) -> bool:
        """Everything that it prescribes has been ordered."""
        return bool(self.match.offers) and not self.choices

    @property
    def is_kept(self) -> bool:
        return self.match.is_kept

    def chosen(self, medicine_id: str) -> Choice | None:
        return next((one for one in self.choices if one.medicine.pk == medicine_id), None)


def fillings_of(prescription: Prescription) -> list[Filling]:
    """Every line of the prescription; three statements however long it is, one more for each that it replaced."""
    allowance = allowance_of(prescription)
    matches = match_lines(prescription.medications, medicines_on_sale())
    return [Filling(match, _choices(match, allowance)) for match in matches]


def basket_lines(fillings: list[Filling], chosen: dict[int, tuple[str, int | None]]) -> list[OrderLine]:
    """The lines of an order for what was chosen: by the line's place the medicine, and the packs where they were said.

    Whatever is no choice of its line is passed over, and so is one of which no pack is wanted; of a prescription-only
    medicine never more than the line gives.
    """
    lines = []
    for filling in fillings:
        medicine_id, packs = chosen.get(filling.place, ("", None))
        choice = filling.chosen(medicine_id)
        if choice is not None and packs != 0:
            wanted = min(choice.packs if packs is None else packs, choice.most)
            lines.append(OrderLine(choice.medicine.pk, wanted, filling.place))
    return lines


def _choices(match: LineMatch, allowance: Allowance) -> list[Choice]:
    choices = []
    for offer in match.offers:
        left = allowance.left(match.place, offer.medicine)
        most = min(left, MOST_PACKS) if offer.medicine.is_prescription_only else MOST_PACKS
        if most > 0:
            choices.append(Choice(offer, min(left or offer.suggested, most), most))
    return choices
