"""Reading a timeline: one statement, however many clinics, kinds and years it covers."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from appointments import reasons
from appointments.timeline.sources import EntryKind, source_of, sources
from clinics.across import rows_across
from clinics.models import Clinic
from precta import clock

NOT_SHOWN = sorted(reasons.MOVES | reasons.NEVER_TAKEN)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing of a patient's history, as a list shows it."""

    kind: EntryKind
    id: str
    subject_id: str
    clinic: Clinic
    at: datetime
    patient_id: str
    patient_name: str
    doctor_id: str | None
    doctor_name: str
    state: str
    title: str
    detail: str

    @property
    def icon(self) -> str:
        return source_of(self.kind).icon

    @property
    def label(self) -> str:
        return str(source_of(self.kind).one)

    @property
    def state_label(self) -> str:
        return str(source_of(self.kind).states.get(self.state, ""))

    @property
    def words(self) -> str:
        return str(source_of(self.kind).titles.get(self.title, self.title))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a timeline is narrowed to: some kinds, and the half-open stretch (UTC) from `since` to `before`."""

    kinds: Collection[EntryKind]
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A stretch of entries of the asked kinds, latest first, and how many there are of every kind in that time."""

    entries: list[Entry]
    counts: dict[EntryKind, int]


_WHOLE = """
WITH entries AS ({branches}),
asked AS (SELECT * FROM entries WHERE (%(since)s::timestamptz IS NULL OR at >= %(since)s)
                                  AND (%(before)s::timestamptz IS NULL OR at < %(before)s)),
counted AS (SELECT jsonb_object_agg(kind, number) AS counts
              FROM (SELECT kind, COUNT(*) AS number FROM asked GROUP BY kind) kinds),
page AS (SELECT * FROM asked WHERE kind = ANY(%(kinds)s) ORDER BY at DESC, id LIMIT %(size)s OFFSET %(skip)s)
SELECT counted.counts, page.*, pt.first_name, pt.last_name, d.first_name AS doctor_first_name,
       d.last_name AS doctor_last_name
  FROM counted
  LEFT JOIN (page JOIN public.accounts_patient pt ON pt.id = page.patient_id
                  LEFT JOIN public.accounts_doctor d ON d.id = page.doctor_id) ON TRUE
 ORDER BY page.at DESC, page.id
"""


def timeline(
    *,
    patients: Sequence[str],
    clinics: Sequence[Clinic],
    may_see: Collection[EntryKind],
    asked: Asked,
    reader: str = "",
    first: int = 1,
    size: int = 20,
    now: datetime | None = None,
) -> Timeline:
    """The history of `patients` (ids) at `clinics`: `size` entries from the `first`-th, counted from 1.

    Of kinds outside `may_see` nothing is read, not even counted. `reader` is the id of the doctor who reads. The caller
    answers for who may see whom. One statement, or none where there is nothing to ask.
    """
    read = [source for source in sources() if source.kind in may_see]
    if not patients or not clinics or not read:
        return Timeline([], {})
    parameters: dict[str, Any] = {
        "patients": list(patients),
        "now": now or clock.now(),
        "hidden": NOT_SHOWN,
        "reader": reader,
        "kinds": [kind.value for kind in asked.kinds if kind in may_see],
        "since": asked.since,
        "before": asked.before,
        "size": size,
        "skip": first - 1,
    }
    found = rows_across(
        clinics,
        branches=[source.branch for source in read],
        whole=_WHOLE,
        parameters=parameters,
        literals={"zone": lambda clinic: clinic.policy.time_zone},
    )
    by_id = {clinic.pk: clinic for clinic in clinics}
    counted = json.loads(found[0]["counts"] or "{}")  # Django leaves jsonb of a plain cursor as text
    return Timeline(
        entries=[_entry(row, by_id) for row in found if row["id"] is not None],
        counts={source.kind: counted.get(source.kind.value, 0) for source in read},
    )


def _entry(row: dict[str, Any], clinics: dict[str, Clinic]) -> Entry:
    doctor = f"{row['doctor_first_name'] or ''} {row['doctor_last_name'] or ''}".strip()
    return Entry(
        kind=EntryKind(row["kind"]),
        id=row["id"],
        subject_id=row["subject_id"],
        clinic=clinics[row["clinic_id"]],
        at=row["at"],
        patient_id=row["patient_id"],
        patient_name=f"{row['first_name']} {row['last_name']}".strip(),
        doctor_id=row["doctor_id"],
        doctor_name=f"Dr {doctor}" if doctor else "",
        state=row["state"],
        title=row["title"],
        detail=row["detail"],
    )
