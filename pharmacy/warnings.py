"""What stands against a prescription: a listed allergy, or an active substance that the patient gets already.

A warning never forbids: the doctor may know better, and says why. What is not recognised is not warned of, so the
allergies themselves always stand beside the form.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext as _

from pharmacy.formulary import CLASSES, RELATED
from pharmacy.models import Prescription
from pharmacy.names import Meaning, classes_of, meaning_of, telling_words, words_of

LONGEST_REASON = 500
Line = Mapping[str, Any]


class Kind(StrEnum):
    ALLERGY = "allergy"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Warning:
    """`against` is the allergy as it is listed, or the other medicine; `shared` is what the two have in common: a
    substance, a class of CLASSES, or nothing but the name. `prescription_id` is where the other medicine stands, empty
    when it stands in the same form."""

    kind: Kind
    medicine: str
    against: str
    shared: str = ""
    is_related: bool = False
    prescription_id: str = ""

    @property
    def key(self) -> str:
        """The same warning has the same key whenever it is found: by it the form sends the reason."""
        told = "\n".join((self.kind, *words_of(self.medicine), "|", *words_of(self.against), self.prescription_id))
        return sha256(told.encode()).hexdigest()[:16]

    @property
    def sentence(self) -> str:
        shared = str(CLASSES.get(self.shared, self.shared))
        words = {"medicine": self.medicine, "against": self.against, "shared": shared}
        if self.kind == Kind.ALLERGY:
            if self.is_related:
                return _("Allergy “%(against)s”: %(medicine)s is related (%(shared)s).") % words
            if shared:
                return _("Allergy “%(against)s”: %(medicine)s belongs to it (%(shared)s).") % words
            return _("Allergy “%(against)s”: %(medicine)s is called the same.") % words
        if self.prescription_id:
            return (
                _("%(medicine)s: the patient gets %(shared)s already, by another prescription (%(against)s).") % words
            )
        return _("%(medicine)s: %(shared)s stands in this prescription twice (%(against)s).") % words


def warnings_for(
    lines: Sequence[Line], *, allergies: Iterable[str], others: Iterable[Prescription] = ()
) -> list[Warning]:
    """Every warning that `lines` give, in the order of the lines, each once.

    `others` are the patient's other active prescriptions at this clinic.
    """
    listed = [(allergy, meaning_of(allergy, forgiving=True)) for allergy in allergies]
    running = [
        (line["name"], _substances(line["name"]), prescription.pk)
        for prescription in others
        for line in prescription.medications
    ]
    found: list[Warning] = []
    before: list[tuple[str, frozenset[str], str]] = []
    for line in lines:
        name = line["name"]
        meaning = meaning_of(name)
        found += [warning for allergy, means in listed if (warning := _allergy(name, meaning, allergy, means))]
        substances = _substances(name)
        for other, theirs, prescription_id in before + running:
            if shared := sorted(substances & theirs):
                found.append(Warning(Kind.DUPLICATE, name, other, shared[0], prescription_id=prescription_id))
        before.append((name, substances, ""))
    return list({warning.key: warning for warning in found}.values())


def unanswered(warnings: Iterable[Warning], reasons: Mapping[str, str]) -> list[Warning]:
    """The warnings that no reason sets aside."""
    return [warning for warning in warnings if not reasons.get(warning.key, "").strip()]


def overrides_of(warnings: Iterable[Warning], reasons: Mapping[str, str]) -> list[dict[str, str]]:
    """What is kept of warnings that were set aside."""
    kept = []
    for warning in warnings:
        entry = {
            "kind": warning.kind.value,
            "medicine": warning.medicine,
            "against": warning.against,
            "shared": warning.shared,
            "reason": reasons[warning.key].strip(),
        }
        if warning.prescription_id:
            entry["prescription"] = warning.prescription_id
        kept.append(entry)
    return kept


def _allergy(name: str, meaning: Meaning, allergy: str, means: Meaning) -> Warning | None:
    if shared := sorted(meaning.substances & means.substances):
        return Warning(Kind.ALLERGY, name, allergy, shared[0])
    classes = set(means.classes).union(*(classes_of(substance) for substance in means.substances))
    if same := sorted(meaning.classes & classes):
        return Warning(Kind.ALLERGY, name, allergy, same[0])
    for one in sorted(classes):
        if related := sorted(meaning.classes.intersection(RELATED.get(one, ()))):
            return Warning(Kind.ALLERGY, name, allergy, related[0], is_related=True)
    if telling_words(name) & telling_words(allergy):
        return Warning(Kind.ALLERGY, name, allergy)
    return None


def _substances(name: str) -> frozenset[str]:
    """What the medicine holds; of one that we do not know, its name without strengths and forms."""
    known = meaning_of(name).substances
    if known:
        return known
    own = sorted(telling_words(name))
    return frozenset({" ".join(own)}) if own else frozenset()
