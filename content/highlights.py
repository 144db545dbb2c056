"""Showing where the words of a search stand. Whatever comes out is escaped; only our own `<mark>` is markup."""

import re
import unicodedata

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Around the first hit in a text, in characters.
BEFORE, AFTER = 70, 150
_MARKS = re.compile(
    r"^\s*(?:[-*+]|\d+\.|#+|>)\s+|:?-{3,}:?|(?<=\|)\s*:?-+:?\s*(?=\|)|[*_`|#~\\]+|\]\([^)\s]*\)|[\[\]]", re.MULTILINE
)
# Letters with an accent as their plain ones, one for one, so that places in both texts are the same.
_PLAIN = {
    code: base
    for code in range(0xC0, 0x250)
    if (base := unicodedata.normalize("NFKD", chr(code))[0]) != chr(code) and base.isascii()
} | {0x130: "I"}


def flat(text: str) -> str:
    """Without accents and of the same length."""
    return text if text.isascii() else text.translate(_PLAIN)


def marked(text: str, pattern: re.Pattern[str] | None) -> SafeString:
    """The text, escaped, with the hits in <mark>."""
    if pattern is None:
        return escape(text)
    parts, last = [], 0
    for hit in pattern.finditer(flat(text)):
        parts += [escape(text[last : hit.start()]), "<mark>", escape(text[hit.start() : hit.end()]), "</mark>"]
        last = hit.end()
    parts.append(escape(text[last:]))
    return mark_safe("".join(parts))  # noqa: S308 - every part is escaped


def has(text: str, pattern: re.Pattern[str] | None) -> bool:
    return pattern is not None and pattern.search(flat(text)) is not None


def passage(body: str, pattern: re.Pattern[str] | None) -> SafeString | None:
    """The words around the first hit in a Markdown text, with every hit in them marked; None when there is none."""
    hit = pattern.search(flat(body)) if pattern is not None else None
    if hit is None:
        return None
    start, end = max(0, hit.start() - BEFORE), min(len(body), hit.end() + AFTER)
    if start:
        start = _next_word(body, start, hit.start())
    if end < len(body):
        space = body.rfind(" ", hit.end(), end)
        end = space if space > 0 else end
    words = " ".join(_MARKS.sub(" ", body[start:end]).split())
    return mark_safe(  # noqa: S308 - the passage is escaped
        ("… " if start else "") + marked(words, pattern) + (" …" if end < len(body) else "")
    )


def _next_word(body: str, start: int, limit: int) -> int:
    space = body.find(" ", start, limit)
    return space + 1 if space >= 0 else start
