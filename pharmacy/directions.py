"""How a line is to be taken, as its label says it."""

from pharmacy.matching import Fit, fit_of, wanted_of
from pharmacy.models import OrderItem, Prescription


def written_for(item: OrderItem, prescription: Prescription | None) -> str:
    """The doctor's own words, how much and how often on the first line; nothing when they were written for another
    strength or form than the line's medicine, or replaced: half or twice the dose would stand on the pack."""
    if prescription is None or item.prescription_line is None or prescription.replacement is not None:
        return ""
    line = prescription.medications[item.prescription_line]
    if fit_of(wanted_of(line), item.medicine) != Fit.EXACT:
        return ""
    dose = " · ".join(line[name] for name in ("dosage", "frequency", "duration"))
    return "\n".join(part for part in (dose, line["instructions"]) if part)


def proposed_for(item: OrderItem, prescription: Prescription | None) -> str:
    """What was written on it before, else the doctor's words."""
    if prescription is not None and prescription.replacement is not None:
        return ""
    return item.directions or written_for(item, prescription)
