"""What differs between two texts: line by line, and word by word within a line that was changed.

Nothing here is HTML: templates escape the pieces.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

# Beyond these sizes the comparison, which grows with the square, is not made: the lines stand whole under each other.
MOST_LINES = 1500
MOST_WORDS = 600
AROUND = 1
ALIKE = 0.3

Kind = Literal["same", "added", "removed", "left-out"]


@dataclass(frozen=True, slots=True)
class Line:
    """`pieces` are (text, whether just this differs)."""

    kind: Kind
    pieces: tuple[tuple[str, bool], ...] = ()


def differences(before: str, after: str) -> list[Line]:
    """The lines of both texts in order; of what stayed only those beside a change. Empty when nothing differs."""
    if before == after:
        return []
    old, new = before.split("\n"), after.split("\n")
    if max(len(old), len(new)) > MOST_LINES:
        return [*(_whole("removed", line) for line in old), *(_whole("added", line) for line in new)]
    lines: list[Line] = []
    matcher = SequenceMatcher(None, old, new)
    for group in matcher.get_grouped_opcodes(AROUND):
        if group[0][1]:
            lines.append(Line("left-out"))
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                lines += [_whole("same", line) for line in old[old_from:old_to]]
            elif tag == "replace":
                lines += _replaced(old[old_from:old_to], new[new_from:new_to])
            else:
                lines += [_whole("removed", line) for line in old[old_from:old_to]]
                lines += [_whole("added", line) for line in new[new_from:new_to]]
        if group[-1][2] < len(old):
            lines.append(Line("left-out"))
    return [line for at, line in enumerate(lines) if line.kind != "left-out" or not at or lines[at - 1] != line]


def _whole(kind: Kind, line: str) -> Line:
    return Line(kind, ((line, False),))


def _replaced(old: list[str], new: list[str]) -> Iterator[Line]:
    """Lines that took the place of as many others are compared by words, one with one."""
    if len(old) != len(new):
        yield from (_whole("removed", line) for line in old)
        yield from (_whole("added", line) for line in new)
        return
    for was, now in zip(old, new, strict=True):
        left, right = _words(was), _words(now)
        matcher = SequenceMatcher(None, left, right, autojunk=False)
        if max(len(left), len(right)) > MOST_WORDS or matcher.quick_ratio() < ALIKE:
            yield _whole("removed", was)
            yield _whole("added", now)
            continue
        codes = matcher.get_opcodes()
        yield Line("removed", tuple(_pieces(left, [(code[0], code[1], code[2]) for code in codes])))
        yield Line("added", tuple(_pieces(right, [(code[0], code[3], code[4]) for code in codes])))


def _words(line: str) -> list[str]:
    return re.findall(r"\s+|\w+|[^\w\s]", line)


def _pieces(words: list[str], codes: list[tuple[str, int, int]]) -> Iterator[tuple[str, bool]]:
    for tag, start, end in codes:
        if start < end:
            yield "".join(words[start:end]), tag != "equal"
