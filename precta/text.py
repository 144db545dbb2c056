"""What people may type into a line or a text."""

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Cc control, Cs lone surrogates, Co private use, Cn unassigned. Of the format characters (Cf) those that turn the
# direction of what follows can make a name read as another one; joiners are needed by real scripts and stay.
REFUSED = {"Cc", "Cs", "Co", "Cn"}
DIRECTION = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
# 1,250.00 and 1 250; 1.250,00; 60,5
THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[, \u00a0\u202f]\d{3})+(?:\.\d*)?")
POINTS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+,\d*")
COMMA = re.compile(r"[+-]?\d+,\d{1,2}")
# What Django reads where the bytes were no UTF-8, a lone surrogate among them: the words that were meant are lost.
BROKEN = "\ufffd"


def plain_line(value: str) -> None:
    """Raises ValidationError for what cannot belong to a name or a line of text."""
    if not all(_can_be_shown(c) for c in value):
        raise ValidationError(_("This has characters that cannot be shown."), code="unprintable")


def plain_text(value: str) -> None:
    """As `plain_line`, for a text of several lines."""
    plain_line(value.replace("\r\n", "\n").replace("\n", " ").replace("\t", " "))


def printable(value: str) -> str:
    """`value` without what cannot be shown or stored, in one line: for texts that are not worth a refusal."""
    return " ".join("".join(c for c in value if c.isspace() or _can_be_shown(c)).split())


def _can_be_shown(character: str) -> bool:
    return character not in DIRECTION and character != BROKEN and unicodedata.category(character) not in REFUSED


class LineField(forms.CharField):
    """One line of text: runs of spaces become one, nothing that cannot be shown."""

    default_validators = [plain_line]

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return " ".join(part for part in value.split(" ") if part) if isinstance(value, str) else value


class AmountField(forms.DecimalField):
    """Money, with a decimal point or comma, with or without marks between the thousands."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(plain_amount(value) if isinstance(value, str) else value)


def plain_amount(text: str) -> str:
    """A number as people write it, as Python reads it: "KES 1,250", "1.250,00" and "60,5"; anything else as it is."""
    text = text.strip()
    text = re.sub(r"(?i)^(kes|ksh\.?|/=)\s*", "", text).removesuffix("/=").strip()
    if THOUSANDS.fullmatch(text):
        return re.sub(r"[, \u00a0\u202f]", "", text)
    if POINTS.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", ".") if COMMA.fullmatch(text) else text
