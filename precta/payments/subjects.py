"""What a payment pays for, in words and with its page in the clinic's admin; the app that owns it registers how."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from precta.payments.models import Payment


@dataclass(frozen=True, slots=True)
class Subject:
    """`url` is its page in the clinic's admin, empty when the reader may not open it.

    `take_cash(taken_by=…)` notes that the desk received the money for it, by its own app's rules; None while it waits
    for none.
    """

    label: str
    icon: str
    url: str = ""
    take_cash: Callable[..., Payment] | None = None


Find = Callable[[Any, str], Subject | None]
_finders: dict[str, Find] = {}


def payment_subject(purpose: str) -> Callable[[Find], Find]:
    """Register who tells what payments of this purpose pay for, from the request and the subject's id."""

    def register(find: Find) -> Find:
        _finders[purpose] = find
        return find

    return register


def subject_of(request: Any, payment: Payment) -> Subject | None:
    """None when nobody knows. Money that came twice stands for what the first payment paid for."""
    find = _finders.get(payment.type)
    first = payment.duplicate_of
    return find(request, first.subject_id if first is not None else payment.subject_id) if find is not None else None
