"""What a timeline is made of. Each source is one SELECT of a clinic's rows; apps to the right register their own.

A branch is written for psycopg's `sql` with the names {schema}, {clinic} and {zone} (the clinic's time zone) and gives
these columns, in this order:

    clinic_id, kind, id, subject_id, at, patient_id, doctor_id, state, title, detail

`subject_id` is the visit that the entry belongs to (empty for none), `at` when it was (UTC), `doctor_id` may be null.
Its parameters are `patients` (whose history), `now`, `hidden` (reasons of cancelled rows that are no visits) and
`reader` (the doctor who reads, empty for the patient's side): what a reader may not see, the branch leaves out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import ConsultationMode
from appointments.models import AppointmentStatus, RecordType


class EntryKind(StrEnum):
    VISIT = "visit"
    NOTE = "note"
    PRESCRIPTION = "prescription"
    RECORD = "record"
    ORDER = "order"


# Orders are between the patient and the pharmacy.
FOR_DOCTORS = (EntryKind.VISIT, EntryKind.NOTE, EntryKind.PRESCRIPTION, EntryKind.RECORD)


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of entries: `label` names them all, `one` a single one; `states` are the words of the column `state`,
    `titles` those of a `title` that is a code."""

    kind: EntryKind
    label: Any
    one: Any
    icon: str
    branch: str
    states: Mapping[str, Any] = field(default_factory=dict)
    titles: Mapping[str, Any] = field(default_factory=dict)
    order: int = 100


_sources: dict[EntryKind, Source] = {}


def timeline_source(source: Source) -> Source:
    """Register a source; one for each kind."""
    _sources[source.kind] = source
    return source


def sources() -> list[Source]:
    return sorted(_sources.values(), key=lambda source: source.order)


def source_of(kind: str) -> Source:
    return _sources[EntryKind(kind)]


VISITS = timeline_source(
    Source(
        kind=EntryKind.VISIT,
        label=_("Visits"),
        one=_("Visit"),
        icon="calendar",
        order=10,
        states={value: AppointmentStatus(value).label for value in AppointmentStatus.values},
        titles={ConsultationMode.IN_PERSON: _("Visit at the clinic"), ConsultationMode.VIDEO: _("Visit by video")},
        branch="""
SELECT {clinic} AS clinic_id, 'visit' AS kind, a.id, a.id AS subject_id, a.scheduled_at AS at, a.patient_id,
       a.doctor_id, a.status AS state, a.consultation_type AS title, '' AS detail
  FROM {schema}.appointments_appointment a
 WHERE a.patient_id = ANY(%(patients)s) AND a.cancellation_reason <> ALL(%(hidden)s)
   AND (a.status <> 'pending_payment' OR a.hold_expires_at > %(now)s)
""",
    )
)
# What the patient may read of the notes is all that anybody but their author reads in a list: diagnosis and plan.
NOTES = timeline_source(
    Source(
        kind=EntryKind.NOTE,
        label=_("Notes"),
        one=_("Notes"),
        icon="notebook-pen",
        order=20,
        branch="""
SELECT {clinic} AS clinic_id, 'note' AS kind, c.id, c.appointment_id AS subject_id, c.started_at AS at, a.patient_id,
       a.doctor_id, '' AS state, c.diagnosis AS title, c.plan AS detail
  FROM {schema}.appointments_consultation c JOIN {schema}.appointments_appointment a ON a.id = c.appointment_id
 WHERE a.patient_id = ANY(%(patients)s) AND c.finished_at IS NOT NULL
""",
    )
)
RECORDS = timeline_source(
    Source(
        kind=EntryKind.RECORD,
        label=_("Documents"),
        one=_("Document"),
        icon="file-text",
        order=40,
        states={value: RecordType(value).label for value in RecordType.values},
        branch="""
SELECT {clinic} AS clinic_id, 'record' AS kind, r.id, '' AS subject_id,
       COALESCE((r.dated + TIME '12:00') AT TIME ZONE {zone}, r.uploaded_at) AS at, r.patient_id, NULL AS doctor_id,
       r.type AS state, r.name AS title, r.description AS detail
  FROM {schema}.appointments_medicalrecord r
 WHERE r.patient_id = ANY(%(patients)s) AND r.deleted_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM {schema}.appointments_hiddenrecord h
                    WHERE h.record_id = r.id AND h.doctor_id = %(reader)s)
""",
    )
)
