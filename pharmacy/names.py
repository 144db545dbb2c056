"""Which substances and classes a text speaks of, in English or Swahili, as people spell them.

Swahili writes medicines by their sound ("penisilini", "amoksisilini"), and so do many in English; both are folded to
the same letters before they are compared.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from pharmacy.formulary import BETA_LACTAMS, KnownMedicine, known_medicines

WORD = re.compile(r"[^\W_]+")
LONGEST_PHRASE = 6
# What these words say of a medicine's class; folded like everything else.
CLASS_WORDS: dict[str, tuple[str, ...]] = {
    "penicillins": ("penicillin", "penicillins", "penicillines", "pensilini", "peniseli"),
    "cephalosporins": ("cephalosporin", "cephalosporins", "cefalosporins", "sefalosporini"),
    "carbapenems": ("carbapenem", "carbapenems"),
    "sulfonamides": (
        *("sulfa", "sulpha", "salfa", "sulfur", "sulphur", "salfuri"),
        *("sulfonamide", "sulfonamides", "sulphonamides", "sulfonamidi"),
    ),
    "nsaids": (
        *("nsaid", "nsaids", "anti inflammatory", "anti inflammatories", "antiinflammatory"),
        *("non steroidal anti inflammatory drugs", "asprini", "aspirini", "painkillers", "pain killers"),
        *("dawa za maumivu", "dawa za kutuliza maumivu", "dawa ya maumivu"),
    ),
    "opioids": ("opioid", "opioids", "opiate", "opiates", "mofini", "opioidi", "painkillers", "pain killers"),
    "macrolides": ("macrolide", "macrolides", "eritromaisini", "erithromaisini"),
    "quinolones": ("quinolone", "quinolones", "fluoroquinolones", "fluoroquinolone"),
    "tetracyclines": ("tetracyclines", "tetrasaiklini"),
    "aminoglycosides": ("aminoglycoside", "aminoglycosides"),
    "nitroimidazoles": ("nitroimidazole", "nitroimidazoles"),
    "azoles": ("azole", "azoles", "azole antifungals"),
    "cinchona": ("cinchona", "kwinini"),
    "artemisinins": ("artemisinin", "artemisinins", "artemisinini"),
    "ace-inhibitors": ("ace inhibitor", "ace inhibitors"),
    "statins": ("statin", "statins"),
    "aromatic-antiepileptics": ("anticonvulsants", "antiepileptics"),
    "local-anaesthetics": ("local anaesthetic", "local anaesthetics", "local anesthetics", "ganzi"),
    "heparins": ("heparins",),
    "rifamycins": ("rifamycin", "rifamycins"),
}
SEVERAL_CLASSES = {"beta lactam": BETA_LACTAMS, "beta lactams": BETA_LACTAMS, "betalactam": BETA_LACTAMS}
# How substances are called besides, mostly by ear.
SUBSTANCE_WORDS = {
    "amoksilini": "amoxicillin",
    "amoxylin": "amoxicillin",
    "septirini": "sulfamethoxazole",
    "panado": "paracetamol",
    "kloramfenikoli": "chloramphenicol",
    "fenobabitoni": "phenobarbital",
}
# Too common in names of medicines to tell one from another.
COMMON = frozenset(
    """
    acid acute allergic allergies allergy alergi and any baada cannot capsule capsules chloride cream dawa drops drug
    drugs eats food from gel hakuna have hydrochloride infusion injection kali kabla known kwa kuna kwamba lotion mara
    medicine medicines mgonjwa mzio mild modified none nyingine ointment oral patch phosphate potassium powder reaction
    release severe sindano sodium solution sulfate sulphate suspension syrup tablet tablets tembe the vidonge with yote
    zote micrograms units cap tab inj
    """.split()
)
_FOLDS = (
    *(("ph", "f"), ("th", "t"), ("kh", "k"), ("x", "ks"), ("ck", "k"), ("sch", "sk")),
    *(("ce", "se"), ("ci", "si"), ("cy", "si"), ("ch", "k"), ("c", "k"), ("qu", "kw"), ("q", "k")),
    *(("y", "i"), ("z", "s"), ("w", "v")),
)
SHORTEST_TYPO = 7


@dataclass(frozen=True, slots=True)
class Meaning:
    """What was found in a text."""

    substances: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()


def fold(word: str) -> str:
    """The word by its sound: "Penicillin", "penisilini" and "penicilin" are all "penisilin"."""
    bare = unicodedata.normalize("NFKD", word.casefold())
    bare = "".join(character for character in bare if not unicodedata.combining(character))
    for written, heard in _FOLDS:
        bare = bare.replace(written, heard)
    bare = re.sub(r"([^\W\d])\1", r"\1", bare)
    if len(bare) > 4 and not bare[-1].isdigit():
        bare = re.sub(r"[aeio]$", "", bare)
    return bare


def words_of(text: str) -> list[str]:
    """The folded words of a text."""
    return [fold(word) for word in WORD.findall(text)]


def telling_words(text: str) -> frozenset[str]:
    """The folded words that may name something: neither numbers nor units nor what every medicine is called."""
    return frozenset(
        fold(word)
        for word in WORD.findall(text.casefold())
        if len(word) > 3 and word not in COMMON and not any(character.isdigit() for character in word)
    )


def meaning_of(text: str, *, forgiving: bool = False) -> Meaning:
    """The substances and classes that `text` names. `forgiving` lets one letter of a long word be wrong, too."""
    substances: set[str] = set()
    classes: set[str] = set()
    for phrase in _phrases(words_of(text)):
        found = _index().get(phrase) or (_typo(phrase) if forgiving and len(phrase) == 1 else None)
        if found is not None:
            substances |= found.substances
            classes |= found.classes
    return Meaning(frozenset(substances), frozenset(classes))


def substances_of(name: str) -> list[str]:
    """What the medicine `name` acts by, as the formulary lists it; empty when nothing of it is known there."""
    known = _by_name().get(tuple(words_of(name)))
    return list(known) if known is not None else sorted(meaning_of(name).substances)


@cache
def _by_name() -> dict[tuple[str, ...], tuple[str, ...]]:
    """The folded words of every name → what the medicine acts by; the first one of a name has it."""
    named: dict[tuple[str, ...], tuple[str, ...]] = {}
    for medicine in known_medicines():
        for name in medicine.names:
            named.setdefault(tuple(words_of(name)), medicine.substances)
    return named


def _phrases(words: list[str]) -> Iterator[tuple[str, ...]]:
    for start in range(len(words)):
        for end in range(start + 1, min(start + LONGEST_PHRASE, len(words)) + 1):
            yield tuple(words[start:end])


@cache
def classes_of(substance: str) -> frozenset[str]:
    """The classes of one substance: those of every medicine that holds nothing else."""
    own = (one.classes for one in known_medicines() if one.substances == (substance,))
    return frozenset(found for classes in own for found in classes)


@cache
def _index() -> dict[tuple[str, ...], Meaning]:
    index: dict[tuple[str, ...], Meaning] = {}

    def add(text: str, meaning: Meaning) -> None:
        phrase = tuple(words_of(text))
        if sum(map(len, phrase)) < 3:
            return
        known = index.get(phrase, Meaning())
        index[phrase] = Meaning(known.substances | meaning.substances, known.classes | meaning.classes)

    for medicine in known_medicines():
        for name in medicine.names:
            add(name, _whole(medicine))
    for medicine in known_medicines():
        for substance in medicine.substances:
            # "Penicillin" alone is a class and no substance; everything else stands for itself.
            if tuple(words_of(substance)) not in index:
                add(substance, Meaning(frozenset({substance}), classes_of(substance)))
    for word, substance in SUBSTANCE_WORDS.items():
        add(word, Meaning(frozenset({substance}), classes_of(substance)))
    for kind, words in CLASS_WORDS.items():
        for word in words:
            add(word, Meaning(classes=frozenset({kind})))
    for word, kinds in SEVERAL_CLASSES.items():
        add(word, Meaning(classes=frozenset(kinds)))
    return index


def _whole(medicine: KnownMedicine) -> Meaning:
    return Meaning(frozenset(medicine.substances), frozenset(medicine.classes))


@cache
def _long_words() -> tuple[str, ...]:
    return tuple(phrase[0] for phrase in _index() if len(phrase) == 1 and len(phrase[0]) >= SHORTEST_TYPO)


@lru_cache(maxsize=20_000)  # a list that is read in names the same few hundred over and over
def _typo(phrase: tuple[str, ...]) -> Meaning | None:
    word = phrase[0]
    if len(word) < SHORTEST_TYPO:
        return None
    for known in _long_words():
        if _one_apart(word, known):
            return _index()[(known,)]
    return None


def _one_apart(one: str, other: str) -> bool:
    """Whether one letter more, less or another one makes the same word, or two that changed places."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    place = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[place:] == other[place + 1 :]
    swapped = one[place : place + 2] == other[place : place + 2][::-1] and one[place + 2 :] == other[place + 2 :]
    return one[place + 1 :] == other[place + 1 :] or swapped
