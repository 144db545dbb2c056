"""Pages of rows that the database has cut out already, where a paginator would have to read them all."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.paginator import Page, Paginator

Found = TypeVar("Found")


def asked_number(text: str) -> int:
    """The number of a page as the address says it; 1 for anything that is none."""
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def cut_page(read: Callable[[int], tuple[list[Any], int, Found]], *, number: int, size: int) -> tuple[Page, Found]:
    """The page `number` of `size` rows, the last one when there are fewer, and what else was found with it.

    `read(first)` gives the rows from the `first`-th on (counted from 1), how many there are in all (it may say 0 past
    the end), and what else it found.
    """
    rows, count, found = read((number - 1) * size + 1)
    if not rows and number > 1:
        number = max(1, -(-count // size))
        rows, count, found = read((number - 1) * size + 1)
    return Page(rows, number, Paginator(range(count), size)), found
