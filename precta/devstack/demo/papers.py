"""The papers of the demo's doctors, drawn here: every name, number and issuer is invented."""

import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from accounts.models import (
    CredentialType,
    DecisionKind,
    Doctor,
    DoctorCredential,
    User,
    VerificationDecision,
    VerificationStatus,
)
from precta.devstack.demo.dice import Dice
from precta.files import store
from precta.files.checks import CheckedUpload

COUNCIL = "Medical council of the demo"
A4 = (744, 1052)
CARD = (860, 540)
INK, QUIET, PAPER, EDGE = "#1d2b33", "#5c6b73", "#fbfaf5", "#0f6b6b"
ENDS_SOON = 25  # days; the second doctor of each clinic is being reminded
UNREADABLE = "The number and the last day cannot be read. Please upload a sharp copy of the whole page."


class Papers:
    """`credentials` and `decisions` are to be saved after their doctors."""

    def __init__(self, dice: Dice, today: date, now: datetime, admin: User) -> None:
        self.dice, self.today, self.now, self.admin = dice, today, now, admin
        self.credentials: list[DoctorCredential] = []
        self.decisions: list[VerificationDecision] = []

    def bring(self, doctor: Doctor, number: int) -> None:
        """The three papers of one doctor, in the state of the doctor's verification, and how it came to that."""
        rejected = doctor.verification_status == VerificationStatus.REJECTED
        verified = doctor.verification_status == VerificationStatus.VERIFIED
        sent = doctor.submitted_at or (doctor.verified_at or self.now) - timedelta(days=self.dice.randint(2, 5))
        decided = doctor.verified_at or sent + timedelta(days=1)
        if not doctor.license_number:
            return
        self._note(doctor, DecisionKind.SUBMITTED, doctor.user, sent)
        for kind, name, issuer in self._kinds(doctor):
            status = doctor.verification_status
            if rejected and kind != CredentialType.LICENSE:
                status = VerificationStatus.VERIFIED
            # Those who wait have papers of their own to look at; the others share one drawing of each kind.
            file = drawn(kind, *self._lines(doctor)) if not verified else common(kind)
            pending = status == VerificationStatus.PENDING
            reason = UNREADABLE if status == VerificationStatus.REJECTED else ""
            paper = DoctorCredential(
                id=self.dice.id(),
                doctor=doctor,
                type=kind,
                name=name,
                file_url=store.put(file, folder=f"credentials/{doctor.pk}"),
                content_type=file.content_type,
                size=file.size,
                sha256=file.sha256,
                original_name=file.name,
                issued_by=issuer,
                issued_at=self.today - timedelta(days=200),
                expires_at=self._last_day(number) if kind == CredentialType.LICENSE else None,
                verification_status=status,
                decided_by=None if pending else self.admin,
                decided_at=None if pending else decided,
                rejection_reason=reason,
            )
            paper.moment = sent  # type: ignore[attr-defined]
            self.credentials.append(paper)
            if not pending:
                self._note(doctor, _word(status), self.admin, decided, credential=paper, note=reason)
        if verified or rejected:
            self._note(doctor, _word(doctor.verification_status), self.admin, decided, note=doctor.verification_notes)

    def save(self) -> None:
        DoctorCredential.objects.bulk_create(self.credentials)
        VerificationDecision.objects.bulk_create(self.decisions)
        # auto_now_add has written today over every row.
        for paper in self.credentials:
            paper.uploaded_at = paper.moment  # type: ignore[attr-defined]
        for decision in self.decisions:
            decision.created_at = decision.moment  # type: ignore[attr-defined]
        DoctorCredential.objects.bulk_update(self.credentials, ["uploaded_at"])
        VerificationDecision.objects.bulk_update(self.decisions, ["created_at"])

    def _kinds(self, doctor: Doctor) -> Iterator[tuple[CredentialType, str, str]]:
        yield CredentialType.LICENSE, f"Practising licence {self.today.year}", COUNCIL
        yield CredentialType.DEGREE, "MBChB certificate", doctor.qualifications[0]["institution"]
        yield CredentialType.ID, "National identity card", "Registrar of the demo"

    def _lines(self, doctor: Doctor) -> tuple[str, str]:
        return doctor.full_name, doctor.license_number

    def _last_day(self, number: int) -> date:
        return self.today + timedelta(days=ENDS_SOON if number == 1 else 165)

    def _note(self, doctor: Doctor, kind: str, by: User, when: datetime, **extra: object) -> None:
        made = VerificationDecision(id=self.dice.id(), doctor=doctor, kind=kind, decided_by=by, **extra)
        made.moment = when  # type: ignore[attr-defined]
        self.decisions.append(made)


def _word(status: str) -> DecisionKind:
    return DecisionKind.APPROVED if status == VerificationStatus.VERIFIED else DecisionKind.REJECTED


@cache
def common(kind: str) -> CheckedUpload:
    return drawn(kind, "A doctor of the demo", "DEMO-0000")


def drawn(kind: str, name: str, number: str) -> CheckedUpload:
    """A paper that says on its face that it is invented: a PDF page, or a PNG of a card."""
    if kind == CredentialType.ID:
        sheet = _sheet(CARD, "IDENTITY CARD", [("Name", name), ("Number", f"{abs(hash_of(name)) % 10**8:08d}")])
        return CheckedUpload("image/png", "png", "identity-card.png", _saved(sheet, "PNG"))
    if kind == CredentialType.LICENSE:
        title, lines = "PRACTISING LICENCE", [("This is to certify that", name), ("Licence number", number)]
    else:
        title, lines = "DEGREE CERTIFICATE", [("Conferred upon", name), ("Degree", "Bachelor of Medicine and Surgery")]
    slug = title.lower().replace(" ", "-")
    return CheckedUpload("application/pdf", "pdf", f"{slug}.pdf", _saved(_sheet(A4, title, lines), "PDF"))


def hash_of(text: str) -> int:
    return sum(ord(c) * 7919**place for place, c in enumerate(text[:12]))


def _sheet(size: tuple[int, int], title: str, lines: list[tuple[str, str]]) -> Image.Image:
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    width, height = size
    pen.rectangle((24, 24, width - 24, height - 24), outline=EDGE, width=3)
    pen.rectangle((34, 34, width - 34, height - 34), outline=EDGE, width=1)
    pen.text((width / 2, 90), "REPUBLIC OF THE DEMO", fill=QUIET, font=_font(20), anchor="mm")
    pen.text((width / 2, 150), title, fill=EDGE, font=_font(38), anchor="mm")
    top = 240
    for label, value in lines:
        pen.text((width / 2, top), label, fill=QUIET, font=_font(20), anchor="mm")
        pen.text((width / 2, top + 44), value, fill=INK, font=_font(30), anchor="mm")
        top += 120
    pen.text(
        (width / 2, height - 64), "Specimen: invented for a demonstration", fill=QUIET, font=_font(18), anchor="mm"
    )
    return sheet


@cache
def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _saved(sheet: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    sheet.save(out, form, **({"resolution": 90.0} if form == "PDF" else {}))
    return out.getvalue()
