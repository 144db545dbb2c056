"""Rows as a CSV file that a spreadsheet opens without acting on what people wrote."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import date, datetime, time
from io import StringIO
from itertools import islice
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext

from precta.tenancy import clinic_context, current_clinic, public_context

BATCH = 500
# Excel takes a file without this mark for one of the system's old alphabets and spoils names.
MARK = "\ufeff"
# What makes a spreadsheet read a cell as a formula (OWASP, "CSV Injection"); the wide forms count for some of them.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(value: Any) -> Any:
    """`value` as a cell: times on the active zone's clock, text that begins like a formula behind a quote mark,
    also after space, which some spreadsheets take away.

    Numbers stay numbers: nothing a person typed reaches the file as one.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, datetime):
        return f"{timezone.localtime(value) if timezone.is_aware(value) else value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, int | float) or type(value).__name__ == "Decimal":
        return value
    text = str(value).replace("\x00", "")
    return f"'{text}" if _is_formula(text) else text


def undefused(text: str) -> str:
    """What was typed, out of a cell that `cell` wrote: without the quote mark before what begins like a formula."""
    return text[1:] if text.startswith("'") and _is_formula(text[1:]) else text


def _is_formula(text: str) -> bool:
    return text.startswith(FORMULA) or text.lstrip().startswith(FORMULA)


def csv_response(filename: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A download named `filename` (without `.csv`), streamed: `rows` may be a generator over any number of rows.

    The rows are drawn in the schema, the language and the time zone that are active now, although the response is
    sent after the request's own contexts have ended; between two batches the connection is left as it was.
    """
    response = StreamingHttpResponse(_chunks(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}.csv"'
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _chunks(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    clinic, language, zone = current_clinic(), translation.get_language(), timezone.get_current_timezone()

    def where() -> AbstractContextManager[Any]:
        stack = ExitStack()
        stack.enter_context(clinic_context(clinic) if clinic is not None else public_context())
        stack.enter_context(translation.override(language))
        stack.enter_context(timezone.override(zone))
        return stack

    def stream() -> Iterator[bytes]:
        left = iter(rows)
        yield _lines([header], mark=MARK)
        while True:
            with where():
                text = _lines(islice(left, BATCH))
            if not text:
                return
            yield text

    return stream()


def _lines(rows: Iterable[Sequence[Any]], mark: str = "") -> bytes:
    buffer = StringIO()
    # All text in quotes: where a semicolon parts the cells, one inside a name would begin a cell of its own.
    csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC).writerows([cell(value) for value in row] for row in rows)
    text = buffer.getvalue()
    return (mark + text).encode() if text else b""
