"""What the demo's doctors wrote about the visits that are over, and the one that goes on."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from appointments.models import Appointment, AppointmentStatus, Consultation, ConsultationAddendum
from precta.devstack.demo.dice import Dice

# What the patient came with → findings, diagnosis, plan.
CASES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Fever for two days": (
        (
            "Temperature 38.4 °C, pulse 96. Throat red, no pus. Rapid malaria test negative.",
            "Viral infection of the upper airways",
            "Rest and plenty to drink. Paracetamol against the fever, at most four times a day. Come back if the "
            "fever lasts longer than three more days.",
        ),
        (
            "Temperature 39.1 °C, shivering. Rapid malaria test positive.",
            "Uncomplicated malaria",
            "Artemether-lumefantrine for three days, with food. Drink a lot. Control on day three.",
        ),
    ),
    "Headache that comes back": (
        (
            "Blood pressure 124/78. Neck free, eyes and reflexes as they should be. Pain on one side, with nausea.",
            "Migraine without aura",
            "Ibuprofen at the first sign, on a full stomach. Keep a diary of sleep, meals and pain for four weeks.",
        ),
    ),
    "Blood pressure check": (
        (
            "Blood pressure 148/92, repeated 144/90. Heart sounds normal, no swelling of the legs.",
            "High blood pressure, not yet where we want it",
            "Tablets as before, in the morning. Less salt, a walk of half an hour a day. Measure at home and bring "
            "the list.",
        ),
        (
            "Blood pressure 128/82 after five minutes of rest. Pulse 72, regular.",
            "High blood pressure, well controlled",
            "Go on as before. Next control in three months.",
        ),
    ),
    "Cough, not getting better": (
        (
            "Temperature 37.2 °C, breathing 18 a minute. A few wheezes on both sides, no crackles. Oxygen 97 %.",
            "Acute bronchitis",
            "Drink a lot, steam twice a day. No antibiotic is needed. Come back with fever or breathlessness.",
        ),
    ),
    "Back pain after lifting": (
        (
            "Pain beside the lower spine on the right. Leg raising free, strength and feeling in the legs normal.",
            "Strained back muscles",
            "Stay in motion, warmth, ibuprofen for five days. Lift with bent knees. Come back at once with numbness.",
        ),
    ),
    "Skin rash on the arms": (
        (
            "Dry red patches in both elbows, scratched. No sign of infection.",
            "Atopic eczema",
            "Moisturise twice a day, hydrocortisone cream on the red patches for a week. Cotton, short nails.",
        ),
    ),
    "Results of the laboratory": (
        (
            "HbA1c 6.1 %, cholesterol 5.4 mmol/l, kidney values normal.",
            "Raised blood sugar, not yet diabetes",
            "Talked about food and movement. Repeat HbA1c in three months.",
        ),
    ),
    "Vaccination advice": (
        (
            "Vaccination card seen: tetanus and hepatitis B due. No fever, no earlier reaction.",
            "Vaccinations to be completed",
            "Tetanus today, hepatitis B in four and in twenty-four weeks. Bring the card each time.",
        ),
    ),
}
OTHERWISE = (
    (
        "Feels well. Blood pressure 118/76, pulse 70. Heart and lungs normal.",
        "Healthy, nothing found",
        "Nothing to do. Next routine check in a year.",
    ),
    (
        "Better than last time, eats and sleeps well. Examination as it should be.",
        "Recovering well",
        "Go on with what was agreed for one more week, then stop. Come back if it returns.",
    ),
)
PRIVATE = ("", "", "", "Worried about work; ask about sleep next time.", "Brother had the same. Keep it in mind.")
ADDED = "Laboratory called in the evening: the result is normal. The patient was told by phone."


def consultations(
    dice: Dice, visits: Iterable[Appointment], now: datetime
) -> tuple[list[Consultation], list[ConsultationAddendum]]:
    """A consultation for each visit that began, and a few additions. The last two days' notes are not all signed."""
    visits = list(visits)
    taken = {(v.doctor_id, v.scheduled_at) for v in visits if v.status != AppointmentStatus.CANCELLED}
    made, added = [], []
    for visit in visits:
        if visit.status == AppointmentStatus.IN_PROGRESS:
            made.append(_begun(dice, visit))
        elif visit.status == AppointmentStatus.COMPLETED:
            notes = _written(dice, visit, now, taken)
            made.append(notes)
            if notes.finished_at and dice.chance(0.04):
                at = min(notes.finished_at + timedelta(hours=6), now)
                added.append(
                    ConsultationAddendum(
                        id=dice.id(), consultation=notes, author=visit.doctor.user, text=ADDED, created_at=at
                    )
                )
    return made, added


def _begun(dice: Dice, visit: Appointment) -> Consultation:
    return Consultation(
        id=dice.id(),
        appointment=visit,
        started_at=visit.scheduled_at,
        reason=visit.notes,
        findings=_case(dice, visit)[0].partition(". ")[0] + ".",
        notes_version=2,
        notes_saved_at=visit.scheduled_at + timedelta(minutes=3),
    )


def _written(dice: Dice, visit: Appointment, now: datetime, taken: set[tuple[str, datetime]]) -> Consultation:
    began = visit.scheduled_at + timedelta(seconds=dice.randint(-240, 420))
    least = max(4, visit.duration_minutes // 2)
    ended = min(
        began + timedelta(minutes=dice.randint(least, visit.duration_minutes), seconds=dice.randint(0, 59)), now
    )
    findings, diagnosis, plan = _case(dice, visit)
    notes = Consultation(
        id=dice.id(),
        appointment=visit,
        started_at=began,
        ended_at=ended,
        reason=visit.notes,
        findings=findings,
        diagnosis=diagnosis,
        plan=plan,
        doctor_notes=dice.choice(PRIVATE),
        notes_version=dice.randint(3, 12),
        notes_saved_at=ended,
    )
    if dice.chance(0.3):
        notes.follow_up_recommended = True
        notes.follow_up_notes = dice.choice(("To see that it has healed.", "With the list of what was measured.", ""))
        at = visit.scheduled_at + timedelta(weeks=2)
        if (visit.doctor_id, at) not in taken:
            notes.follow_up_at, notes.follow_up_mode = at, visit.consultation_type
    signed = ended + timedelta(minutes=dice.randint(1, 40))
    is_recent = now - ended < timedelta(days=2)
    if signed < now and not (is_recent and dice.chance(0.15)):
        notes.finished_at = notes.notes_saved_at = signed
    return notes


def _case(dice: Dice, visit: Appointment) -> tuple[str, str, str]:
    return dice.choice(CASES.get(visit.notes, OTHERWISE))
