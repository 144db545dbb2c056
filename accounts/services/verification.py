"""Deciding on doctors and their papers, and what happens when a licence ends.

The last day of a licence is the date that stands on it, by the calendar of the doctor's clinic: the doctor is found on
that day and not on the next.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from accounts.application import REQUIRED_PAPERS, standing_papers
from accounts.exceptions import DecidedAlready, PapersUndecided
from accounts.models import (
    CredentialType,
    DecisionKind,
    Doctor,
    DoctorCredential,
    User,
    VerificationDecision,
    VerificationStatus,
)
from accounts.models.doctor import WARNING_DAYS
from clinics.policy_settings import DEFAULT_TIME_ZONE
from precta import clock
from precta.audit.services import record
from precta.outbox.services import emit
from precta.tenancy import public_context

logger = logging.getLogger(__name__)

PENDING, VERIFIED, REJECTED = VerificationStatus.PENDING, VerificationStatus.VERIFIED, VerificationStatus.REJECTED


def today_for(doctor: Doctor, now: datetime) -> date:
    """The date at the doctor's clinic; in Kenya while there is none."""
    zone = doctor.clinic.policy.tz if doctor.clinic is not None else ZoneInfo(DEFAULT_TIME_ZONE)
    return now.astimezone(zone).date()


def approve_credential(*, credential: DoctorCredential, by: User, note: str = "") -> DoctorCredential:
    """The paper proves what it says. Raises DecidedAlready."""
    with public_context(), transaction.atomic():
        doctor, paper = _undecided(credential)
        _decide(paper, VERIFIED, by=by)
        decision = _write(doctor, DecisionKind.APPROVED, by=by, credential=paper, note=note)
        record("credential.approved", resource=paper, user=by, details={"type": paper.type})
        _leave_the_queue(doctor)
        emit("credential.decided", decision_id=decision.pk)
    credential.refresh_from_db()
    return credential


def reject_credential(
    *, credential: DoctorCredential, by: User, reason_code: str = "", note: str = ""
) -> DoctorCredential:
    """The paper proves nothing; `note` is what the doctor reads. Raises DecidedAlready."""
    with public_context(), transaction.atomic():
        doctor, paper = _undecided(credential)
        _decide(paper, REJECTED, by=by, reason=note)
        decision = _write(doctor, DecisionKind.REJECTED, by=by, credential=paper, reason_code=reason_code, note=note)
        record("credential.rejected", resource=paper, user=by, details={"type": paper.type, "reason": reason_code})
        _leave_the_queue(doctor)
        emit("credential.decided", decision_id=decision.pk)
    credential.refresh_from_db()
    return credential


def approve_doctor(*, doctor: Doctor, by: User, note: str = "", now: datetime | None = None) -> Doctor:
    """Verify the doctor, who is found from now on. Raises DecidedAlready and PapersUndecided."""
    now = now or clock.now()
    with public_context(), transaction.atomic():
        row = _waiting(doctor)
        missing = undecided_papers(row, today=today_for(row, now))
        if missing:
            raise PapersUndecided(missing)
        row.verification_status, row.verification_notes = VERIFIED, note
        row.verified_at, row.verified_by = now, by
        row.save(update_fields=["verification_status", "verification_notes", "verified_at", "verified_by"])
        _leave_the_queue(row)
        decision = _write(row, DecisionKind.APPROVED, by=by, note=note)
        record("doctor.verified", resource=row, user=by)
        tell_changed(row)
        emit("doctor.decided", decision_id=decision.pk)
    doctor.refresh_from_db()
    return doctor


def reject_doctor(*, doctor: Doctor, by: User, reason_code: str = "", note: str = "") -> Doctor:
    """Send the application back; `note` is what the doctor reads. Raises DecidedAlready."""
    with public_context(), transaction.atomic():
        row = _waiting(doctor)
        row.verification_status, row.verification_notes, row.submitted_at = REJECTED, note, None
        row.save(update_fields=["verification_status", "verification_notes", "submitted_at"])
        decision = _write(row, DecisionKind.REJECTED, by=by, reason_code=reason_code, note=note)
        record("doctor.rejected", resource=row, user=by, details={"reason": reason_code})
        tell_changed(row)
        emit("doctor.decided", decision_id=decision.pk)
    doctor.refresh_from_db()
    return doctor


