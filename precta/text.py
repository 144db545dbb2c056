"""What people may type into a line or a text."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Cc control, Cs lone surrogates, Co private use, Cn unassigned. Of the format characters (Cf) those that turn the
# direction of what follows can make a name read as another one; joiners are needed by real scripts and stay.
REFUSED = {"Cc", "Cs", "Co", "Cn"}
DIRECTION = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
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
