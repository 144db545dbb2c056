"""What a moderator should not overlook in a text: names, numbers to call, addresses, links and abusive words.

They are marks for the eye and decide nothing. Words are compared whole and folded: case, accents, figures in the place
of letters ("stup1d"), stretched letters ("stuuupid"), letters set apart ("s t u p i d") and asterisks ("stu*id").
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

WORDLISTS = Path(__file__).parent / "wordlists"
SHORTEST_NAME = 3
SHORTEST_STRETCHED = 4


class Kind(StrEnum):
    EMAIL = "email"
    LINK = "link"
    PHONE = "phone"
    ABUSE = "abuse"
    NAME = "name"


LABELS = {
    Kind.EMAIL: _("e-mail address"),
    Kind.LINK: _("link"),
    Kind.PHONE: _("phone number"),
    Kind.ABUSE: _("abusive word"),
    Kind.NAME: _("name"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    start: int
    end: int
    kind: Kind


_AT, _DOT = r"(?:@|\s?[(\[]at[)\]]\s?| at )", r"(?:\.|\s?[(\[]dot[)\]]\s?| dot )"
_EMAIL = re.compile(rf"[\w.+-]{{1,64}}{_AT}[\w-]{{1,63}}(?:{_DOT}[a-zA-Z]{{2,24}}){{1,3}}\b", re.IGNORECASE)
_LINK = re.compile(
    r"\b(?:https?://|www\.)\S+"
    r"|\b[a-z0-9][a-z0-9-]{0,62}\.(?:com|org|net|info|me|io|africa|biz|xyz|ly|gl|(?:co|or|go|ac|ne)\.ke|ke)\b(?:/\S*)?",
    re.IGNORECASE,
)
# Nine figures or more, however they are set apart: a number of Kenya without its 0 has nine, a date has eight.
_PHONE = re.compile(r"(?<!\d)\+?\(?\d(?:[\s().\-/_]{0,2}\d){8,14}(?!\d)")
_WORD = re.compile(r"[^\W_](?:[\w@$!*'’‘-]*\w)?")
_APART = re.compile(r"(?<!\w)(?:[^\W\d_][ .*_-]){2,}[^\W\d_](?!\w)")
_POSSESSIVE = re.compile(r"['’‘]s?$")
_STRETCHED = re.compile(r"(.)\1{2,}")
_RUN = re.compile(r"(.)\1+")
_LETTERS = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})


def folded(word: str) -> str:
    """A word as it is compared: `Achiéng’s` → `achieng`, `ST0PID` → `stopid`."""
    plain = unicodedata.normalize("NFKD", word).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = _POSSESSIVE.sub("", plain)
    if any(c.isalpha() for c in plain):
        plain = plain.translate(_LETTERS)
    return "".join(c for c in plain if c not in "'’‘-_")


@cache
def abusive() -> tuple[frozenset[str], frozenset[str], frozenset[tuple[str, ...]]]:
    """The words, the same without repeated letters, and the phrases as words: of both languages."""
    words, phrases = set(), set()
    for path in sorted(WORDLISTS.glob("abuse_*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            parts = tuple(folded(part) for part in line.split())
            if not parts or line.startswith("#"):
                continue
            if len(parts) == 1:
                words.add(parts[0])
            else:
                phrases.add(parts)
    short = {_RUN.sub(r"\1", word) for word in words if len(word) >= SHORTEST_STRETCHED}
    return frozenset(words), frozenset(short), frozenset(phrases)


def is_abusive(word: str) -> bool:
    """Of one folded word; an asterisk stands for any letter."""
    words, short, _phrases = abusive()
    if word in words:
        return True
    if _STRETCHED.search(word) and _RUN.sub(r"\1", word) in short:
        return True
    if "*" in word and word.count("*") < len(word) / 2:
        hidden = re.compile("".join("." if c == "*" else re.escape(c) for c in word))
        return any(hidden.fullmatch(known) for known in words)
    return False


def findings(text: str, names: Iterable[str] = ()) -> list[Finding]:
    """What is found in `text`, from left to right, none overlapping; `names` are of people who should not be named."""
    known = {part for name in names for part in map(folded, name.split()) if len(part) >= SHORTEST_NAME}
    found = [Finding(*m.span(), Kind.EMAIL) for m in _EMAIL.finditer(text)]
    found += [Finding(*m.span(), Kind.LINK) for m in _LINK.finditer(text)]
    found += [Finding(*m.span(), Kind.PHONE) for m in _PHONE.finditer(text)]
    found += _abuse(text)
    found += [Finding(*m.span(), Kind.NAME) for m in _WORD.finditer(text) if folded(m.group()) in known]
    kept: list[Finding] = []
    for one in found:  # the more telling kinds come first
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


def _abuse(text: str) -> list[Finding]:
    spans = [(*m.span(), folded(m.group())) for m in _WORD.finditer(text)]
    phrases = abusive()[2]
    found = []
    for place, (start, _end, _word) in enumerate(spans):
        for phrase in phrases:
            there = spans[place : place + len(phrase)]
            if tuple(word for *_span, word in there) == phrase:
                found.append(Finding(start, there[-1][1], Kind.ABUSE))
    found += [Finding(start, end, Kind.ABUSE) for start, end, word in spans if is_abusive(word)]
    for m in _APART.finditer(text):
        if is_abusive(folded(re.sub(r"[ .*_-]", "", m.group()))):
            found.append(Finding(*m.span(), Kind.ABUSE))
    return found


def marked(text: str, names: Iterable[str] = ()) -> SafeString:
    """The text as HTML, everything escaped, with what was found in `<mark>`; lines as they were written."""
    parts, place = [], 0
    for one in findings(text, names):
        parts.append(escape(text[place : one.start]))
        label = LABELS[one.kind]
        parts.append(
            format_html('<mark class="{}" title="{}">{}</mark>', one.kind.value, label, text[one.start : one.end])
        )
        place = one.end
    parts.append(escape(text[place:]))
    return mark_safe("".join(parts).replace("\n", "<br>"))  # noqa: S308 - every part is escaped


def kinds_in(text: str, names: Iterable[str] = ()) -> list[str]:
    """The kinds of what was found, each once, in words."""
    found = {one.kind for one in findings(text, names)}
    return [str(LABELS[kind]) for kind in Kind if kind in found]
