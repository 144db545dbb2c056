"""How often a day a medicine is taken, as doctors write it in English and Swahili.

Words are taken out of the text as they are understood. What says the same twice must agree, and no number and no span
of time may be left over: half understood is not understood, because a limit follows from it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from pharmacy.written import DAYS, NUMBER, OPEN, UNIT_OF, number_in, plain

MOST_A_DAY = 24
SAID = {"thrice": 3, "twice": 2, "once": 1}
LATIN = {"od": 1, "qd": 1, "stat": 1, "bd": 2, "bid": 2, "tds": 3, "tid": 3, "qds": 4, "qid": 4}
DAY_PARTS: dict[str, tuple[str, ...]] = {
    "morning": ("morning", "mornings", "asubuhi", "mane", "om"),
    "noon": ("noon", "midday", "mchana"),
    "afternoon": ("afternoon", "afternoons"),
    "evening": ("evening", "evenings", "jioni"),
    "night": ("night", "nights", "usiku", "nocte"),
    "bedtime": ("bedtime",),
}
PART_OF = {name: part for part, names in DAY_PARTS.items() for name in names}
MEALS = r"(?:every|each) (?:main )?meal|kila mlo"
SPANS = DAYS | {"fortnight": 14, "night": 1, "nights": 1, "morning": 1, "mornings": 1, "evening": 1, "evenings": 1}
ADVERBS = {"daily": 1, "weekly": 7, "fortnightly": 14, "monthly": 30, "yearly": 365}
WEEKDAYS = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    *("jumatatu", "jumanne", "jumatano", "alhamisi", "ijumaa", "jumamosi", "jumapili"),
)
ORDINALS = {"other": 2, "second": 2, "third": 3}


def _any(words: Iterable[str]) -> str:
    return "(?:" + "|".join(words) + ")"


N = NUMBER
UP_TO = r"(?:\s*(?:-|hadi|to|au|or)\s*"
SPAN, PERIOD = _any(SPANS), _any(("day", "siku", "week", "wiki", "fortnight", "month", "mwezi", "year", "mwaka"))
DOSES = _any(UNIT_OF)
HOURS = r"(?:hours?|hourly|hrs?|hrly|h)"
# "for 5 days", "x 2 weeks", "x 5/7"; "30 minutes before food"; "saa 2 usiku".
ASIDES = (
    rf"\b(?:for|x)\s*\d+{UP_TO}\d+)?\s*(?:days?|weeks?|months?|siku|wiki|miezi|mwezi)\b",
    r"\b(?:(?:for|x)\s*)?\d+/(?:7|52|12)\b",
    rf"\b(?:{N}|an?)(?:\s*-\s*\d+)?\s*(?:minutes?|mins?|hours?|hrs?|saa) (?:before|after|kabla|baada)\b",
    rf"\b(?:dakika|saa|masaa) {N} (?:kabla|baada)\b",
    r"\bsaa \d{1,2} (?:ya |za )?(?=asubuhi|mchana|jioni|usiku)",
)
# Left over, one of these says something that was not understood.
UNREAD = re.compile(
    r"\d|\b(?:hours?|hourly|hrly|saa|masaa|weeks?|weekdays?|weekends?|wiki|fortnights?|months?|mwezi|miezi|years?|mwaka"
    r"|miaka|every other|alternate(?:ly)?|alternating|bi|quarterly|annually|mon|tues?|wed|thurs?|fri|sat|sun"
    r"|then|kisha|halafu|awake)\b"
)


@dataclass(slots=True)
class _Reading:
    """What is left of the words, and what was said so far: so many `counts` in a `period` of days, and when."""

    words: str
    counts: set[Fraction] = field(default_factory=set)
    periods: set[int] = field(default_factory=set)
    clocks: set[str] = field(default_factory=set)
    parts: set[str] = field(default_factory=set)
    weekdays: set[str] = field(default_factory=set)
    doses: set[str] = field(default_factory=set)

    def take(self, pattern: str, tell: Callable[[re.Match[str]], object]) -> None:
        def told(match: re.Match[str]) -> str:
            tell(match)
            return " ; "

        self.words = re.sub(pattern, told, self.words)


def times_a_day(text: str) -> Fraction | None:
    """How often a day: "3 times a day", "Mara 3 kwa siku", "every 8 hours", "BD", "1+0+1", "once a week" (1/7)."""
    words = plain(text)
    if OPEN.search(words):
        return None
    if words == "on":
        return Fraction(1)  # omni nocte; within a sentence it is the English word
    often = _often(_read(words))
    return often if often is not None and 0 < often <= MOST_A_DAY else None


def is_single(text: str) -> bool:
    """Whether it is one dose and no more, whatever is said of days."""
    return plain(text) in {"stat", "once only", "single dose", "1 dose only", "mara 1 tu", "dozi 1"}


def _read(words: str) -> _Reading:
    words = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", words)
    words = re.sub(rf"\b{_any(SAID)}\b", lambda match: f"{SAID[match[0]]} times", words)
    words = re.sub(rf"\s*(?:x\s*/|/|\bx|(?<=\d)x)\s*(?={PERIOD}\b)", " times per ", words)
    said = _Reading(words)
    _hours(said)
    for aside in ASIDES:
        said.words = re.sub(aside, " ", said.words)
    said.take(r"\b(\d{1,2}(?:[ .]\d\d)? ?(?:am|pm))\b", lambda match: said.clocks.add(match[1]))
    said.take(rf"\b(?:{N} ?{DOSES}|{DOSES} {N})\b", lambda match: said.doses.add(match[1] or match[2]))
    _periods(said)
    _counts(said)
    said.take(MEALS, lambda match: said.counts.add(Fraction(3)))
    said.take(rf"\b{_any(LATIN)}\b", lambda match: said.counts.add(Fraction(LATIN[match[0]])))
    said.take(rf"\b{_any(PART_OF)}\b", lambda match: said.parts.add(PART_OF[match[0]]))
    said.take(rf"\b({_any(WEEKDAYS)})s?\b", lambda match: said.weekdays.add(match[1]))
    return said


def _hours(said: _Reading) -> None:
    """Every 8 hours is three times in a day."""

    def tell(match: re.Match[str]) -> None:
        hours = int(next(part for part in match.groups() if part))
        said.counts.add(Fraction(24, hours) if hours else Fraction(0))
        said.periods.add(1)

    most = rf"{UP_TO}\d+)?"
    said.take(rf"\b(?:every|each|kila(?: baada ya)?) (\d{{1,3}}){most} ?{HOURS}\b", tell)
    said.take(rf"\bkila (?:baada ya )?(?:saa|masaa) (\d{{1,3}})\b{most}", tell)
    said.take(rf"\b(\d{{1,2}}){most}[ -]?(?:hourly|hrly)\b|\bq ?(\d{{1,2}}) ?h\b", tell)


def _periods(said: _Reading) -> None:
    def tell(span: str, count: str | int = 1) -> None:
        said.periods.add(SPANS[span] * int(count))

    said.take(r"\b(?:kila baada ya siku(?: 1)?|siku 1 baada ya nyingine)\b(?! ?\d)", lambda match: tell("siku", 2))
    said.take(rf"\balternat(?:e|ing) ({SPAN})\b", lambda match: tell(match[1], 2))
    said.take(rf"\bevery ({_any(ORDINALS)}) ({SPAN})\b", lambda match: tell(match[2], ORDINALS[match[1]]))
    said.take(rf"\b(?:every|each) (\d{{1,3}}){UP_TO}\d+)? ({SPAN})\b", lambda match: tell(match[2], match[1]))
    said.take(rf"\bkila (?:baada ya )?({SPAN}) (\d{{1,3}})\b{UP_TO}\d+)?", lambda match: tell(match[1], match[2]))
    said.take(rf"\b(?:an?|per|each|every|kwa|kila) ({PERIOD})\b", lambda match: tell(match[1]))
    said.take(rf"\b({_any(ADVERBS)})\b", lambda match: said.periods.add(ADVERBS[match[1]]))


def _counts(said: _Reading) -> None:
    def tell(match: re.Match[str]) -> None:
        said.counts.add(max(number_in(part) for part in match.groups() if part))

    parts = r"(?<![\d./+-])([01])\s*[+-]\s*([01])\s*[+-]\s*([01])(?:\s*[+-]\s*([01]))?(?![\d./+-])"
    said.take(parts, lambda match: said.counts.add(Fraction(sum(int(part) for part in match.groups() if part))))
    said.take(rf"\b1\s*x\s*{N}\b(?!\s*x)(?: times)?", tell)
    said.take(rf"\bmara (?:za )?{N}{UP_TO}(?:mara )?{N})?", tell)
    said.take(rf"{N}(?: times)?{UP_TO}{N})?\s*(?:times?|x)\b(?: times)*(?!\s*\d)", tell)
    said.take(rf"\bx\s*{N}\b(?: times)*", tell)


def _often(said: _Reading) -> Fraction | None:
    parts = max(len(said.parts), len(said.clocks))
    if UNREAD.search(said.words) or any(len(found) > 1 for found in (said.counts, said.periods, said.doses)):
        return None
    if {"evening", "bedtime"} <= said.parts and "night" not in said.parts:
        return None  # one time or two
    if {"night", "bedtime"} <= said.parts:
        parts = max(len(said.parts) - 1, len(said.clocks))
    count = next(iter(said.counts), None)
    period = next(iter(said.periods), None)
    if said.weekdays:
        return _on_weekdays(said, count, period)
    if count is not None and parts > count:
        return None
    if parts > 1 and period not in {None, 1}:
        return None
    if count is None:
        count = Fraction(parts) if parts else Fraction(1) if period else None
    return count / (period or 1) if count is not None else None


def _on_weekdays(said: _Reading, count: Fraction | None, period: int | None) -> Fraction | None:
    """ "on Mondays", "once a week, on Monday", "Jumatatu na Alhamisi"; nothing that only resembles it."""
    days = len(said.weekdays)
    is_plain = set(said.words.split()) <= {";", "on", "every", "each", "and", "na", "kila", "siku", "ya", "only", "tu"}
    if not is_plain or len(said.parts) > 1 or said.clocks or period not in {None, 7} or count not in {None, days}:
        return None
    return Fraction(days, 7)
