"""Reading prescriptions of the active clinic, always within what the asker may see; and finding medicines."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from accounts.models import Doctor
from accounts.selectors import patients_of
from appointments.models import Appointment
from appointments.policies import SHOWS_RECORDS
from appointments.selectors_workspace import visits_of_doctor
from pharmacy.formulary import KnownMedicine, known_medicines
from pharmacy.models import Prescription, PrescriptionTemplate
from pharmacy.models.prescription import PrescriptionQuerySet
from pharmacy.names import words_of
from pharmacy.policies import Reader

MOST_FOUND = 12


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`label` is what is written into the line, `hint` what stands beside it: brands and other names."""

    label: str
    hint: str = ""


def search_medicines(asked: str = "", *, most: int | None = MOST_FOUND) -> list[Suggestion]:
    """Medicines of which each word of `asked` begins a word, best first; all of them for nothing.

    The one place that the writing form asks: a clinic's own catalogue joins here. The formulary needs no statement.
    """
    words = words_of(asked)
    ranked = []
    for medicine in known_medicines():
        hint = ", ".join(medicine.names[1:3])
        for label in medicine.labels:
            rank = _rank(words, medicine, label)
            if rank is not None:
                ranked.append((rank, Suggestion(label, hint)))
    ranked.sort(key=lambda found: found[0])  # of one rank by name, the usual strength first, as they are written
    return [suggestion for _rank, suggestion in ranked[:most]]


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
    """The patient's side reads its own; a doctor what they issued and whatever their patients here were prescribed, but
    not those who never came; staff who dispense all of the clinic."""
    rows = Prescription.objects.with_people()
    if reader.is_staff:
        return rows
    mine = Q(patient_id__in=patients_of(reader.user).order_by().values("pk"))
    if reader.doctor is not None:
        seen = visits_of_doctor(reader.doctor).filter(status__in=SHOWS_RECORDS).order_by().values("patient_id")
        mine |= Q(doctor=reader.doctor) | Q(patient_id__in=seen)
    return rows.filter(mine)


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
