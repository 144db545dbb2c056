"""How much a line of a prescription comes to: dose × how often × for how long, as doctors write in English and Swahili.

What cannot be read is never guessed: the caller then offers one pack and says so.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from pharmacy.frequencies import is_single, times_a_day
from pharmacy.written import DAYS, NUMBER, OPEN, UNIT_OF, UNITS, number_in, plain

# Millilitres in what people measure a syrup with; twenty drops of water are one of them.
IN_ML = {"ml": Fraction(1), "teaspoon": Fraction(5), "tablespoon": Fraction(15), "drop": Fraction(1, 20)}
WEIGHTS = {"mg", "g"}
LONGEST_DAYS = 366
AFTER = r"\b([a-z]+)\s*(\d{1,4})\b(?:\s*(?:-|hadi)\s*(\d{1,4})\b)?"
# "2 x 500 mg tablets", "two 500 mg tablets". Without the tablets nobody knows whether 2 x is twice a day.
PIECES_OF = re.compile(rf"{NUMBER}\s*(?:x\s*)?(?<![\d./]){NUMBER}\s*(m?g)\s+(?:{'|'.join(UNITS['piece'])})\b")
TIMES = re.compile(r"\d\s*x\s*\d")
BEFORE_WEIGHT = re.compile(rf"(?<![\d./])\d+\s+{NUMBER}\s*m?g\b")


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of `unit`: "piece" (tablets, capsules, sachets), "ml", "dose" (puffs), "g" or "mg"."""

    count: Fraction
    unit: str


def amount_of(line: Mapping[str, str]) -> Amount | None:
    """What the whole course of a prescription's line comes to, or None when its words do not say it."""
    dose, often, days = dose_of(line["dosage"]), times_a_day(line["frequency"]), days_of(line["duration"])
    if dose is None or often is None or days is None:
        return None
    return Amount(dose.count * (1 if is_single(line["frequency"]) else ceil(often * days)), dose.unit)


def dose_of(text: str) -> Amount | None:
    """One dose: "2 tablets", "1½ tabs", "Vidonge 2", "5 ml", "kijiko 1", "500 mg"; of "1-2 tablets" the larger."""
    words = plain(text)
    if match := PIECES_OF.search(words):
        return Amount(number_in(match[1]) * number_in(match[2]), match[3])
    if TIMES.search(words):
        return None
    before = re.findall(rf"{NUMBER}\s*([a-z]+)", words)
    after = [(number, unit) for unit, number in re.findall(rf"([a-z]+)\s*{NUMBER}", words)]
    # What a tablet or a spoonful holds is no second dose, and "tablet (500 mg)" is not 500 tablets.
    weighed = [one for one in _counted(before) if one[1] in WEIGHTS]
    whole = [one for one in _counted(before) if one not in weighed]
    found = whole or [one for one in _counted(after) if one[1] not in WEIGHTS]
    if not found and not BEFORE_WEIGHT.search(words):
        found = weighed
    if len({unit for _count, unit in found}) != 1:
        return None
    unit = found[0][1]
    count = max(count for count, _unit in found)
    if not count:
        return None
    return Amount(count * IN_ML[unit], "ml") if unit in IN_ML else Amount(count, unit)


def _counted(pairs: list[tuple[str, str]]) -> list[tuple[Fraction, str]]:
    return [(number_in(number), UNIT_OF[unit]) for number, unit in pairs if unit in UNIT_OF]


def unit_of(word: str) -> str | None:
    """In what an amount counts something called so ("tablets", "ml", "doses"): see `Amount`."""
    unit = UNIT_OF.get(word.casefold().strip())
    return "ml" if unit in IN_ML else unit


def days_of(text: str) -> int | None:
    """For how many days: "5 days", "Siku 5", "2 weeks", "wiki mbili", "mwezi 1", "5/7"."""
    words = plain(text)
    if OPEN.search(words):
        return None
    if match := re.search(r"\b(\d+)\s*/\s*(7|52|12)\b", words):
        days = int(match[1]) * {"7": 1, "52": 7, "12": 30}[match[2]]
        return days if 0 < days <= LONGEST_DAYS else None
    # "siku 5 hadi 7", "5-7 days": the longer.
    before = re.findall(r"\b(\d{1,4})\s*([a-z]+)", words)
    after = [(most or least, unit) for unit, least, most in re.findall(AFTER, words)]
    found = [int(number) * DAYS[unit] for number, unit in [*before, *after] if unit in DAYS]
    if not found and re.search(r"\b(single dose|stat|once only|dozi 1)\b", words):
        return 1
    if not found or not 0 < max(found) <= LONGEST_DAYS:
        return None
    return max(found)
