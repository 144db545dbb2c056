"""A person's visits over all the clinics they have been to, in one statement.

Like every reader that crosses clinic schemas (documents, the history, prescriptions, orders, reviews) it names the
schemas of the person's own ClinicPatient links and nothing else, and filters each of them by the patients the person
may act for. Suspended clinics are read too: their patients keep what is theirs.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from accounts.models import Patient
from appointments import reasons
from appointments.models import AppointmentStatus
from clinics.across import rows_across
from clinics.models import Clinic
from precta import clock


class VisitKind(StrEnum):
    COMING = "coming"
    PAST = "past"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit as lists show it; `paid` and `returned` are sums of completed payments and of refunds not failed."""

    id: str
    clinic: Clinic
    kind: VisitKind
    status: str
    scheduled_at: datetime
    duration_minutes: int
    consultation_type: str
    fee: Decimal
    currency: str
    hold_expires_at: datetime | None
    cancelled_at: datetime | None
    cancellation_reason: str
    cancelled_by_id: str | None
    refund_due: Decimal | None
    paid: Decimal
    returned: Decimal
    patient_id: str
    patient_name: str
    patient_first_name: str
    doctor_id: str
    doctor_name: str
    specialties: list[str]

    @property
    def was_moved(self) -> bool:
        return self.cancellation_reason in reasons.MOVES

    @property
    def status_label(self) -> str:
        return str(AppointmentStatus(self.status).label)


@dataclass(frozen=True, slots=True)
class Visits:
    """A stretch of visits of the asked kinds, and how many there are of every kind."""

    rows: list[Visit]
    counts: dict[VisitKind, int]


# An expired hold counts as cancelled from its very second: the sweep that writes it down comes a little later.
# psycopg reads `%` as a placeholder, so no literal one may stand in these texts.
_BRANCH = """
SELECT {clinic} AS clinic_id, a.id, a.patient_id, a.doctor_id, a.scheduled_at, a.duration_minutes,
       a.consultation_type, a.status, a.fee, a.currency, a.hold_expires_at, a.cancelled_at, a.cancellation_reason,
       a.cancelled_by AS cancelled_by_id, a.refund_due,
       CASE WHEN a.status = 'cancelled' THEN 'cancelled'
            WHEN a.status = 'pending_payment' AND a.hold_expires_at <= %(now)s THEN 'cancelled'
            WHEN a.status = 'in_progress' THEN 'coming'
            WHEN a.status IN ('pending_payment', 'confirmed') AND a.busy_until > %(now)s THEN 'coming'
            ELSE 'past' END AS kind,
       (SELECT COALESCE(SUM(p.amount), 0) FROM {schema}.payments_payment p
         WHERE p.subject_id = a.id AND p.type = 'appointment' AND p.status IN ('completed', 'refunded')) AS paid,
       (SELECT COALESCE(SUM(r.amount), 0) FROM {schema}.payments_refund r
         WHERE r.subject_id = a.id AND r.status <> 'failed') AS returned
  FROM {schema}.appointments_appointment a
 WHERE a.patient_id = ANY(%(patients)s) AND a.cancellation_reason <> ALL(%(hidden)s)
"""
_WHOLE = """
WITH visits AS ({branches}),
counts AS (
  SELECT COUNT(*) FILTER (WHERE kind = 'coming') AS coming, COUNT(*) FILTER (WHERE kind = 'past') AS past,
         COUNT(*) FILTER (WHERE kind = 'cancelled') AS cancelled
    FROM visits),
ranked AS (
  SELECT visits.*, ROW_NUMBER() OVER (
           PARTITION BY kind ORDER BY CASE WHEN kind = 'coming' THEN scheduled_at END, scheduled_at DESC, id) AS rank
    FROM visits WHERE kind = ANY(%(kinds)s))
SELECT counts.coming, counts.past, counts.cancelled, ranked.*, pt.first_name, pt.last_name,
       d.first_name AS doctor_first_name, d.last_name AS doctor_last_name, d.specialties
  FROM counts
  LEFT JOIN (ranked JOIN public.accounts_patient pt ON pt.id = ranked.patient_id
                    JOIN public.accounts_doctor d ON d.id = ranked.doctor_id)
    ON ranked.rank BETWEEN %(first)s AND %(last)s
 ORDER BY ranked.kind, ranked.rank
"""


def clinics_of(patients: Iterable[Patient]) -> list[Clinic]:
    """The clinics that know at least one of `patients`, suspended ones too, by name."""
    ids = [patient.pk for patient in patients]
    return list(Clinic.objects.filter(patient_links__patient__in=ids).distinct().order_by("name")) if ids else []


def visits_across(
    *,
    patients: Iterable[Patient],
    clinics: Sequence[Clinic],
    kinds: Collection[VisitKind],
    first: int = 1,
    size: int = 10,
    with_moved: bool = True,
    now: datetime | None = None,
) -> Visits:
    """Visits of `patients` at `clinics`: of each kind the rows from the `first`-th (counted from 1), `size` of them.

    Coming visits stand soonest first, all others latest first. Asks one statement, or none without a patient or a
    clinic. The caller answers for `patients` being the asker's own. Without `with_moved`, the old rows of visits that
    were moved are left out.
    """
    patient_ids = [patient.pk for patient in patients]
    if not patient_ids or not clinics:
        return Visits(rows=[], counts=dict.fromkeys(VisitKind, 0))
    by_id = {clinic.pk: clinic for clinic in clinics}
    parameters: dict[str, Any] = {
        "now": now or clock.now(),
        "patients": patient_ids,
        "kinds": [kind.value for kind in kinds],
        "hidden": [] if with_moved else sorted(reasons.MOVES),
        "first": first,
        "last": first + size - 1,
    }
    found = rows_across(clinics, branches=[_BRANCH], whole=_WHOLE, parameters=parameters)
    counts = {kind: found[0][kind.value] for kind in VisitKind}
    return Visits(rows=[_visit(row, by_id) for row in found if row["id"] is not None], counts=counts)


def _visit(row: dict[str, Any], clinics: dict[str, Clinic]) -> Visit:
    return Visit(
        id=row["id"],
        clinic=clinics[row["clinic_id"]],
        kind=VisitKind(row["kind"]),
        status=row["status"],
        scheduled_at=row["scheduled_at"],
        duration_minutes=row["duration_minutes"],
        consultation_type=row["consultation_type"],
        fee=row["fee"],
        currency=row["currency"],
        hold_expires_at=row["hold_expires_at"],
        cancelled_at=row["cancelled_at"],
        cancellation_reason=row["cancellation_reason"],
        cancelled_by_id=row["cancelled_by_id"],
        refund_due=row["refund_due"],
        paid=row["paid"],
        returned=row["returned"],
        patient_id=row["patient_id"],
        patient_name=f"{row['first_name']} {row['last_name']}".strip(),
        patient_first_name=row["first_name"],
        doctor_id=row["doctor_id"],
        doctor_name=f"Dr {row['doctor_first_name']} {row['doctor_last_name']}".strip(),
        specialties=row["specialties"],
    )
