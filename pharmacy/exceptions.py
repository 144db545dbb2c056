"""What can go wrong with prescriptions, orders and stock; views turn each into a sentence."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from pharmacy.models import MedicineBatch, Prescription
    from pharmacy.services.catalogue_import import Plan
    from pharmacy.warnings import Warning


class PrescriptionError(Exception):
    """Any refusal by a rule of this app; nothing was changed."""


class BadMedications(PrescriptionError):
    """The lines are not what the schema asks."""


class BadValidity(PrescriptionError):
    """The last day is past, or further away than a prescription may last."""


class NotTheDoctor(PrescriptionError):
    """Somebody else than the doctor of the visit, or of the prescription that is to be replaced."""


class NotLicensed(PrescriptionError):
    """The doctor is not verified, or no longer: nobody prescribes without a licence that stands."""


class VisitNotOpen(PrescriptionError):
    """Nothing is prescribed in a visit that has not begun, was cancelled or missed."""


class WarningsUnanswered(PrescriptionError):
    """Something stands against it and no reason sets it aside. `warnings` are all of them, as they are now."""

    def __init__(self, warnings: "Sequence[Warning]") -> None:
        super().__init__(f"{len(warnings)} warnings")
        self.warnings = list(warnings)


class AlreadyIssued(PrescriptionError):
    """The form was sent before with something else in it: what is issued does not change. `prescription` is that."""

    def __init__(self, prescription: "Prescription") -> None:
        super().__init__("already issued")
        self.prescription = prescription


class AlreadyReplaced(PrescriptionError):
    """Another prescription took its place a moment ago. `replacement` is that one."""

    def __init__(self, replacement: "Prescription") -> None:
        super().__init__("already replaced")
        self.replacement = replacement


class KeyReused(PrescriptionError):
    """The form's key belongs to somebody else's prescription."""


class NameTaken(PrescriptionError):
    """The doctor has a template of that name."""


class TooManyTemplates(PrescriptionError):
    """The doctor has as many templates as one may keep."""


class StockError(Exception):
    """Any refusal by the stock; nothing was changed."""


class OutOfStock(StockError):
    """There are not enough packs to sell: `left` says how many there are, by medicine id."""

    def __init__(self, left: dict[str, int]) -> None:
        super().__init__(f"{len(left)} medicines")
        self.left = left


class NotEnoughOnShelf(StockError):
    """Fewer packs than are to be taken: `left` of them may be."""

    def __init__(self, left: int) -> None:
        super().__init__(str(left))
        self.left = left


class OrderError(Exception):
    """Any refusal by a rule of orders; nothing was changed."""


class InvalidOrderTransition(OrderError):
    """The order's status does not lead there, or somebody else changed it a moment ago. `current` is its status now."""

    def __init__(self, current: str, to: str) -> None:
        super().__init__(f"{current} does not lead to {to}")
        self.current = current
        self.to = to


class NothingOrdered(OrderError):
    """No line, too many of them, or a number of packs that nobody orders."""


class NotSold(OrderError):
    """The clinic sells no medicines, or this one not any more."""


class NotDelivered(OrderError):
    """The clinic does not bring it there, or hands nothing out at its counter."""


class EmailNotConfirmed(OrderError):
    """Whoever orders has not confirmed their e-mail address."""


class NotForThisPatient(OrderError):
    """Nobody orders for a patient whom they may not act for."""


class CareConsentNeeded(OrderError):
    """The patient's consent to this clinic's care does not stand."""


class TooManyUnpaidOrders(OrderError):
    """The person holds packs for as many unpaid orders as one may."""


class OrderKeyReused(OrderError):
    """The form's key belongs to an earlier order of the same person for something else."""


class TotalChanged(OrderError):
    """A price or the delivery's fee is not what was shown. `total` is what it comes to now."""

    def __init__(self, total: "Decimal") -> None:
        super().__init__(str(total))
        self.total = total


class TotalTooHigh(OrderError):
    """It comes to more than one payment can be of."""