def withdraw_verification(*, doctor: Doctor, by: User, reason_code: str = "", note: str = "") -> Doctor:
    """Take the verification back: nobody finds the doctor from now on, who may correct and send the application again.

    `note` is what the doctor reads. Booked visits stay as they are. Raises DecidedAlready for who is not verified.
    """
    with public_context(), transaction.atomic():
        row = _locked(doctor.pk)
        if row.verification_status != VERIFIED:
            raise DecidedAlready
        row.verification_status, row.verification_notes, row.submitted_at = REJECTED, note, None
        row.verified_at = row.verified_by = None
        row.save(
            update_fields=["verification_status", "verification_notes", "submitted_at", "verified_at", "verified_by"]
        )
        decision = _write(row, DecisionKind.REJECTED, by=by, reason_code=reason_code, note=note)
        record("doctor.verification_withdrawn", resource=row, user=by, details={"reason": reason_code})
        tell_changed(row)
        emit("doctor.verification_withdrawn", decision_id=decision.pk)
    doctor.refresh_from_db()
    return doctor


def undecided_papers(doctor: Doctor, *, today: date) -> list[CredentialType]:
    """The types that have to be proved and are not: no verified paper that is still valid."""
    proved = {
        paper.type
        for paper in DoctorCredential.objects.filter(doctor=doctor, verification_status=VERIFIED)
        if paper.expires_at is None or paper.expires_at >= today
    }
    return [kind for kind in REQUIRED_PAPERS if kind not in proved]


def lapse_licences(*, now: datetime | None = None) -> int:
    """Hide every verified doctor whose last verified licence has ended; the number hidden.

    A doctor without any verified licence on record, taken over from before papers were kept, is left alone.
    """
    now = now or clock.now()
    ended = _valid_papers(Q(expires_at__lt=_latest_today(now), type=CredentialType.LICENSE))
    return _count(_lapse, dict.fromkeys(paper.doctor_id for paper in ended), now=now)


def warn_of_expiry(*, now: datetime | None = None) -> int:
    """Remind doctors and their clinics 60, 30 and 7 days before a paper ends, once each; the number of reminders.

    A job that did not run for a while sends the nearest reminder only. A paper that is replaced, or a licence beside
    which a longer one stands or waits for its decision, is not reminded of.
    """
    now = now or clock.now()
    within = Q(expires_at__lte=_latest_today(now) + timedelta(days=max(WARNING_DAYS)))
    return _count(_warn, _valid_papers(within), now=now)


def _count(act: Callable[..., bool], rows: Iterable[Any], *, now: datetime) -> int:
    """For how many of `rows` something was done; one doctor's trouble must not keep the others found, or unwarned."""
    done = 0
    for row in rows:
        try:
            done += act(row, now=now)
        except Exception:
            logger.exception("the licence of doctor %s could not be looked at", getattr(row, "doctor_id", row))
    return done


def _valid_papers(which: Q) -> list[DoctorCredential]:
    """Read whole before anything is done with one: few papers of the country end within two months."""
    return list(
        DoctorCredential.objects.filter(
            which,
            verification_status=VERIFIED,
            doctor__verification_status=VERIFIED,
        )
        .select_related("doctor__clinic")
        .order_by("expires_at", "pk")
    )


def _latest_today(now: datetime) -> date:
    """Nowhere is it later than this: east of here a licence may have ended already."""
    return (now + timedelta(days=1)).date()


