"""What somebody means to order at a clinic: kept in their session there, and nothing is held by it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from clinics.models import Clinic
from pharmacy.models import Medicine, Prescription
from pharmacy.services.ordering import MOST_LINES, MOST_PACKS, OrderLine


@dataclass(frozen=True, slots=True)
class Row:
    """A line as the basket shows it."""

    medicine: Medicine
    packs: int
    prescription_line: int | None

    @property
    def key(self) -> str:
        return key_of(self.medicine.pk, self.prescription_line)

    @property
    def total(self) -> Decimal:
        return self.packs * self.medicine.price

    @property
    def is_short(self) -> bool:
        return self.medicine.stock < self.packs


@dataclass(slots=True)
class Basket:
    """`lines` in the order in which they came; `prescription_id` is the one that some of them fill."""

    lines: list[OrderLine] = field(default_factory=list)
    prescription_id: str | None = None

    @classmethod
    def of(cls, session: SessionBase, clinic: Clinic) -> "Basket":
        kept = session.get(_key(clinic), {})
        lines = [OrderLine(medicine, packs, place) for medicine, packs, place in kept.get("lines", [])]
        return cls(lines, kept.get("prescription"))

    def keep(self, session: SessionBase, clinic: Clinic) -> None:
        if not any(line.prescription_line is not None for line in self.lines):
            self.prescription_id = None
        if not self.lines:
            session.pop(_key(clinic), None)
            return
        lines = [[line.medicine_id, line.quantity, line.prescription_line] for line in self.lines]
        session[_key(clinic)] = {"lines": lines, "prescription": self.prescription_id}

    @property
    def count(self) -> int:
        return len(self.lines)

    @property
    def is_full(self) -> bool:
        return len(self.lines) >= MOST_LINES

    def add(self, medicine_id: str, packs: int) -> None:
        """More of what is sold over the counter; one line for each medicine."""
        line = self.line(key_of(medicine_id, None))
        if line is not None:
            self.set(key_of(medicine_id, None), line.quantity + packs)
        elif not self.is_full:
            self.lines.append(OrderLine(medicine_id, within(packs)))

    def line(self, key: str) -> OrderLine | None:
        return next((line for line in self.lines if key_of(line.medicine_id, line.prescription_line) == key), None)

    def set(self, key: str, packs: int) -> bool:
        """So many packs in the line called `key`; none takes it out. False when they can be put nowhere, because the
        basket has no such line."""
        line = self.line(key)
        if line is None:
            return packs <= 0
        number = self.lines.index(line)
        if packs <= 0:
            del self.lines[number]
        else:
            self.lines[number] = OrderLine(line.medicine_id, within(packs), line.prescription_line)
        return True

    def fill(self, prescription: Prescription, lines: Iterable[OrderLine]) -> None:
        """The lines of a prescription, in place of those of the one before; what else is in it stays."""
        beside = [line for line in self.lines if line.prescription_line is None]
        self.lines = [*lines, *beside][:MOST_LINES]
        self.prescription_id = prescription.pk

    def rows(self) -> list[Row]:
        """With the medicines as they are sold now, in one statement; what is not sold any more is left out."""
        found = Medicine.objects.on_sale().in_bulk([line.medicine_id for line in self.lines]) if self.lines else {}
        return [
            Row(found[line.medicine_id], line.quantity, line.prescription_line)
            for line in self.lines
            if line.medicine_id in found
        ]


def subtotal_of(rows: Iterable[Row]) -> Decimal:
    return sum((row.total for row in rows), Decimal(0))


def key_of(medicine_id: str, prescription_line: int | None) -> str:
    """What a line is called in a form: not its place, which changes when another line is taken out."""
    return medicine_id if prescription_line is None else f"{medicine_id}-{prescription_line}"


def within(packs: int) -> int:
    return max(1, min(packs, MOST_PACKS))


def packs_in(typed: Any) -> int | None:
    """The number of packs that was typed, None when it is none."""
    text = str(typed or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else None


def _key(clinic: Clinic) -> str:
    return f"basket-{clinic.pk}"
