"""What we keep of a provider's answer: the facts of the payment, no person and no reusable authorization."""

import re
from collections.abc import Mapping
from typing import Any

from precta.text import printable

_TRANSACTION = (
    "id domain status reference amount requested_amount currency channel fees paid_at created_at gateway_response "
    "message receipt_number display_text"
).split()
_REFUND = "id domain status amount currency transaction_reference refund_reference".split()
_LONGEST = 200
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_LONG_NUMBER = re.compile(r"\+?\d[\d ]{6,}\d")
# What a person wrote or may be named in; ids and references keep their digits.
_PROSE = {"gateway_response", "message", "display_text"}


def clean_text(value: str, *, prose: bool = False) -> str:
    """Short, printable, storable in PostgreSQL; with `prose`, e-mail addresses and long numbers are masked."""
    text = printable(value)
    if prose:
        text = _LONG_NUMBER.sub("•••", _EMAIL.sub("•••", text))
    return text[:_LONGEST]


def _keep(data: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name in names:
        value = data.get(name)
        if isinstance(value, str):
            kept[name] = clean_text(value, prose=name in _PROSE)
        elif value is None or isinstance(value, bool | int):
            if name in data:
                kept[name] = value
        elif isinstance(value, float):
            kept[name] = str(value)
    return kept


def transaction_facts(data: Mapping[str, Any]) -> dict[str, Any]:
    return _keep(data, _TRANSACTION)


def refund_facts(data: Mapping[str, Any]) -> dict[str, Any]:
    return _keep(data, _REFUND)


def event_facts(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"event": kind, "data": refund_facts(data) if kind.startswith("refund.") else transaction_facts(data)}