class PrescriptionNeeded(OrderError):
    """Medicines (`medicine_ids`) that nobody gets without a prescription that names them."""

    def __init__(self, medicine_ids: Sequence[str]) -> None:
        super().__init__(f"{len(medicine_ids)} medicines")
        self.medicine_ids = list(medicine_ids)


class PrescriptionNotValid(OrderError):
    """Not this patient's, replaced, or over."""


class MoreThanPrescribed(OrderError):
    """`left` says how many packs of a medicine the prescription still gives, by medicine id."""

    def __init__(self, left: dict[str, int]) -> None:
        super().__init__(f"{len(left)} medicines")
        self.left = left


class OrderLeft(OrderError):
    """The order has left the pharmacy, or is over: nothing about it can be taken back here."""


class OrderRefundChanged(OrderError):
    """What goes back is not what was shown. `amount` is what would go back now."""

    def __init__(self, amount: "Decimal") -> None:
        super().__init__(str(amount))
        self.amount = amount


class DispensedAlready(OrderError):
    """More packs of the line have been dispensed than are to stay: they are put back on the shelf first."""


class DeskError(OrderError):
    """Any refusal at the pharmacy's desk; nothing was changed."""


class OrderChanged(DeskError):
    """Somebody was first: the order's state, `current`, does not allow it any more."""

    def __init__(self, current: str) -> None:
        super().__init__(current)
        self.current = current


class LineChanged(DeskError):
    """Somebody else dispensed, put back or changed this line a moment ago: it lacks `left` packs now."""

    def __init__(self, left: int) -> None:
        super().__init__(str(left))
        self.left = left


class BatchUnusable(DeskError):
    """Nothing is given out of this batch: expired, set aside, or of another medicine."""


class TooManyPacks(DeskError):
    """More packs than the line lacks: `left` of them."""

    def __init__(self, left: int) -> None:
        super().__init__(str(left))
        self.left = left


class NotAllDispensed(DeskError):
    """Lines lack packs, or wait for the patient's answer; nothing leaves the house half."""


class DirectionsMissing(DeskError):
    """The medicine is not exactly what the doctor wrote: the pharmacist says how to take it."""


class PrescriptionReplaced(DeskError):
    """Another prescription took the place of the one that the line needs: nothing is given out of it any more."""


class AnswerAwaited(DeskError):
    """The patient was asked about this line and has not answered."""


class CourierMissing(DeskError):
    """A delivery goes with somebody who has a name and a phone."""


class NotASubstitute(DeskError):
    """This medicine cannot take the line's place: the same one, off sale, another substance than was prescribed, or
    prescription-only where nothing was prescribed."""


class SubstitutionClosed(DeskError):
    """It was answered or withdrawn before; `status` says which."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class CatalogueError(Exception):
    """Any refusal by a rule of the catalogue; nothing was changed."""


class ArticleNumberTaken(CatalogueError):
    """Another article has this number."""


class ArticleOrdered(CatalogueError):
    """There are orders of it, which its strength, form and pack were reckoned by: those stay."""


class AlreadyExpired(CatalogueError):
    """Packs that are out of date are not taken in."""


class BatchDiffers(CatalogueError):
    """The batch of this number, `batch`, expires on another day."""

    def __init__(self, batch: "MedicineBatch") -> None:
        super().__init__("another expiry")
        self.batch = batch


class BatchSetAside(CatalogueError):
    """The batch was set aside: nothing of it is sold any more."""


class CountedAnew(CatalogueError):
    """The shelf changed while it was counted: `on_hand` packs are noted now."""

    def __init__(self, on_hand: int) -> None:
        super().__init__(str(on_hand))
        self.on_hand = on_hand


class CatalogueChanged(CatalogueError):
    """The file would do something else than what was shown. `plan` is what it would do now."""

    def __init__(self, plan: "Plan") -> None:
        super().__init__("changed since it was checked")
        self.plan = plan
