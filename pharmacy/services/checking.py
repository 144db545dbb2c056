"""What anybody learns of a prescription by its code."""

from dataclasses import dataclass
from datetime import date, datetime

from clinics.models import Clinic
from pharmacy.codes import clinic_code
from pharmacy.models import Prescription, PrescriptionState
from pharmacy.states import today_at
from precta.audit.services import record
from precta.templatetags.look import initials
from precta.tenancy import clinic_context


@dataclass(frozen=True, slots=True)
class Checked:
    """Initials and lines, and the days between which it counts; neither names nor the clinic, which can tell what it
    treats."""

    code: str
    state: PrescriptionState
    initials: str
    lines: list[dict[str, str]]
    issued_on: date
    valid_until: date | None
    replaced_on: date | None


def check_code(code: str) -> Checked | None:
    """The prescription of a normal code, at a suspended clinic, too; None when there is none.

    An unknown clinic costs the same questions as a known one: some other clinic is asked. What was found is written
    into its clinic's trail, what was not into the portal's.
    """
    some_clinic = Clinic.objects.order_by("pk").first()
    clinic = Clinic.objects.filter(code=clinic_code(code)).first()
    asked = clinic or some_clinic
    found = None
    if code and asked is not None:
        with clinic_context(asked):
            prescription = Prescription.objects.with_people().filter(verification_code=code).first()
            if prescription is not None and clinic is not None:
                found = _told(prescription, clinic)
                record("prescription.checked", resource=prescription, details={"state": found.state.value})
    if found is None:
        record("prescription.check_refused", resource=("prescription", None))
    return found


def _told(prescription: Prescription, clinic: Clinic) -> Checked:
    replacement = prescription.replacement
    return Checked(
        code=prescription.verification_code,
        state=prescription.state(today_at(clinic)),
        initials=initials(prescription.letterhead.get("patient") or prescription.patient.full_name),
        lines=prescription.medications,
        issued_on=_day(prescription.issued_at, clinic),
        valid_until=prescription.valid_until,
        replaced_on=_day(replacement.issued_at, clinic) if replacement is not None else None,
    )


def _day(moment: datetime, clinic: Clinic) -> date:
    return moment.astimezone(clinic.policy.tz).date()