def _lapse(doctor_id: str, *, now: datetime) -> bool:
    with public_context(), transaction.atomic():
        row = _locked(doctor_id)
        if row.verification_status != VERIFIED:
            return False
        today = today_for(row, now)
        licences = list(row.credentials.filter(type=CredentialType.LICENSE, verification_status=VERIFIED))
        if not licences or any(paper.expires_at is None or paper.expires_at >= today for paper in licences):
            return False
        row.verification_status = PENDING
        row.save(update_fields=["verification_status"])
        last = max(licences, key=lambda paper: paper.expires_at or today)
        decision = _write(row, DecisionKind.LAPSED, by=None, credential=last)
        record("doctor.lapsed", resource=row, details={"credential": last.pk})
        tell_changed(row)
        emit("doctor.lapsed", decision_id=decision.pk)
    return True


def _warn(paper: DoctorCredential, *, now: datetime) -> bool:
    left = (paper.expires_at - today_for(paper.doctor, now)).days if paper.expires_at else None
    due = [days for days in WARNING_DAYS if left is not None and 0 <= left <= days]
    if not due or (paper.warned_days is not None and paper.warned_days <= min(due)):
        return False
    with public_context(), transaction.atomic():
        row = _locked(paper.doctor_id)
        if _has_successor(row, paper):
            return False
        # The reminder is written on the paper first: of two jobs only one comes through here.
        warned = DoctorCredential.objects.filter(pk=paper.pk, warned_days=paper.warned_days)
        if not warned.update(warned_days=min(due)):
            return False
        kind = "licence.ending" if paper.type == CredentialType.LICENSE else "credential.ending"
        emit(kind, credential_id=paper.pk, days=min(due))
    return True


def _has_successor(doctor: Doctor, paper: DoctorCredential) -> bool:
    """A doctor has one licence at a time, but any number of certificates: those are followed by what replaces them."""
    others = doctor.credentials.exclude(pk=paper.pk).exclude(verification_status=REJECTED)
    if paper.type != CredentialType.LICENSE:
        return others.filter(replaces=paper).exists()
    longer = Q(expires_at__isnull=True) | Q(expires_at__gt=paper.expires_at)
    return others.filter(Q(verification_status=PENDING) | longer, type=CredentialType.LICENSE).exists()


def _locked(doctor_id: str) -> Doctor:
    return Doctor.objects.select_for_update(no_key=True, of=("self",)).select_related("clinic").get(pk=doctor_id)


def _waiting(doctor: Doctor) -> Doctor:
    row = _locked(doctor.pk)
    if row.verification_status != PENDING or row.submitted_at is None:
        raise DecidedAlready
    return row


def _undecided(credential: DoctorCredential) -> tuple[Doctor, DoctorCredential]:
    doctor = _locked(credential.doctor_id)
    paper = DoctorCredential.objects.get(pk=credential.pk)
    if paper.verification_status != PENDING or doctor.submitted_at is None:
        raise DecidedAlready
    return doctor, paper


def _decide(paper: DoctorCredential, status: str, *, by: User, reason: str = "") -> None:
    paper.verification_status, paper.rejection_reason = status, reason
    paper.decided_by, paper.decided_at = by, clock.now()
    paper.save(update_fields=["verification_status", "rejection_reason", "decided_by", "decided_at"])


def _leave_the_queue(doctor: Doctor) -> None:
    """A verified doctor's papers need no decision on the doctor: with the last one nothing waits any more.

    Those that nobody had to bring and nobody has decided on yet keep a doctor who is verified in the queue.
    """
    waits = standing_papers(doctor).filter(verification_status=PENDING).exists()
    if doctor.verification_status == VERIFIED and not waits:
        doctor.submitted_at = None
        doctor.save(update_fields=["submitted_at"])


def _write(doctor: Doctor, kind: str, *, by: User | None, **extra: object) -> VerificationDecision:
    return VerificationDecision.objects.create(doctor=doctor, kind=kind, decided_by=by, **extra)


def tell_changed(doctor: Doctor) -> None:
    """Whoever shows the doctor brings it up to date: the clinic's projections, the search document.

    From the public schema, like all that the platform decides: it waits for no clinic's database.
    """
    with public_context():
        emit("doctor.changed", doctor_id=doctor.pk)
