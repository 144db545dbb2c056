"""A pharmacy's list read in: first what it would do, then exactly that.

`check` writes nothing. `apply` reads the same bytes again, under locks, and goes on only when they still do what was
shown. An import knows an article by its number. It never touches the stock, but for opening batches: a batch that the
article does not have yet is received with its packs; one that it has is left as it is, so the same file can be read in
twice.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pharmacy import exceptions
from pharmacy.catalogue_fields import (
    FIXED_ONCE_ORDERED,
    IS_ORDERED,
    MOST_PACKS,
    NO_SUBSTANCE,
    DayField,
    WholeField,
    article_fields,
)
from pharmacy.catalogue_file import Record, Table, heading, read_table
from pharmacy.models import Medicine, MedicineBatch, MovementKind, PriceChange, StockMovement
from pharmacy.names import substances_of
from pharmacy.selectors_catalogue import ordered_among
from pharmacy.services.stock import missing_packs
from precta import clock
from precta.audit.services import record
from precta.ids import new_id
from precta.text import LineField, printable

# What a new article cannot do without.
NEEDED = ("generic_name", "form", "pack_size", "pack_unit", "price")
# An empty cell in these says "none"; in all others it says "as it is".
MAY_BE_EMPTIED = ("brand_name", "strength")
OPENING = ("batch", "expiry", "packs")
CHUNK = 500
LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said of one cell: at which line (with the headings as the first), in which column."""

    line: int
    column: str
    says: str
    value: str = ""

    @property
    def heading(self) -> str:
        return heading(self.column) if self.column else ""


@dataclass(slots=True)
class Opening:
    """Packs that come with a new batch."""

    number: str
    expires_on: date
    packs: int


@dataclass(slots=True)
class Entry:
    """What happens to one article: `differences` are (column, before, after)."""

    line: int
    medicine: Medicine
    is_new: bool
    differences: list[tuple[str, Any, Any]] = field(default_factory=list)
    opening: Opening | None = None

    @property
    def prices(self) -> tuple[Decimal, Decimal] | None:
        return next(((old, new) for name, old, new in self.differences if name == "price"), None)

    @property
    def is_changed(self) -> bool:
        return bool(self.differences) and not self.is_new

    @property
    def told(self) -> list[tuple[str, Any, Any]]:
        """The differences but for the price, in words."""
        return [
            (heading(name), _in_words(name, old, self.medicine), _in_words(name, new, self.medicine))
            for name, old, new in self.differences
            if name != "price"
        ]


