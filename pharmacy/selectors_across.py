"""A person's prescriptions over all the clinics they have been to, in one statement.

As `appointments.selectors_across`: it names the schemas of the person's own ClinicPatient links and nothing else, and
filters each of them by the patients the person may act for. Suspended clinics are read too.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from accounts.models import Patient
from clinics.across import rows_across
from clinics.models import Clinic
from pharmacy.models import PrescriptionState
from precta import clock


@dataclass(frozen=True, slots=True)
class Issued:
    """One prescription as the list shows it."""

    id: str
    clinic: Clinic
    state: PrescriptionState
    issued_at: datetime
    valid_until: date | None
    medicines: list[str]
    patient_id: str
    patient_first_name: str
    doctor_name: str

    @property
    def state_label(self) -> str:
        return str(self.state.label)


@dataclass(frozen=True, slots=True)
class Prescriptions:
    """A stretch of the prescriptions of one state, and how many there are of every state."""

    rows: list[Issued]
    counts: dict[PrescriptionState, int]


# psycopg reads `%` as a placeholder, so no literal one may stand in these texts. A day ends by the clinic's own clock.
_BRANCH = """
SELECT {clinic} AS clinic_id, p.id, p.patient_id, p.doctor_id, p.issued_at, p.valid_until, p.medications,
       CASE WHEN EXISTS (SELECT FROM {schema}.pharmacy_prescription n WHERE n.replaces_id = p.id) THEN 'replaced'
            WHEN p.valid_until < {today} THEN 'expired'
            ELSE 'active' END AS state
  FROM {schema}.pharmacy_prescription p
 WHERE p.patient_id = ANY(%(patients)s)
"""
_WHOLE = """
WITH issued AS ({branches}),
counts AS (
  SELECT COUNT(*) FILTER (WHERE state = 'active') AS active, COUNT(*) FILTER (WHERE state = 'expired') AS expired,
         COUNT(*) FILTER (WHERE state = 'replaced') AS replaced
    FROM issued),
ranked AS (
  SELECT issued.*, ROW_NUMBER() OVER (ORDER BY issued_at DESC, id) AS rank FROM issued WHERE state = %(state)s)
SELECT counts.*, ranked.*, pt.first_name, d.first_name AS doctor_first_name, d.last_name AS doctor_last_name
  FROM counts
  LEFT JOIN (ranked JOIN public.accounts_patient pt ON pt.id = ranked.patient_id
                    JOIN public.accounts_doctor d ON d.id = ranked.doctor_id)
    ON ranked.rank BETWEEN %(first)s AND %(last)s
 ORDER BY ranked.rank
"""


def prescriptions_across(
    *,
    patients: Iterable[Patient],
    clinics: Sequence[Clinic],
    state: PrescriptionState,
    first: int = 1,
    size: int = 10,
    now: datetime | None = None,
) -> Prescriptions:
    """Prescriptions of `patients` at `clinics` in `state`, latest first, from the `first`-th (counted from 1).

    Asks one statement, or none without a patient or a clinic. The caller answers for `patients` being the asker's own.
    """
    patient_ids = [patient.pk for patient in patients]
    if not patient_ids or not clinics:
        return Prescriptions(rows=[], counts=dict.fromkeys(PrescriptionState, 0))
    by_id = {clinic.pk: clinic for clinic in clinics}
    parameters: dict[str, Any] = {
        "patients": patient_ids,
        "state": state.value,
        "first": first,
        "last": first + size - 1,
    }
    moment = now or clock.now()
    found = rows_across(
        clinics,
        branches=[_BRANCH],
        whole=_WHOLE,
        parameters=parameters,
        literals={"today": lambda clinic: moment.astimezone(clinic.policy.tz).date()},
    )
    counts = {state: found[0][state.value] for state in PrescriptionState}
    return Prescriptions(rows=[_issued(row, by_id) for row in found if row["id"] is not None], counts=counts)


def _issued(row: dict[str, Any], clinics: dict[str, Clinic]) -> Issued:
    lines = row["medications"] if isinstance(row["medications"], list) else json.loads(row["medications"])
    return Issued(
        id=row["id"],
        clinic=clinics[row["clinic_id"]],
        state=PrescriptionState(row["state"]),
        issued_at=row["issued_at"],
        valid_until=row["valid_until"],
        medicines=[line["name"] for line in lines],
        patient_id=row["patient_id"],
        patient_first_name=row["first_name"],
        doctor_name=f"Dr {row['doctor_first_name']} {row['doctor_last_name']}".strip(),
    )
