"""A few documents of the demo's patients, drawn here, through the real store: sealing costs time, so there are few."""

from datetime import datetime, timedelta
from functools import cache

from accounts.models import Patient
from appointments.models import Appointment, HiddenRecord, MedicalRecord, RecordType
from appointments.policies import SHOWS_RECORDS
from appointments.services.records import FOLDER, PREVIEW_TYPE
from precta.audit.services import record as note
from precta.devstack.demo.dice import Dice
from precta.devstack.demo.papers import A4, CARD, _saved, _sheet
from precta.files import store
from precta.files.checks import PDF, CheckedUpload
from precta.files.previews import preview_of

PATIENTS = 4  # at each clinic, beside the first patient of all
KINDS = (
    (
        RecordType.LAB_RESULT,
        "Full blood count",
        "application/pdf",
        (("Haemoglobin", "13.2 g/dl"), ("Platelets", "251")),
    ),
    (RecordType.IMAGING, "Chest X-ray, report", "application/pdf", (("Finding", "Lungs clear"), ("Heart", "Normal"))),
    (RecordType.PRESCRIPTION, "Prescription of last year", "image/png", (("Salbutamol", "2 puffs when needed"),)),
    (RecordType.OTHER, "Vaccination card", "image/png", (("Yellow fever", "2024"), ("Tetanus", "2023"))),
)


def add_documents(dice: Dice, amina: Patient, now: datetime) -> None:
    """In the active clinic: all four kinds for `amina`, one each for some others, and the looks of their doctors."""
    visits = Appointment.objects.filter(status__in=SHOWS_RECORDS).select_related("patient__user", "doctor__user")
    seen: dict[str, Appointment] = {}
    for visit in visits.order_by("-scheduled_at", "pk")[:200]:
        seen.setdefault(visit.patient_id, visit)
    hers = visits.filter(patient=amina).order_by("-scheduled_at").first()
    if hers is not None:
        for number in range(len(KINDS)):
            _keep(dice, hers, number, now)
    others = [visit for patient, visit in seen.items() if patient != amina.pk and visit.patient.user.has_email]
    for number, visit in enumerate(others[:PATIENTS]):
        _keep(dice, visit, number % len(KINDS), now)


def _keep(dice: Dice, visit: Appointment, number: int, now: datetime) -> None:
    kind, name, _content_type, _lines = KINDS[number]
    file, small = _drawn(number)
    made = MedicalRecord.objects.create(
        id=dice.id(),
        patient=visit.patient,
        type=kind,
        name=name,
        dated=(now - timedelta(days=dice.randint(20, 300))).date(),
        file_url=store.put(file, folder=FOLDER),
        preview_url=store.put(CheckedUpload(PREVIEW_TYPE, "webp", "preview.webp", small), folder=FOLDER),
        file_size_bytes=file.size,
        mime_type=file.content_type,
        uploaded_by=visit.patient.user,
        metadata={"sha256": file.sha256, "file_name": file.name},
    )
    note("record.uploaded", resource=made, user=visit.patient.user, details={"bytes": file.size})
    if kind == RecordType.OTHER:
        HiddenRecord.objects.create(id=dice.id(), record=made, doctor=visit.doctor)
    else:
        note("record.viewed", resource=made, user=visit.doctor.user, details={"visit": visit.pk})


@cache
def _drawn(number: int) -> tuple[CheckedUpload, bytes]:
    """The document and its small picture; every patient of the demo has the same."""
    _kind, name, content_type, lines = KINDS[number]
    is_pdf = content_type == PDF
    data = _saved(_sheet(A4 if is_pdf else CARD, name.upper(), list(lines)), "PDF" if is_pdf else "PNG")
    ending = "pdf" if is_pdf else "png"
    file = CheckedUpload(content_type, ending, f"{name.lower().replace(' ', '-')}.{ending}", data)
    return file, preview_of(data, content_type)
