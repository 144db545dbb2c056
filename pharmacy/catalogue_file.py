"""A pharmacy's list of articles as a CSV file: which columns there are, and reading whatever a spreadsheet saved."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

MOST_LINES = 5_000
MOST_BYTES = 2 * 2**20
LONGEST_CELL = 1_000
SEPARATORS = (";", "\t", ",", "|")

# column → what it is called in an export, and other headings that mean it
COLUMNS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "sku": (_("Article number"), ("sku", "code", "item code", "article", "article no", "item no", "product code")),
    "generic_name": (_("Generic name"), ("generic", "name", "medicine", "product", "item", "description", "inn")),
    "brand_name": (_("Brand name"), ("brand", "trade name", "brand names")),
    "substances": (_("Substances"), ("substance", "active ingredient", "active ingredients", "ingredients")),
    "form": (_("Form"), ("dosage form", "dose form", "formulation")),
    "strength": (_("Strength"), ("dose", "dosage")),
    "pack_size": (_("Pack size"), ("pack", "size", "units per pack", "quantity per pack")),
    "pack_unit": (_("Counted in"), ("unit", "units", "pack unit", "uom", "unit of measure")),
    "price": (_("Price of a pack"), ("price", "unit price", "selling price", "retail price", "price kes", "kes")),
    "low_stock_at": (_("Warn at"), ("low stock at", "reorder level", "reorder at", "minimum", "min stock")),
    "is_prescription_only": (_("Prescription only"), ("rx", "pom", "rx only", "is prescription only", "prescription")),
    "is_active": (_("On sale"), ("active", "is active", "for sale")),
    "batch": (_("Opening batch"), ("batch", "batch number", "batch no", "lot", "lot number")),
    "expiry": (_("Batch expires on"), ("expiry", "expires", "expires on", "expiry date", "exp", "exp date")),
    "packs": (_("Packs of the batch"), ("packs", "quantity", "qty", "opening stock", "opening packs")),
}
# In an export for people to read; an import leaves them alone, and says so.
SHOWN_ONLY = ("stock", "packs in stock", "nearest expiry", "pakiti zilizopo")


class Unreadable(Exception):
    """The file as a whole is none that can be read; the message says why. `status` is what the page answers."""

    def __init__(self, says: Any, status: int = 400) -> None:
        super().__init__(str(says))
        self.says, self.status = says, status


@dataclass(frozen=True, slots=True)
class Record:
    """A line of the file, counted from 1 with the headings: what stands in each column that it has."""

    line: int
    cells: dict[str, str]
    surplus: int = 0


@dataclass(slots=True)
class Table:
    columns: tuple[str, ...]
    records: list[Record] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def heading(column: str) -> str:
    """What a column is called on a page."""
    return str(COLUMNS[column][0])


def read_table(data: bytes) -> Table:
    """The records of a CSV file in UTF-8 (with its mark or without) or Windows-1252, with commas, semicolons, tabs or
    bars between the cells. Raises Unreadable."""
    if len(data) > MOST_BYTES:
        raise Unreadable(_("The file is larger than 2 MB."), 413)
    notes: list[str] = []
    text, separator = _separator(_decoded(data, notes))
    rows = _rows(text, separator)
    _line, headings = next(rows, (0, []))
    if not headings:
        raise Unreadable(_("The file is empty."))
    columns = _columns(headings, notes)
    table = Table(tuple(name for name in columns if name), notes=notes)
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(table.records) == MOST_LINES:
            raise Unreadable(_("The file has more than 5,000 lines. Import it in parts."), 413)
        surplus = sum(1 for cell in row[len(columns) :] if cell.strip())
        cells = {name: cell.strip() for name, cell in zip(columns, row, strict=False) if name}
        table.records.append(Record(line, cells, surplus))
    if not table.records:
        raise Unreadable(_("There is nothing below the headings."))
    return table


def _decoded(data: bytes, notes: list[str]) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise Unreadable(_("This is no CSV file: it is not text.")) from error
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Unreadable(_("This is a spreadsheet. Save it as CSV first, then choose that file."))
    if b"\x00" in data:
        raise Unreadable(_("This is no CSV file: it is not text."))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise Unreadable(_("This is no CSV file: it is not text.")) from error
    notes.append(str(_("The file is not in UTF-8. It was read as Windows-1252: look at letters with accents.")))
    return text


def _separator(text: str) -> tuple[str, str]:
    """Excel may name it in a first line of its own; else the one that stands most often between the headings."""
    first, _newline, rest = text.partition("\n")
    if match := re.fullmatch(r"\s*\"?sep=([;,\t|])\"?\s*", first):
        # An empty line in its place, so that lines keep the numbers that a text editor shows.
        return f"\n{rest}", match[1]
    lines = (line for line in text.splitlines() if line.strip())
    headings = re.sub(r'"[^"]*"', "", next(lines, ""))
    return text, max(SEPARATORS, key=headings.count) if any(map(headings.count, SEPARATORS)) else ","


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it begins on, the first one that is not empty first. Raises Unreadable."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    seen_any = False
    try:
        for row in reader:
            if seen_any or any(cell.strip() for cell in row):
                seen_any = True
                if any(len(cell) > LONGEST_CELL for cell in row):
                    raise Unreadable(_says_at(_("A cell is longer than 1,000 characters."), begins))
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        says = _("The quote marks do not match: from here on we cannot tell one cell from the next.")
        raise Unreadable(_says_at(says, begins)) from error


def _says_at(says: Any, line: int) -> str:
    return str(_("Line %(line)d: %(problem)s") % {"line": line, "problem": says})


def _columns(headings: list[str], notes: list[str]) -> list[str]:
    """The column's name for each heading, empty for one that is not read. Raises Unreadable."""
    found: list[str] = []
    ignored: list[str] = []
    shown_only: list[str] = []
    for written in headings:
        word = _folded(written)
        name = _known().get(word, "")
        if name and name in found:
            raise Unreadable(_("Two columns are both read as “%(column)s”.") % {"column": heading(name)})
        if not name and word:
            (shown_only if word in _shown_only() else ignored).append(written.strip()[:60])
        found.append(name)
    if "sku" not in found:
        raise Unreadable(
            _("There is no column “%(column)s”. The first line must hold the headings of the template.")
            % {"column": heading("sku")}
        )
    if shown_only:
        stays = _("Only for looking at, never read in: %(names)s. An import does not change how many packs there are.")
        notes.append(str(stays % {"names": ", ".join(shown_only[:20])}))
    if ignored:
        says = ngettext("This column is not read: %(names)s", "These columns are not read: %(names)s", len(ignored))
        notes.append(says % {"names": ", ".join(ignored[:20])})
    return found


def _folded(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


@cache
def _known() -> dict[str, str]:
    """Every heading that we read, in each of our languages → the column."""
    known: dict[str, str] = {}
    for name, (_label, others) in COLUMNS.items():
        known |= {_folded(word): name for word in (name, *others)}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            known |= {_folded(str(label)): name for name, (label, _others) in COLUMNS.items()}
    return known


@cache
def _shown_only() -> frozenset[str]:
    words = {_folded(word) for word in SHOWN_ONLY}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            words |= {_folded(str(_("packs in stock"))), _folded(str(_("nearest expiry")))}
    return frozenset(words)
