"""What prescriptions add to the pages of a visit."""

from datetime import date
from typing import Any

from django.http import HttpRequest

from appointments.models import Appointment
from appointments.policies import may_doctor_see_records
from appointments.visit_parts import Audience, VisitPart, visit_part
from pharmacy.models import Prescription, PrescriptionState
from pharmacy.selectors import prescriptions_of_visit, running_besides
from pharmacy.services.issuing import WRITTEN_IN
from pharmacy.states import today_at


@visit_part(Audience.DOCTOR, order=30)
def of_doctor(request: HttpRequest, visit: Appointment) -> VisitPart | None:
    """What was prescribed in the visit, what else the patient gets from this clinic, and the way to write another.

    Beside a missed visit nothing of colleagues.
    """
    today = today_at(visit.clinic)
    issued = prescriptions_of_visit(visit)
    others = running_besides(visit, today) if may_doctor_see_records(visit) else []
    may_write = visit.status in WRITTEN_IN
    if not (issued or others or may_write):
        return None
    context = {
        "visit": visit,
        "issued": _with_state(issued, today),
        "others": _with_state(others, today),
        "may_write": may_write,
    }
    return VisitPart("pharmacy/doctor/_visit_part.html", context)


@visit_part(Audience.PATIENT, order=30)
def of_patient(request: HttpRequest, visit: Appointment) -> VisitPart | None:
    issued = prescriptions_of_visit(visit)
    if not issued:
        return None
    rows = _with_state(issued, today_at(visit.clinic))
    sells = visit.clinic.policy.sells_medicines
    to_order = [row["row"] for row in rows if sells and row["state"] == PrescriptionState.ACTIVE]
    return VisitPart("pharmacy/patient/_visit_part.html", {"issued": rows, "to_order": to_order})


def _with_state(rows: list[Prescription], today: date) -> list[dict[str, Any]]:
    return [{"row": row, "state": row.state(today)} for row in rows]
