"""Which medicines of the catalogue answer a line of a prescription, and how many packs of each the line comes to."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from fractions import Fraction
from functools import cache, partial
from math import ceil

from pharmacy.models import Medicine, MedicineForm
from pharmacy.names import meaning_of, telling_words
from pharmacy.quantities import Amount, amount_of, dose_of, unit_of

# Forms of which one can stand for the other, and what people call them.
FAMILIES: dict[str, tuple[str, ...]] = {
    "solid": (MedicineForm.TABLET, MedicineForm.CAPSULE),
    "liquid": (MedicineForm.SYRUP, MedicineForm.SUSPENSION, MedicineForm.SOLUTION),
    "drops": (MedicineForm.DROPS,),
    "powder": (MedicineForm.POWDER,),
    "skin": (MedicineForm.CREAM, MedicineForm.OINTMENT, MedicineForm.GEL),
    "spray": (MedicineForm.SPRAY,),
    "inhaler": (MedicineForm.INHALER,),
    "patch": (MedicineForm.PATCH,),
    "suppository": (MedicineForm.SUPPOSITORY,),
    "pessary": (MedicineForm.PESSARY,),
    "injection": (MedicineForm.INJECTION, MedicineForm.INFUSION),
}
FORM_WORDS: dict[str, str] = {
    **dict.fromkeys(("tablet", "tablets", "tab", "tabs", "kidonge", "vidonge", "tembe", "caplet", "caplets"), "solid"),
    **dict.fromkeys(("capsule", "capsules", "cap", "caps", "kapsuli"), "solid"),
    **dict.fromkeys(("syrup", "suspension", "solution", "elixir", "sirapu", "mixture"), "liquid"),
    **dict.fromkeys(("drops", "drop", "matone"), "drops"),
    **dict.fromkeys(("powder", "sachet", "sachets", "granules"), "powder"),
    **dict.fromkeys(("cream", "ointment", "gel", "krimu", "marhamu", "lotion"), "skin"),
    **dict.fromkeys(("spray", "sprays"), "spray"),
    **dict.fromkeys(("inhaler", "inhalers", "inhela"), "inhaler"),
    **dict.fromkeys(("patch", "patches"), "patch"),
    **dict.fromkeys(("suppository", "suppositories"), "suppository"),
    **dict.fromkeys(("pessary", "pessaries"), "pessary"),
    **dict.fromkeys(("injection", "infusion", "sindano", "vial", "ampoule"), "injection"),
}
# In "powder for injection" the last form counts, and these wherever they stand ("injection, solution").
TELLING_FAMILIES = ("injection", "inhaler")
IN_MG = {"mg": Fraction(1), "g": Fraction(1000), "mcg": Fraction(1, 1000), "micrograms": Fraction(1, 1000)}
IN_MG |= {"microgram": Fraction(1, 1000), "µg": Fraction(1, 1000), "μg": Fraction(1, 1000)}
_STRENGTH = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*(mg|mcg|micrograms?|µg|μg|g|iu|units?|%)(?![a-z])", re.IGNORECASE)
_WEIGHT = re.compile(r"\d[\d,]*(?:\.\d+)?\s*(?:mg|mcg|micrograms?|µg|μg|g)", re.IGNORECASE)
_PER = re.compile(r"/\s*(\d+(?:\.\d+)?)?\s*ml\b", re.IGNORECASE)


class Fit(IntEnum):
    """How well a medicine answers a line; the better one is smaller."""

    EXACT = 1
    OPEN = 2  # which strength or form is meant, the line does not say
    OTHER_STRENGTH = 3
    OTHER_FORM = 4


@dataclass(frozen=True, slots=True)
class Strength:
    """`parts` are what each substance weighs (mg, or as written for % and IU); `per_ml` when it is a concentration."""

    parts: tuple[Fraction, ...]
    unit: str
    per_ml: bool

    @property
    def total(self) -> Fraction:
        return sum(self.parts, Fraction(0))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a line says: by its name, and by a dosage that is a bare weight (`weight`). `unit` is what a dose is counted
    in."""

    substances: frozenset[str]
    words: frozenset[str]
    strength: Strength | None
    weight: Strength | None
    family: str | None
    unit: str | None
    amount: Amount | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A medicine that answers a line: how well, and how many packs the whole course needs (None: nobody can say)."""

    medicine: Medicine
    fit: Fit
    packs: int | None

    @property
    def is_exact(self) -> bool:
        return self.fit == Fit.EXACT

    @property
    def is_other_strength(self) -> bool:
        return self.fit == Fit.OTHER_STRENGTH

    @property
    def is_other_form(self) -> bool:
        return self.fit == Fit.OTHER_FORM

    @property
    def suggested(self) -> int:
        """One pack where the course cannot be reckoned."""
        return self.packs or 1

    @property
    def has_enough(self) -> bool:
        return self.medicine.stock >= self.suggested


@dataclass(slots=True)
class LineMatch:
    """A line and what the catalogue has for it, best first; nothing when the clinic does not keep it."""

    place: int
    line: Mapping[str, str]
    offers: list[Offer] = field(default_factory=list)

    @property
    def best(self) -> Offer | None:
        """What fills the basket by itself: an exact match of which there is enough."""
        return next((offer for offer in self.offers if offer.is_exact and offer.has_enough), None)

    @property
    def is_kept(self) -> bool:
        return bool(self.offers)


def wanted_of(line: Mapping[str, str]) -> Wanted:
    name, dose = line["name"], dose_of(line["dosage"])
    return Wanted(
        substances=frozenset(substances_of(name)),
        words=telling_words(name),
        strength=strength_of(name),
        weight=strength_of(line["dosage"]) if _WEIGHT.fullmatch(line["dosage"].strip()) else None,
        family=family_of(name),
        unit=dose.unit if dose is not None else None,
        amount=amount_of(line),
    )


@cache
def substances_of(name: str) -> frozenset[str]:
    return frozenset(meaning_of(name).substances)


def family_of(name: str) -> str | None:
    """The family of the form that a name speaks of."""
    found = [FORM_WORDS[word] for word in re.findall(r"[a-z]+", name.casefold()) if word in FORM_WORDS]
    return next((family for family in TELLING_FAMILIES if family in found), found[-1] if found else None)


def strength_of(text: str) -> Strength | None:
    """What "500 mg", "20 mg/120 mg", "120 mg/5 ml", "1%", "1,000 IU" says; None when nothing like it is written."""
    found = [(Fraction(number.replace(",", "")), unit.casefold()) for number, unit in _STRENGTH.findall(text)]
    if not found:
        return None
    unit = found[0][1]
    if unit in IN_MG:
        parts, kind = tuple(number * IN_MG[its] for number, its in found if its in IN_MG), "mg"
    else:
        parts, kind = tuple(number for number, its in found if its == unit), "%" if unit == "%" else "iu"
    per = _PER.search(text)
    if per is None:
        return Strength(parts, kind, per_ml=False)
    volume = Fraction(per[1] or 1)
    return Strength(tuple(part / volume for part in parts), kind, per_ml=True) if volume else None


def same_substance(wanted: Wanted, medicine: Medicine) -> bool:
    """Whether it acts by the same substances, all of them and no other; by its name where we know none."""
    if wanted.substances:
        return wanted.substances == frozenset(medicine.substances)
    if not wanted.words:
        return False
    names = (telling_words(medicine.generic_name), telling_words(medicine.brand_name))
    return any(words and words <= wanted.words for words in names)


def fit_of(wanted: Wanted, medicine: Medicine) -> Fit | None:
    """How `medicine` answers the line, None when it does not.

    Of another strength only where a whole number of it makes one of those that were prescribed: a half tablet, or a
    syrup of another concentration, is for the pharmacist to propose.
    """
    if not same_substance(wanted, medicine):
        return None
    theirs = strength_of(medicine.strength)
    family = _family_of(medicine)
    if wanted.family is not None and family != wanted.family:
        return Fit.OTHER_FORM if {wanted.family, family} == {"solid", "liquid"} and _need(wanted, medicine) else None
    ours = wanted.strength
    if ours is None and theirs is not None and theirs.unit == "mg" and not theirs.per_ml:
        ours = wanted.weight
    if ours is None:
        return Fit.EXACT if theirs is None else Fit.OPEN
    if theirs is None:
        return None
    if _equal(ours, theirs):
        return Fit.EXACT
    ratio = _ratio(ours, theirs)
    is_whole = ratio is not None and not theirs.per_ml and ratio.denominator == 1
    return Fit.OTHER_STRENGTH if is_whole and len(theirs.parts) == 1 else None


def packs_needed(wanted: Wanted, medicine: Medicine) -> int | None:
    """Packs of `medicine` that the whole course of the line takes, rounded up; None when its words do not say it."""
    need = _need(wanted, medicine)
    return max(1, ceil(need / medicine.pack_size)) if need is not None else None


def share_of(wanted: Wanted, medicine: Medicine, packs: int) -> Fraction:
    """Which part of the course `packs` of `medicine` are; a pack is all of one that cannot be reckoned."""
    need = _need(wanted, medicine)
    return Fraction(packs * medicine.pack_size) / need if need else Fraction(packs)


def packs_left(wanted: Wanted, medicine: Medicine, used: Fraction) -> int:
    """How many packs may still be had when `used` of the course has been ordered: what is missing, rounded up."""
    if used >= 1:
        return 0
    need = _need(wanted, medicine)
    return ceil((1 - used) * need / medicine.pack_size) if need else 1


def match_lines(lines: Sequence[Mapping[str, str]], medicines: Iterable[Medicine]) -> list[LineMatch]:
    """For each line what of `medicines` answers it, best first: the exact ones, those in stock, the brand that the
    line names, the cheaper course."""
    catalogue = list(medicines)
    matches = []
    for place, line in enumerate(lines):
        wanted = wanted_of(line)
        match = LineMatch(place, line)
        for medicine in catalogue:
            fit = fit_of(wanted, medicine)
            if fit is not None:
                match.offers.append(Offer(medicine, fit, packs_needed(wanted, medicine)))
        match.offers = sorted(_settled(wanted, match.offers), key=partial(_rank, wanted))
        matches.append(match)
    return matches


def _settled(wanted: Wanted, offers: list[Offer]) -> list[Offer]:
    """What the line leaves open is settled where the catalogue has one kind only, counted as the doses are; of several
    forms the patient chooses one when the line names none."""
    kinds = {(_family_of(offer.medicine), strength_of(offer.medicine.strength)) for offer in offers}
    if len(kinds) == 1:
        return [
            replace(offer, fit=Fit.EXACT) if offer.fit == Fit.OPEN and _is_counted_so(wanted, offer.medicine) else offer
            for offer in offers
        ]
    families = {_family_of(offer.medicine) for offer in offers if offer.is_exact}
    if wanted.family is None and len(families) > 1:
        return [replace(offer, fit=Fit.OPEN) if offer.is_exact else offer for offer in offers]
    return offers


def _is_counted_so(wanted: Wanted, medicine: Medicine) -> bool:
    """Nobody takes 5 ml of a tablet."""
    return wanted.unit in {None, "mg", "g", unit_of(medicine.pack_unit)}


def _family_of(medicine: Medicine) -> str | None:
    return next((name for name, forms in FAMILIES.items() if medicine.form in forms), None)


def _rank(wanted: Wanted, offer: Offer) -> tuple[object, ...]:
    brand = telling_words(offer.medicine.brand_name)
    is_named = bool(brand) and brand <= wanted.words
    cost = offer.medicine.price * offer.suggested
    return (offer.fit, not offer.has_enough, not is_named, cost, offer.medicine.pk)


def _need(wanted: Wanted, medicine: Medicine) -> Fraction | None:
    """The whole course in what the medicine's packs are counted in."""
    amount, unit = wanted.amount, unit_of(medicine.pack_unit)
    if amount is None or unit is None:
        return None
    theirs = strength_of(medicine.strength)
    if amount.unit == unit:
        ratio = _ratio(wanted.strength, theirs) if wanted.strength and theirs else None
        return amount.count * (ratio if ratio is not None else 1)
    if theirs is None or theirs.unit != "mg" or not theirs.total or unit not in {"piece", "ml"}:
        return None
    if theirs.per_ml != (unit == "ml"):
        return None
    weight = _weight(wanted, amount)
    return weight / theirs.total if weight is not None else None


def _weight(wanted: Wanted, amount: Amount) -> Fraction | None:
    """The whole course in mg."""
    if amount.unit == "mg":
        return amount.count
    if amount.unit == "g":
        return amount.count * 1000
    ours = wanted.strength
    if ours is None or ours.unit != "mg" or ours.per_ml != (amount.unit == "ml"):
        return None
    return amount.count * ours.total


def _equal(one: Strength, other: Strength) -> bool:
    """ "625 mg" of two substances together is "500 mg/125 mg"."""
    if (one.unit, one.per_ml) != (other.unit, other.per_ml):
        return False
    if len(one.parts) == len(other.parts):
        return sorted(one.parts) == sorted(other.parts)
    return one.total == other.total


def _ratio(ours: Strength, theirs: Strength) -> Fraction | None:
    """How many of theirs make one of ours."""
    if (ours.unit, ours.per_ml) != (theirs.unit, theirs.per_ml) or not theirs.total:
        return None
    return ours.total / theirs.total
