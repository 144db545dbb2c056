"""A person's documents over all the clinics they have been to, in one statement (see `selectors_across`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from accounts.models import Patient
from appointments.models import RecordType
from clinics.across import rows_across
from clinics.models import Clinic


@dataclass(frozen=True, slots=True)
class RecordAcross:
    """One document as the list shows it."""

    id: str
    clinic: Clinic
    patient_id: str
    patient_first_name: str
    type: str
    name: str
    dated: date | None
    uploaded_at: datetime
    file_size_bytes: int
    mime_type: str

    @property
    def type_label(self) -> str:
        return str(RecordType(self.type).label)


# psycopg reads `%` as a placeholder, so no literal one may stand in these texts.
_BRANCH = """
SELECT {clinic} AS clinic_id, r.id, r.patient_id, r.type, r.name, r.dated, r.uploaded_at, r.file_size_bytes,
       r.mime_type
  FROM {schema}.appointments_medicalrecord r
 WHERE r.patient_id = ANY(%(patients)s) AND r.deleted_at IS NULL AND (%(kind)s = '' OR r.type = %(kind)s)
"""
_WHOLE = """
WITH records AS ({branches})
SELECT records.*, pt.first_name AS patient_first_name, COUNT(*) OVER () AS total
  FROM records JOIN public.accounts_patient pt ON pt.id = records.patient_id
 ORDER BY uploaded_at DESC, id
 LIMIT %(size)s OFFSET %(before)s
"""


def records_across(
    *, patients: Iterable[Patient], clinics: Sequence[Clinic], kind: str = "", first: int = 1, size: int = 12
) -> tuple[list[RecordAcross], int]:
    """Documents of `patients` at `clinics`, latest first, from the `first`-th (counted from 1); and how many in all.

    The total is 0 beyond the last one. The caller answers for `patients` being the asker's own.
    """
    ids = [patient.pk for patient in patients]
    if not ids or not clinics:
        return [], 0
    by_id = {clinic.pk: clinic for clinic in clinics}
    parameters: dict[str, Any] = {"patients": ids, "kind": kind, "size": size, "before": first - 1}
    found = rows_across(clinics, branches=[_BRANCH], whole=_WHOLE, parameters=parameters)
    total = found[0]["total"] if found else 0
    rows = [
        RecordAcross(clinic=by_id[row.pop("clinic_id")], **{name: row[name] for name in row if name != "total"})
        for row in found
    ]
    return rows, total
