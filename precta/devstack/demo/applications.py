"""Clinics that want to join, so that the platform's queue has something to decide."""

from datetime import datetime, timedelta
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw, ImageFont

from accounts.models import Patient, User
from clinics.models import ApplicationStatus, ClinicApplication, RefusalReason
from precta.files.checks import check_upload
from precta.files.store import put

WEEKDAYS = {str(day): [["08:00", "17:00"]] for day in range(1, 6)}
APPLY = (
    ("Nakuru Children's Clinic", "nakuru-children", "Nakuru", "Kenyatta Avenue 21", "KMPDC/F/20418", 3),
    ("Nyeri Hill Medical Centre", "nyeri-hill", "Nyeri", "Kimathi Way 7, 2nd floor", "KMPDC/F/19977", 1),
    ("Lamu Dental Practice", "lamu-dental", "Lamu", "Harambee Street", "KMPDC/F/20001", 6),
)


def add_applications(applicants: list[Patient], admin: User, now: datetime) -> None:
    """Two that wait for an answer and one that was sent back."""
    for applicant, (name, slug, town, address, licence, days) in zip(applicants, APPLY, strict=False):
        sent = now - timedelta(days=days)
        paper = check_upload(_licence(name, town, licence))
        application = ClinicApplication(
            applicant=applicant.user,
            status=ApplicationStatus.WAITING,
            contact_name=applicant.full_name,
            contact_phone="+254700000100",
            name=name,
            slug=slug,
            description="Care for the whole family, on weekdays without appointment in the morning.",
            address=address,
            city=town,
            region=town,
            phone="+254700000101",
            email=f"hello@{slug}.precta.example",
            operating_hours=WEEKDAYS,
            licence_number=licence,
            licence_key="".join(c for c in licence.lower() if c.isalnum()),
            licence_file=put(paper, folder="clinic-licences"),
            licence_name=paper.name,
            licence_type=paper.content_type,
            terms_accepted_at=sent,
            submitted_at=sent,
        )
        if slug == APPLY[-1][1]:
            application.status = ApplicationStatus.REFUSED
            application.decided_at, application.decided_by = now - timedelta(days=5), admin
            application.reason_code = RefusalReason.LICENCE_UNREADABLE
        application.save()


def _licence(name: str, town: str, number: str) -> SimpleUploadedFile:
    paper = Image.new("RGB", (1000, 1300), "#fdfcf7")
    draw = ImageDraw.Draw(paper)
    draw.rectangle((40, 40, 960, 1260), outline="#0a6b62", width=6)
    lines = (
        (150, 44, "DEMONSTRATION LICENCE"),
        (260, 30, "of no value outside the Precta demo"),
        (480, 40, name),
        (560, 32, town),
        (720, 32, f"Licence number {number}"),
        (790, 32, "Valid until 31 December"),
    )
    for top, size, text in lines:
        draw.text((500, top), text, fill="#14202b", font=ImageFont.load_default(size), anchor="ma")
    out = BytesIO()
    paper.save(out, "PNG")
    return SimpleUploadedFile("licence.png", out.getvalue(), "image/png")