@dataclass(slots=True)
class Plan:
    """`problems` keep the file from being read in; `left_alone` is what it says and an import does not do."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Remark] = field(default_factory=list)
    left_alone: list[Remark] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def added(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.is_new]

    @property
    def changed(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.is_changed]

    @property
    def unchanged(self) -> int:
        return len(self.entries) - len(self.added) - len(self.changed)

    @property
    def openings(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.opening is not None]

    @property
    def does_something(self) -> bool:
        return any(entry.is_new or entry.differences or entry.opening for entry in self.entries)

    @property
    def fingerprint(self) -> str:
        """Two plans with the same one do the same to the same."""
        acts = [
            (entry.line, entry.medicine.sku, entry.is_new, entry.differences, entry.opening) for entry in self.entries
        ]
        return hashlib.sha256(repr(acts).encode()).hexdigest()


def check(*, data: bytes, today: date) -> Plan:
    """What reading the file in would do, and everything that stands against it. Raises Unreadable."""
    return _Reader(read_table(data), today).read()


def apply(*, data: bytes, fingerprint: str, by_user: Any, today: date) -> Plan:
    """Read the file in, all of it or nothing, when it still does what `fingerprint` stands for.

    Raises CatalogueChanged, with what it would do now, when the catalogue changed since it was checked.
    """
    table = read_table(data)
    try:
        with transaction.atomic():
            plan = _Reader(table, today, lock=True).read()
            if plan.problems or plan.fingerprint != fingerprint:
                raise exceptions.CatalogueChanged(plan)
            _write(plan, by_user)
            counts = {"added": len(plan.added), "changed": len(plan.changed), "batches": len(plan.openings)}
            details = {**counts, "lines": len(plan.entries), "file": hashlib.sha256(data).hexdigest()[:16]}
            record("catalogue.imported", resource=("medicine", None), user=by_user, details=details)
    except IntegrityError as error:
        # Somebody added one of its articles or batches at the same moment.
        raise exceptions.CatalogueChanged(_Reader(table, today).read()) from error
    return plan


class _Reader:
    def __init__(self, table: Table, today: date, *, lock: bool = False) -> None:
        self.table, self.today = table, today
        self.fields = article_fields()
        self.number = LineField(max_length=60)
        self.expiry = DayField()
        self.packs = WholeField(min_value=1, max_value=MOST_PACKS)
        self.plan = Plan(notes=list(table.notes))
        numbers = {self._sku(row) for row in table.records}
        known = Medicine.objects.filter(sku__in=numbers).order_by("pk")
        if lock:  # in the order in which orders reserve them, so that neither waits for the other crosswise
            known = known.select_for_update(no_key=True)
        self.known = {one.sku: one for one in known}
        batches = MedicineBatch.objects.filter(medicine__in=[one.pk for one in self.known.values()])
        wanted = "batch" in table.columns
        self.batches = {(one.medicine_id, one.number): one for one in batches} if wanted else {}

    def read(self) -> Plan:
        first: dict[str, int] = {}
        for row in self.table.records:
            before = len(self.plan.problems)
            if row.surplus:
                self._problem(row, "", _("This line has more cells than there are headings."))
            sku = self._sku(row)
            if sku in first:
                says = _("This article stands in line %(line)d already.") % {"line": first[sku]}
                self._problem(row, "sku", says)
            elif sku:
                first[sku] = row.line
            entry = self._entry(row, self.known.get(sku))
            if len(self.plan.problems) == before and entry is not None:
                self.plan.entries.append(entry)
        return self.plan

    @cached_property
    def _ordered(self) -> set[str]:
        return ordered_among(one.pk for one in self.known.values())

    def _sku(self, row: Record) -> str:
        try:
            return self.fields["sku"].clean(row.cells.get("sku", ""))
        except ValidationError:
            return ""

    def _problem(self, row: Record, column: str, says: str) -> None:
        self.plan.problems.append(_remark(row, column, says))

    def _cleaned(self, row: Record, column: str, cleaner: Any) -> Any:
        try:
            return cleaner.clean(row.cells.get(column, ""))
        except ValidationError as error:
            for says in error.messages:
                self._problem(row, column, says)
            return None

    def _entry(self, row: Record, known: Medicine | None) -> Entry | None:
        before = len(self.plan.problems)
        values: dict[str, Any] = {}
        for name, cleaner in self.fields.items():
            is_given = name in self.table.columns and (row.cells.get(name, "") or name in MAY_BE_EMPTIED)
            if is_given or name == "sku" or (known is None and name in NEEDED):
                values[name] = self._cleaned(row, name, cleaner)
        opening = self._opening(row, known)
        if len(self.plan.problems) > before:
            return None
        if known is None:
            return self._new(row, values, opening)
        if "generic_name" in values and not row.cells.get("substances"):
            # Another medicine under the old number acts by something else.
            changed = values["generic_name"] != known.generic_name
            if changed and (substances := substances_of(values["generic_name"])):
                values["substances"] = substances
        differences = [
            (name, getattr(known, name), value) for name, value in values.items() if getattr(known, name) != value
        ]
        fixed = [name for name, _old, _new in differences if name in FIXED_ONCE_ORDERED]
        if fixed and known.pk in self._ordered:
            for name in fixed:
                self._problem(row, name if name in self.table.columns else "generic_name", str(IS_ORDERED))
            return None
        for name, value in values.items():
            setattr(known, name, value)
        return Entry(row.line, known, False, differences, opening)

    def _new(self, row: Record, values: dict[str, Any], opening: Opening | None) -> Entry | None:
        substances = values.get("substances") or substances_of(values["generic_name"])
        if not substances:
            self._problem(
                row, "substances" if "substances" in self.table.columns else "generic_name", str(NO_SUBSTANCE)
            )
            return None
        medicine = Medicine(**{**values, "substances": substances}, stock=0)
        return Entry(row.line, medicine, True, opening=opening)

    def _opening(self, row: Record, known: Medicine | None) -> Opening | None:
        given = [column for column in OPENING if row.cells.get(column)]
        if not given:
            return None
        for column in OPENING:
            if column not in given:
                says = _("An opening batch needs its number, its expiry and its packs: this is missing.")
                self._problem(row, column if column in self.table.columns else given[0], says)
        if len(given) < len(OPENING):
            return None
        number = self._cleaned(row, "batch", self.number)
        expires_on = self._cleaned(row, "expiry", self.expiry)
        packs = self._cleaned(row, "packs", self.packs)
        if number is None or expires_on is None or packs is None:
            return None
        there = self.batches.get((known.pk, number)) if known is not None else None
        if there is not None:
            if there.expires_on != expires_on:
                day = f"{there.expires_on:%Y-%m-%d}"
                self._problem(row, "expiry", _("This batch is known and expires on %(day)s.") % {"day": day})
            elif there.on_hand != packs:
                says = ngettext(
                    "This batch is known and stays as it is: %(packs)d pack of it is on the shelf.",
                    "This batch is known and stays as it is: %(packs)d packs of it are on the shelf.",
                    there.on_hand,
                )
                self.plan.left_alone.append(_remark(row, "packs", says % {"packs": there.on_hand}))
            return None
        if expires_on < self.today:
            self._problem(row, "expiry", _("This batch has expired."))
            return None
        return Opening(number, expires_on, packs)


def _remark(row: Record, column: str, says: str) -> Remark:
    value = printable(row.cells.get(column, "")) if column else ""
    return Remark(row.line, column, says, value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…")


def _write(plan: Plan, by_user: Any) -> None:
    """In few statements, however long the file: the medicines that exist are locked."""
    Medicine.objects.bulk_create([entry.medicine for entry in plan.added], batch_size=CHUNK)
    changed = plan.changed
    columns = sorted({name for entry in changed for name, _old, _new in entry.differences})
    now = clock.now()
    for entry in changed:
        entry.medicine.updated_at = now
    if columns:
        # Every row is written with what it has in the columns that another one changes; it was read under its lock.
        Medicine.objects.bulk_update([entry.medicine for entry in changed], [*columns, "updated_at"], batch_size=CHUNK)
    PriceChange.objects.bulk_create(
        [
            PriceChange(
                medicine=entry.medicine,
                old_price=entry.prices[0] if entry.prices else None,
                new_price=entry.medicine.price,
                changed_by_id=by_user.pk,
            )
            for entry in plan.entries
            if entry.is_new or entry.prices
        ],
        batch_size=CHUNK,
    )
    _open_batches(plan.openings, by_user)


def _open_batches(entries: list[Entry], by_user: Any) -> None:
    missing = missing_packs([entry.medicine.pk for entry in entries if not entry.is_new]) if entries else {}
    batches, movements, medicines = [], [], []
    for entry in entries:
        opening = entry.opening
        assert opening is not None
        batch = MedicineBatch(
            id=new_id(),
            medicine=entry.medicine,
            number=opening.number,
            expires_on=opening.expires_on,
            on_hand=opening.packs,
        )
        for_sale = max(0, opening.packs - missing.get(entry.medicine.pk, 0))
        batches.append(batch)
        movements.append(
            StockMovement(
                medicine=entry.medicine,
                batch=batch,
                kind=MovementKind.RECEIVED,
                change=for_sale,
                shelf_change=opening.packs,
                reason=_("Opening batch of an import"),
                made_by_id=by_user.pk,
            )
        )
        entry.medicine.stock = F("stock") + for_sale
        medicines.append(entry.medicine)
    MedicineBatch.objects.bulk_create(batches, batch_size=CHUNK)
    StockMovement.objects.bulk_create(movements, batch_size=CHUNK)
    Medicine.objects.bulk_update(medicines, ["stock"], batch_size=CHUNK)


def _in_words(name: str, value: Any, medicine: Medicine) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(value)
    if name == "form":
        return str(dict(Medicine._meta.get_field("form").flatchoices).get(value, value))
    return "–" if value in (None, "") else str(value)
