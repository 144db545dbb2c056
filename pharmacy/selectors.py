"""Reading prescriptions of the active clinic, always within what the asker may see; and finding medicines."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Doctor, User
from accounts.selectors import patients_of
from appointments.models import Appointment
from appointments.policies import SHOWS_RECORDS
from appointments.selectors_workspace import visits_of_doctor
from pharmacy.formulary import KnownMedicine, known_medicines
from pharmacy.models import Prescription, PrescriptionTemplate
from pharmacy.models.prescription import PrescriptionQuerySet
from pharmacy.names import words_of
from pharmacy.policies import Reader
from pharmacy.selectors_catalogue import medicines_on_sale
from precta.tenancy import current_clinic

MOST_FOUND = 12
# Articles that one search of the doctor looks at: more than a clinic's pharmacy keeps.
MOST_SEARCHED = 5_000
FORM_WORDS = {"powder": "sachet", "other": ""}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`label` is what is written into the line, `hint` what stands beside it: brands and other names.

    `stocked` is None for what the clinic's own pharmacy does not sell, else whether it has packs of it.
    """

    label: str
    hint: str = ""
    stocked: bool | None = None

    @property
    def said(self) -> str:
        """What stands beside the label: the other names, and whether the clinic's own pharmacy has it."""
        here = {True: _("in stock at our pharmacy"), False: _("our pharmacy is out of it"), None: ""}[self.stocked]
        return " · ".join(filter(None, (here, self.hint)))


def search_medicines(asked: str = "", *, most: int | None = MOST_FOUND, own: bool = True) -> list[Suggestion]:
    """Medicines of which each word of `asked` begins a word, best first; all of them for nothing.

    The one place that the writing form asks. What the clinic's own pharmacy sells comes first, what is in stock before
    what is not, for one statement; the formulary needs none. `own=False` leaves the catalogue out.
    """
    words = words_of(asked)
    found = _in_catalogue(words, most) if own and _sells_here() else []
    known = {suggestion.label.casefold() for suggestion in found}
    ranked = []
    for medicine in known_medicines():
        hint = ", ".join(medicine.names[1:3])
        for label in medicine.labels:
            rank = _rank(words, medicine, label)
            if rank is not None and label.casefold() not in known:
                ranked.append((rank, Suggestion(label, hint)))
    ranked.sort(key=lambda found: found[0])  # of one rank by name, the usual strength first, as they are written
    return [*found, *(suggestion for _place, suggestion in ranked)][:most]


def _sells_here() -> bool:
    clinic = current_clinic()
    return clinic is not None and clinic.policy.sells_medicines


def _in_catalogue(words: list[str], most: int | None) -> list[Suggestion]:
    """What is on sale, each name once however many packs and brands there are of it. One statement.

    Words are compared as in the formulary, by their sound ("amoksilin"), which the database does not know: a pharmacy
    keeps some hundred articles, and they are compared here.
    """
    rows = medicines_on_sale().order_by("generic_name", "strength", "form", "brand_name", "pk")
    labels: dict[str, tuple[int, set[str], bool]] = {}
    fields = ("generic_name", "brand_name", "substances", "strength", "form", "stock")
    for name, brand, substances, strength, form, stock in rows.values_list(*fields)[:MOST_SEARCHED]:
        theirs = [_heard(text) for text in (name, brand, *substances, strength, form, *_also(name))]
        if not all(any(word.startswith(one) for text in theirs for word in text) for one in words):
            continue
        begins = (place for place, text in enumerate(theirs) if text and words and text[0].startswith(words[0]))
        first = next(begins, len(theirs) if words else 0)
        label = " ".join(filter(None, (name, strength, _form_word(form))))
        rank, brands, stocked = labels.get(label, (first, set(), False))
        labels[label] = (min(rank, first), brands | ({brand} if brand else set()), stocked or stock > 0)
    ordered = sorted(labels.items(), key=lambda one: (not one[1][2], one[1][0]))
    return [
        Suggestion(label, ", ".join(sorted(brands)[:3]), stocked) for label, (_place, brands, stocked) in ordered[:most]
    ]


@lru_cache(maxsize=20_000)
def _heard(text: str) -> tuple[str, ...]:
    """`words_of`, kept: the same names come up with every letter that a doctor types."""
    return tuple(words_of(text))


@lru_cache(maxsize=2_000)
def _also(name: str) -> tuple[str, ...]:
    """What the formulary calls the medicine besides: a doctor who asks for a brand finds what the shelf has of it."""
    known = next((one for one in known_medicines() if one.name.casefold() == name.casefold()), None)
    return known.names[1:] if known is not None else ()


def _form_word(form: str) -> str:
    """As it stands on a prescription, in English like the formulary; "other" says nothing."""
    return FORM_WORDS.get(form, form)


def _rank(words: list[str], medicine: KnownMedicine, label: str) -> int | None:
    """0 when the name itself begins so, 1 when another name does, 2 for anything within; None when it is not meant."""
    if not words:
        return 0
    theirs = words_of(label)
    also = [word for name in medicine.names[1:] for word in words_of(name)]
    if not all(any(word.startswith(asked) for word in (*theirs, *also)) for asked in words):
        return None
    if theirs[0].startswith(words[0]):
        return 0
    return 1 if any(words_of(name)[0].startswith(words[0]) for name in medicine.names[1:]) else 2


def readable_by(reader: Reader) -> PrescriptionQuerySet:
    """The patient's side reads its own; a doctor what they issued and, while verified, whatever their patients here
    were prescribed, but not those who never came; staff who dispense all of the clinic."""
    rows = Prescription.objects.with_people()
    if reader.is_staff:
        return rows
    mine = Q(patient_id__in=patients_of(reader.user).order_by().values("pk"))
    if reader.doctor is not None:
        mine |= Q(doctor=reader.doctor)
    if reader.doctor is not None and reader.doctor.is_verified:
        seen = visits_of_doctor(reader.doctor).filter(status__in=SHOWS_RECORDS).order_by().values("patient_id")
        mine |= Q(patient_id__in=seen)
    return rows.filter(mine)


def own_prescriptions(user: User) -> PrescriptionQuerySet:
    """Of the patients whom `user` may act for; nobody else's."""
    return Prescription.objects.with_people().filter(patient_id__in=patients_of(user).order_by().values("pk"))


def issued_by(doctor: Doctor) -> PrescriptionQuerySet:
    """What this doctor issued at the active clinic."""
    return Prescription.objects.with_people().filter(doctor=doctor)


def prescriptions_of_visit(visit: Appointment) -> list[Prescription]:
    """Everything that was prescribed in the visit, oldest first; the caller may see the visit."""
    return list(Prescription.objects.with_people().filter(appointment=visit).order_by("issued_at", "pk"))


def running_besides(visit: Appointment, today: date) -> list[Prescription]:
    """The patient's active prescriptions at this clinic from other visits, latest first."""
    rows = Prescription.objects.active(today).with_people().filter(patient_id=visit.patient_id)
    return list(rows.exclude(appointment=visit).order_by("-issued_at", "pk"))


def templates_of(doctor: Doctor) -> list[PrescriptionTemplate]:
    """The doctor's own, by name."""
    return list(PrescriptionTemplate.objects.filter(doctor=doctor))
