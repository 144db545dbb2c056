"""What doctors prescribed in the visits that are over: most of it old by now, some of it valid, one replaced."""

from datetime import datetime, timedelta

from accounts.models import Doctor
from appointments.models import Appointment, AppointmentStatus
from clinics.models import Clinic
from pharmacy.models import Prescription, PrescriptionTemplate
from pharmacy.services.issuing import letterhead_of
from pharmacy.warnings import warnings_for
from precta.devstack.demo.dice import Dice

SHARE = 0.35
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

Line = tuple[str, str, str, str, str]
# What is written together, with the days that it is valid.
COURSES: tuple[tuple[tuple[Line, ...], str, int], ...] = (
    (
        (
            ("Artemether and lumefantrine 20 mg/120 mg tablet", "4 tablets", "2 times a day", "3 days", "With food"),
            ("Paracetamol 500 mg tablet", "2 tablets", "3 times a day", "3 days", ""),
        ),
        "Come back if the fever lasts beyond three days.",
        7,
    ),
    (
        (("Amoxicillin 500 mg capsule", "1 capsule", "3 times a day", "5 days", "Finish all of it"),),
        "",
        14,
    ),
    (
        (
            ("Amlodipine 5 mg tablet", "1 tablet", "Once a day", "30 days", "In the morning"),
            ("Hydrochlorothiazide 25 mg tablet", "1 tablet", "Once a day", "30 days", ""),
        ),
        "Measure your blood pressure once a week and bring the figures along.",
        90,
    ),
    (
        (("Metformin 500 mg tablet", "1 tablet", "2 times a day", "30 days", "With the meal"),),
        "",
        90,
    ),
    (
        (
            ("Salbutamol 100 micrograms inhaler", "2 puffs", "When short of breath", "As needed", "Use the spacer"),
            ("Beclometasone 100 micrograms inhaler", "1 puff", "2 times a day", "30 days", "Rinse the mouth after it"),
        ),
        "",
        60,
    ),
    (
        (
            ("Oral rehydration salts 500 ml sachet", "1 sachet", "After each loose stool", "2 days", "In clean water"),
            ("Zinc sulfate 20 mg dispersible tablet", "1 tablet", "Once a day", "10 days", ""),
        ),
        "",
        7,
    ),
    (
        (("Cetirizine 10 mg tablet", "1 tablet", "Once a day", "7 days", "In the evening"),),
        "",
        30,
    ),
    (
        (("Clotrimazole 1% cream", "Thin layer", "2 times a day", "14 days", "On clean, dry skin"),),
        "",
        30,
    ),
    (
        (("Ibuprofen 400 mg tablet", "1 tablet", "3 times a day", "5 days", "After food"),),
        "",
        14,
    ),
)


class Pharmacy:
    """The prescriptions of one clinic."""

    def __init__(self, dice: Dice, clinic: Clinic, now: datetime) -> None:
        self.dice, self.clinic, self.now = dice, clinic, now

    def build(self, visits: list[Appointment]) -> list[Prescription]:
        over = [visit for visit in visits if visit.status == AppointmentStatus.COMPLETED]
        made = [self._written(visit, self._course(visit)) for visit in over if self.dice.chance(SHARE)]
        if made:
            latest = max(made, key=lambda one: one.issued_at)
            made.append(self._instead_of(latest))
        return made

    def templates(self, doctor: Doctor) -> list[PrescriptionTemplate]:
        """What the doctor whom visitors sign in as has kept."""
        named = (("Malaria, uncomplicated", COURSES[0]), ("Diarrhoea in children", COURSES[5]))
        return [
            PrescriptionTemplate(
                id=self.dice.id(), doctor=doctor, name=name, medications=_lines(lines), instructions=text
            )
            for name, (lines, text, _days) in named
        ]

    def _course(self, visit: Appointment) -> tuple[tuple[Line, ...], str, int]:
        """One that nothing stands against."""
        fine = [one for one in COURSES if not warnings_for(_lines(one[0]), allergies=visit.patient.allergies)]
        return self.dice.choice(fine)

    def _written(self, visit: Appointment, course: tuple[tuple[Line, ...], str, int]) -> Prescription:
        lines, instructions, days = course
        issued = min(visit.scheduled_at + timedelta(minutes=visit.duration_minutes), self.now)
        return Prescription(
            id=self.dice.id(),
            appointment=visit,
            patient=visit.patient,
            doctor=visit.doctor,
            medications=_lines(lines),
            instructions=instructions,
            valid_until=issued.astimezone(self.clinic.policy.tz).date() + timedelta(days=days),
            issued_at=issued,
            verification_code=self._code(),
            letterhead=letterhead_of(self.clinic, visit.doctor, visit.patient),
            idempotency_key=self.dice.id(),
        )

    def _instead_of(self, old: Prescription) -> Prescription:
        assert old.appointment is not None
        new = self._written(old.appointment, COURSES[6])
        new.issued_at = min(old.issued_at + timedelta(minutes=20), self.now)
        new.replaces = old
        new.replacement_reason = "The patient does not tolerate the first one"
        return new

    def _code(self) -> str:
        groups = ("".join(self.dice.choice(LETTERS) for _ in range(3)) for _ in range(7))
        return "-".join((self.clinic.code, *groups))


def _lines(lines: tuple[Line, ...]) -> list[dict[str, str]]:
    names = ("name", "dosage", "frequency", "duration", "instructions")
    return [dict(zip(names, line, strict=True)) for line in lines]
