"""Words as the search compares them: lower case, without accents or signs, in English and Swahili."""

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache

from django.utils import translation

from accounts import specialties
from precta.text import printable

LONGEST_QUERY = 100
MOST_WORDS = 6
LONGEST_WORD = 40
# The part of two words that has to agree before one is taken for a slip of the other.
CLOSE_ENOUGH = 0.74

# What people type around the word that matters.
FILLERS = frozenset(
    """
    dr doctor doctors daktari madaktari prof mtaalamu wataalamu bingwa mabingwa specialist specialists best good near
    nearby nearest me my i need want looking find see book a an the of for and in at to with on
    wa ya la za cha vya kwa na katika karibu nami mimi nataka natafuta ninataka ninatafuta tafuta mzuri
    """.split()
)
_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = str.maketrans("", "", "'’ʼ`´")


def fold(text: str) -> str:
    """Lower case without accents: "Ng'ang'a" and "Ñandú" as "nganga" and "nandu"."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The folded words of a text, letters and digits only: safe to put into a tsquery or tsvector."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(fold(text))]


def typed(text: str) -> str:
    """What was typed as it is searched for and shown again, at most LONGEST_QUERY long."""
    return printable(text[: LONGEST_QUERY * 4])[:LONGEST_QUERY].strip()


def wanted(text: str) -> tuple[str, ...]:
    """The words of a query that are looked for; empty when there is nothing but fillers."""
    found = dict.fromkeys(word for word in words(text[: LONGEST_QUERY * 4]) if word not in FILLERS)
    return tuple(found)[:MOST_WORDS]


def tsquery(looked_for: Iterable[str]) -> str:
    """All words, each by its beginning: `'moyo':* & 'nai':*`, in the syntax of PostgreSQL's tsquery."""
    return " & ".join(f"'{word}':*" for word in looked_for)


@cache
def of_specialty(slug: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(names, further words) that lead to a specialty, in both languages."""
    known = specialties.BY_SLUG.get(slug)
    if known is None:
        return tuple(words(slug)), ()
    names: list[str] = []
    for language in ("en", "sw"):
        with translation.override(language):
            names += words(f"{known.name} {known.practitioner} {known.practitioners}")
    return tuple(dict.fromkeys(names)), tuple(dict.fromkeys(words(known.words)))


@cache
def vocabulary() -> tuple[str, ...]:
    """Every word of four letters or more that leads to some specialty."""
    known = (word for specialty in specialties.ALL for part in of_specialty(specialty.slug) for word in part)
    return tuple(dict.fromkeys(word for word in known if len(word) > 3 and word not in FILLERS))


def is_known(word: str) -> bool:
    return any(entry.startswith(word) for entry in vocabulary())


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `word` is probably a slip of."""
    found = get_close_matches(word, list(candidates), n=1, cutoff=CLOSE_ENOUGH)
    return found[0] if found else None
