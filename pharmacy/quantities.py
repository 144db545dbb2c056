"""How much a line of a prescription comes to: dose × how often × for how long, as doctors write in English and Swahili.

What cannot be read is never guessed: the caller then offers one pack and says so.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

# Numbers that are written out.
NUMBERS = {
    **{
        "one": 1,
        "two": 2,
        "three": 3,
        "four": 4,
        "five": 5,
        "six": 6,
        "seven": 7,
        "eight": 8,
        "ten": 10,
        "half": "1/2",
    },
    **{"moja": 1, "mmoja": 1, "mbili": 2, "mawili": 2, "wawili": 2, "tatu": 3, "matatu": 3, "watatu": 3, "nne": 4},
    **{"manne": 4, "wanne": 4, "tano": 5, "matano": 5, "sita": 6, "saba": 7, "nane": 8, "tisa": 9, "kumi": 10},
    **{"kimoja": 1, "viwili": 2, "vitatu": 3, "vinne": 4, "vitano": 5, "nusu": "1/2"},
}
UNITS: dict[str, tuple[str, ...]] = {
    "piece": (
        *(
            "tablet",
            "tablets",
            "tab",
            "tabs",
            "caplet",
            "caplets",
            "capsule",
            "capsules",
            "cap",
            "caps",
            "pill",
            "pills",
        ),
        *("kidonge", "vidonge", "tembe", "kapsuli", "suppository", "suppositories", "pessary", "pessaries"),
        *(
            "sachet",
            "sachets",
            "pakiti",
            "patch",
            "patches",
            "ampoule",
            "ampoules",
            "vial",
            "vials",
            "lozenge",
            "lozenges",
        ),
    ),
    "ml": ("ml", "mls", "millilitre", "millilitres", "milliliter", "milliliters", "mililita"),
    "teaspoon": ("teaspoon", "teaspoons", "tsp", "kijiko", "vijiko"),
    "tablespoon": ("tablespoon", "tablespoons", "tbsp"),
    "drop": ("drop", "drops", "tone", "matone"),
    "dose": (
        "puff",
        "puffs",
        "dose",
        "doses",
        "dozi",
        "inhalation",
        "inhalations",
        "spray",
        "sprays",
        "pumzi",
        "mpulizo",
    ),
    "g": ("g", "gram", "grams", "gramu"),
    "mg": ("mg", "milligram", "milligrams", "miligramu"),
}
# Millilitres in what people measure a syrup with; twenty drops of water are one of them.
IN_ML = {"ml": Fraction(1), "teaspoon": Fraction(5), "tablespoon": Fraction(15), "drop": Fraction(1, 20)}
LATIN = {
    **{"od": 1, "qd": 1, "om": 1, "on": 1, "nocte": 1, "mane": 1, "stat": 1, "bd": 2, "bid": 2, "tds": 3, "tid": 3},
    **{"qds": 4, "qid": 4},
}
DAY_PARTS = ("morning", "noon", "afternoon", "evening", "night", "bedtime", "asubuhi", "mchana", "jioni", "usiku")
MEALS = ("every meal", "each meal", "kila mlo", "every main meal")
DAYS = {"day": 1, "days": 1, "siku": 1, "week": 7, "weeks": 7, "wiki": 7, "month": 30, "months": 30, "mwezi": 30}
DAYS |= {"miezi": 30, "year": 365, "mwaka": 365}
SAID = {"thrice": 3, "twice": 2, "once": 1}
WEEKLY = "a week|per week|weekly|each week|every week|kwa wiki|kila wiki"
DAILY = "daily|a day|per day|each day|every day|kila siku|kwa siku"
# Nobody knows how much that will be.
OPEN = re.compile(r"\b(as needed|when needed|if needed|as required|prn|sos|inapohitajika|ikihitajika|unapohitaji)\b")
LONGEST_DAYS = 366
MOST_A_DAY = 24
AFTER = r"\b([a-z]+)\s*(\d{1,4})\b(?:\s*(?:-|hadi)\s*(\d{1,4})\b)?"
NUMBER = r"(\d+(?:\.\d+)?(?:\s*/\s*\d+)?)"
_UNIT_OF = {word: unit for unit, words in UNITS.items() for word in words}
_FRACTIONS = {"½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3"}


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
    return Amount(dose.count * ceil(often * days), dose.unit)


def dose_of(text: str) -> Amount | None:
    """One dose: "2 tablets", "1½ tabs", "Vidonge 2", "5 ml", "kijiko 1", "500 mg"; of "1-2 tablets" the larger."""
    words = _plain(text)
    before = re.findall(rf"{NUMBER}\s*([a-z]+)", words)
    after = [(number, unit) for unit, number in re.findall(rf"([a-z]+)\s*{NUMBER}", words)]
    # What a tablet or a spoonful holds is no second dose, and "tablet (500 mg)" is not 500 tablets.
    weighed = [one for one in _counted(before) if one[1] in {"mg", "g"}]
    whole = [one for one in _counted(before) if one not in weighed]
    found = whole or [one for one in _counted(after) if one[1] not in {"mg", "g"}] or weighed
    if len({unit for _count, unit in found}) != 1:
        return None
    unit = found[0][1]
    count = max(count for count, _unit in found)
    if not count:
        return None
    return Amount(count * IN_ML[unit], "ml") if unit in IN_ML else Amount(count, unit)


def _counted(pairs: list[tuple[str, str]]) -> list[tuple[Fraction, str]]:
    return [(_number(number), _UNIT_OF[unit]) for number, unit in pairs if unit in _UNIT_OF]


def unit_of(word: str) -> str | None:
    """In what an amount counts something called so ("tablets", "ml", "doses"): see `Amount`."""
    unit = _UNIT_OF.get(word.casefold().strip())
    return "ml" if unit in IN_ML else unit


def times_a_day(text: str) -> Fraction | None:
    """How often a day: "3 times a day", "Mara 3 kwa siku", "every 8 hours", "kila saa 8", "BD", "1+0+1", "at night"."""
    words = _plain(text)
    if OPEN.search(words):
        return None
    often = _often(words)
    return often if often is not None and 0 < often <= MOST_A_DAY else None


def _often(words: str) -> Fraction | None:
    for read in (_of_parts, _of_hours, _of_counts, _of_words):
        often = read(words)
        if often is not None:
            return often
    return None


def _of_parts(words: str) -> Fraction | None:
    """1+0+1: morning, noon and night."""
    match = re.search(r"\b(\d)\s*[+x-]\s*(\d)\s*[+x-]\s*(\d)(?:\s*[+x-]\s*(\d))?\b", words)
    return Fraction(sum(int(part) for part in match.groups() if part)) if match else None


def _of_hours(words: str) -> Fraction | None:
    match = re.search(
        r"\b(?:every|each|kila(?: baada ya)?)\s*(?:saa|masaa)?\s*(\d{1,3})\b(.*)|\b(\d{1,2}) hourly\b", words
    )
    if match is None or not re.search(r"\b(hours?|hrs?|hourly|h|saa|masaa)\b", match[0]):
        return None
    hours = int(match[1] or match[3])
    return Fraction(24, hours) if hours else None


def _of_counts(words: str) -> Fraction | None:
    """ "3 times a day", "mara 3 kwa siku", "once a week", "every other day"."""
    if re.search(r"\b(every other day|alternate days?|kila baada ya siku|siku 1 baada ya nyingine)\b", words):
        return Fraction(1, 2)
    per = 7 if re.search(rf"\b({WEEKLY})\b", words) else 1
    if match := re.search(rf"\b(?:mara|mara za)\s*{NUMBER}|{NUMBER}\s*(?:times|x|time)\b|\bx\s*{NUMBER}", words):
        return _number(next(part for part in match.groups() if part)) / per
    said = next((count for word, count in SAID.items() if re.search(rf"\b{word}\b", words)), None)
    return Fraction(said, per) if said else None


def _of_words(words: str) -> Fraction | None:
    """ "BD", "with every meal", "morning and evening", "daily"."""
    if any(meal in words for meal in MEALS):
        return Fraction(3)
    if match := re.search(r"\b(" + "|".join(LATIN) + r")\b", words):
        return Fraction(LATIN[match[1]])
    parts = {part for part in DAY_PARTS if re.search(rf"\b{part}\b", words)}
    if parts:
        return Fraction(len(parts - {"bedtime"} if "night" in parts else parts))
    if re.search(rf"\b({WEEKLY})\b", words):
        return Fraction(1, 7)
    return Fraction(1) if re.search(rf"\b({DAILY})\b", words) else None


def days_of(text: str) -> int | None:
    """For how many days: "5 days", "Siku 5", "2 weeks", "wiki mbili", "mwezi 1", "5/7"."""
    words = _plain(text)
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


def _number(text: str) -> Fraction:
    text = re.sub(r"\s", "", text)
    top, _, bottom = text.partition("/")
    return Fraction(top) / (Fraction(bottom) if bottom and int(bottom) else 1)


def _plain(text: str) -> str:
    """Small letters, digits for words, "1 1/2" as 1.5, no accents."""
    for sign, digits in _FRACTIONS.items():
        text = text.replace(sign, digits)
    text = unicodedata.normalize("NFKD", text.casefold()).replace("×", "x").replace("–", "-").replace("—", "-")
    text = re.sub(r"[^\w\s./+-]", " ", text)
    text = re.sub(r"[a-z]+", lambda match: str(NUMBERS.get(match[0], match[0])), text)
    text = re.sub(r"\b1/2 an? ", "1/2 ", text)
    text = re.sub(r"\b(\d+)\s+(?:na |and )?(1/2|1/4|3/4)\b", lambda m: str(float(int(m[1]) + Fraction(m[2]))), text)
    return re.sub(r"\s+", " ", text).strip()
