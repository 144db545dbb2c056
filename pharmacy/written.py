"""The words that doctors write amounts in, in English and Swahili: numbers, units and spans of time."""

import re
import unicodedata
from fractions import Fraction

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
DAYS = {"day": 1, "days": 1, "siku": 1, "week": 7, "weeks": 7, "wiki": 7, "month": 30, "months": 30, "mwezi": 30}
DAYS |= {"miezi": 30, "year": 365, "years": 365, "mwaka": 365}
NUMBER = r"(\d+(?:\.\d+)?(?:\s*/\s*\d+)?)"
UNIT_OF = {word: unit for unit, words in UNITS.items() for word in words}
# Nobody knows how much that will be.
OPEN = re.compile(r"\b(as needed|when needed|if needed|as required|prn|sos|inapohitajika|ikihitajika|unapohitaji)\b")
_FRACTIONS = {"½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3"}


def number_in(text: str) -> Fraction:
    text = re.sub(r"\s", "", text)
    top, _, bottom = text.partition("/")
    return Fraction(top) / (Fraction(bottom) if bottom and int(bottom) else 1)


def plain(text: str) -> str:
    """Small letters, digits for words, "1 1/2" as 1.5, "1,000" as 1000, no accents."""
    for sign, digits in _FRACTIONS.items():
        text = text.replace(sign, digits)
    text = unicodedata.normalize("NFKD", text.casefold()).replace("×", "x").replace("–", "-").replace("—", "-")
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = re.sub(r"[^\w\s./+-]", " ", text)
    text = re.sub(r"[a-z]+", lambda match: str(NUMBERS.get(match[0], match[0])), text)
    text = re.sub(r"\b1/2 an? ", "1/2 ", text)
    text = re.sub(r"\b(\d+)\s+(?:na |and )?(1/2|1/4|3/4)\b", lambda m: str(float(int(m[1]) + Fraction(m[2]))), text)
    return re.sub(r"\s+", " ", text).strip()
