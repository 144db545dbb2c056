"""Taking a time: from a free slot to a visit that is held while it is paid, and letting go of those never paid."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import DatabaseError, transaction

from accounts.models import Doctor, Patient, User, VerificationStatus
from accounts.policies import may_act_for, may_book_at_desk
from accounts.services.clinic_links import is_admitted
from appointments import reasons
from appointments.exceptions import (
    ConsentNeeded,
    EmailNotVerified,
    FeeChanged,
    InvalidTransition,
    KeyReused,
    NotYourPatient,
    SlotNotOffered,
    SlotTaken,
    TooManyFreeVisits,
    TooManyHolds,
)
from appointments.locks import lock_doctor
from appointments.models import Appointment, AppointmentStatus
from appointments.services.transitions import move
from appointments.slots import free_slots
from clinics.models import Clinic
from precta import clock
from precta.audit.services import record
from precta.constraints import sqlstate, violated
from precta.ids import new_id
from precta.inserts import insert
from precta.outbox.services import emit
from precta.payments.models import PaymentPurpose

MOST_UNPAID_HOLDS = 3
# Coming visits without a fee that one person may have booked at one clinic: nothing else keeps somebody from taking
# all the times of a doctor who asks for no money.
MOST_FREE_VISITS = 4
EXPIRY_BATCH = 500
RETRIED = {"40P01", "40001"}  # deadlock, serialization failure
REFUSED = {"23P01", "23505"}  # exclusion, unique
TIME_CONSTRAINTS = ("appointment_no_overlap", "appointment_one_per_doctor")


def hold_slot(
    *,
    patient: Patient,
    booked_by: User,
    doctor: Doctor,
    clinic: Clinic,
    starts_at: datetime,
    mode: str,
    notes: str,
    idempotency_key: str,
    method: str,
    payer_phone: str = "",
    expected_fee: Decimal | None = None,
    at_desk: bool = False,
    now: datetime | None = None,
) -> Appointment:
    """Take a free slot for `patient`: held until `hold_expires_at` while it is paid, confirmed at once when it is free.

    `starts_at` is aware; `doctor` and `clinic` are fresh rows, the clinic's schema is active. The same
    `idempotency_key` of the same person gives the same visit again, whatever has become of it. One transaction; when
    it raises, nothing was written: `SlotTaken`, `SlotNotOffered`, `TooManyHolds`, `TooManyFreeVisits`,
    `KeyReused`, `EmailNotVerified`, `NotYourPatient`, `ConsentNeeded`, and `FeeChanged` when `expected_fee` (what was
    shown, in the clinic's currency) is not what the visit costs now.

    `at_desk` when the clinic's staff book for one of its patients, who is then the payer: the lead time and how many
    times one person may hold do not bind them.
    """
    if not booked_by.email_verified:
        raise EmailNotVerified
    if at_desk:
        if not may_book_at_desk(booked_by, patient, clinic):
            raise NotYourPatient
    elif patient.pk != booked_by.pk and not may_act_for(booked_by, patient):
        raise NotYourPatient
    if not is_admitted(patient=patient, clinic=clinic):
        raise ConsentNeeded
    policy = clinic.policy
    wanted = Appointment(
        patient=patient,
        booked_by=booked_by,
        doctor=doctor,
        clinic=clinic,
        scheduled_at=starts_at,
        consultation_type=mode,
        duration_minutes=doctor.consultation_duration_minutes,
        buffer_minutes=policy.buffer_minutes,
        notes=notes,
        fee=doctor.consultation_fee,
        currency=policy.currency,
        refund_steps=policy.stored_refund_steps(),
        idempotency_key=idempotency_key,
    )
    try:
        return _hold_once(wanted, method, payer_phone, expected_fee, at_desk, now)
    except DatabaseError as error:
        if sqlstate(error) not in RETRIED and not violated(error, "appointment_once_per_key"):
            raise taken_or(error) from error
    # A deadlock, or the same key a moment earlier: the second try meets a settled state.
    try:
        return _hold_once(wanted, method, payer_phone, expected_fee, at_desk, now)
    except DatabaseError as error:
        raise taken_or(error) from error


def _hold_once(
    wanted: Appointment,
    method: str,
    payer_phone: str,
    expected_fee: Decimal | None,
    at_desk: bool,
    now: datetime | None,
) -> Appointment:
    """One attempt in one transaction. `wanted` is not saved; the row that is returned is."""
    from precta.payments.services import start_payment

    wanted.pk = new_id()
    wanted._state.adding = True
    with transaction.atomic():
        lock_doctor(wanted.doctor_id, person_id=wanted.booked_by_id)
        now_locked = now or clock.now()
        earlier = _clear_the_way(wanted, now_locked, is_limited=not at_desk)
        if earlier is not None:
            return earlier
        if expected_fee is not None and wanted.fee != expected_fee:
            raise FeeChanged
        _check_offered(wanted, now_locked, within_lead=at_desk)
        if wanted.is_free:
            wanted.status = AppointmentStatus.CONFIRMED
        else:
            wanted.status = AppointmentStatus.PENDING_PAYMENT
            wanted.hold_expires_at = end_of_hold(wanted, now_locked)
            wanted.payment = start_payment(
                payer=wanted.patient.user if at_desk else wanted.booked_by,
                purpose=PaymentPurpose.APPOINTMENT,
                subject_id=wanted.pk,
                amount=wanted.fee,
                currency=wanted.currency,
                method=method,
                payer_phone=payer_phone,
            )
        insert(wanted)
        verb = "confirmed" if wanted.is_free else "held"
        facts = _facts(wanted) | ({"by": "desk"} if at_desk else {})
        record(f"appointment.{verb}", resource=wanted, user=wanted.booked_by, details=facts)
        emit(f"appointment.{verb}", appointment_id=wanted.pk)
    return wanted


# As SQL because every booking runs it: the ORM needs several times longer to write this sentence than PostgreSQL to
# answer it.
IN_THE_WAY = """
SELECT * FROM appointments_appointment
 WHERE (booked_by = %(person)s AND (idempotency_key = %(key)s
        OR (status = 'pending_payment' AND hold_expires_at > %(now)s)
        OR (status = 'confirmed' AND fee = 0 AND scheduled_at > %(now)s)))
    OR (doctor_id = %(doctor)s AND status = 'pending_payment' AND hold_expires_at <= %(now)s
        AND scheduled_at < %(ends_at)s AND busy_until > %(starts_at)s)
"""


def _clear_the_way(wanted: Appointment, now: datetime, *, is_limited: bool) -> Appointment | None:
    """The visit that this key made earlier, or None, having let go of ended holds that lie over the wanted time.

    One statement reads both, and how many times the person holds. `KeyReused`, and when that is limited `TooManyHolds`
    and `TooManyFreeVisits`.
    """
    ends_at = wanted.scheduled_at + timedelta(minutes=wanted.duration_minutes + wanted.buffer_minutes)
    values = {
        "person": wanted.booked_by_id,
        "key": wanted.idempotency_key,
        "now": now,
        "doctor": wanted.doctor_id,
        "starts_at": wanted.scheduled_at,
        "ends_at": ends_at,
    }
    rows = list(Appointment.objects.raw(IN_THE_WAY, values))
    mine = [row for row in rows if row.booked_by_id == wanted.booked_by_id]
    for row in mine:
        if row.idempotency_key == wanted.idempotency_key:
            if _asks_for(row) != _asks_for(wanted):
                raise KeyReused
            return row
    unpaid = [row for row in rows if row.status == AppointmentStatus.PENDING_PAYMENT]
    ended = [row for row in unpaid if row.hold_expires_at <= now]
    if is_limited and wanted.is_free:
        free = [row for row in mine if row.status == AppointmentStatus.CONFIRMED and row.is_free]
        if len(free) >= MOST_FREE_VISITS:
            raise TooManyFreeVisits
    elif is_limited and len([row for row in unpaid if row in mine and row not in ended]) >= MOST_UNPAID_HOLDS:
        raise TooManyHolds
    for row in ended:
        let_go_of_ended(row, now=now)
    return None


def _asks_for(appointment: Appointment) -> tuple[Any, ...]:
    return (
        appointment.patient_id,
        appointment.doctor_id,
        appointment.scheduled_at,
        appointment.consultation_type,
        appointment.notes,
    )


def _check_offered(wanted: Appointment, now: datetime, *, within_lead: bool) -> None:
    """`SlotNotOffered` when the time is not on the doctor's grid now, `SlotTaken` when it is but is no longer free."""
    doctor, clinic = wanted.doctor, wanted.clinic
    if doctor.clinic_id != clinic.pk or doctor.verification_status != VerificationStatus.VERIFIED:
        raise SlotNotOffered
    refuse_unless_free(doctor, clinic, wanted, now, within_lead=within_lead)


def refuse_unless_free(
    doctor: Doctor, clinic: Clinic, wanted: Appointment, now: datetime, *, within_lead: bool, moving: str | None = None
) -> None:
    """As `_check_offered`, for a doctor who may be booked; `moving` as in `free_slots`."""
    day = wanted.scheduled_at.astimezone(clinic.policy.tz).date()
    slots = free_slots(
        doctor=doctor,
        clinic=clinic,
        mode=wanted.consultation_type,
        first_day=day,
        days=1,
        now=now,
        include_taken=True,
        moving=moving,
        within_lead=within_lead,
    )
    slot = next((slot for slot in slots[day] if slot.starts_at == wanted.scheduled_at), None)
    if slot is None:
        raise SlotNotOffered
    if not slot.is_free:
        raise SlotTaken


def end_of_hold(wanted: Appointment, now: datetime) -> datetime:
    """Until when (UTC) a time taken at `now` is held: as long as the clinic says, and never past its own beginning,
    or money would confirm a visit that has begun."""
    return min(now + wanted.clinic.policy.hold, wanted.scheduled_at)


def release_hold(appointment: Appointment, *, now: datetime) -> None:
    """Let go of an unpaid hold, in the caller's transaction; `InvalidTransition` when it is not one any more."""
    move(
        appointment,
        AppointmentStatus.CANCELLED,
        cancelled_at=now,
        cancellation_reason=reasons.HOLD_EXPIRED,
        refund_due=0,
    )
    record("appointment.expired", resource=appointment, details=_facts(appointment))
    emit("appointment.expired", appointment_id=appointment.pk)


def let_go_of_ended(hold: Appointment, *, now: datetime) -> None:
    """`release_hold` for an ended hold in the way of something else; quiet when the sweeper, which takes no doctor's
    lock, has let go of it since it was read."""
    try:
        release_hold(hold, now=now)
    except InvalidTransition as error:
        if error.current != AppointmentStatus.CANCELLED:
            raise


def expire_holds(now: datetime | None = None) -> int:
    """Let go of every hold of the active clinic that ended before `now`, the number let go.

    Who is asked before, and how long a hold is spared, says `precta.payments.services.holds`; until then its time
    counts as free and whoever wants it takes it.
    """
    from precta.payments.services import let_go

    now = now or clock.now()
    due = (
        Appointment.objects.filter(status=AppointmentStatus.PENDING_PAYMENT, hold_expires_at__lte=now)
        .select_related("payment")
        .order_by("hold_expires_at")[:EXPIRY_BATCH]
    )

    def release(appointment: Appointment) -> bool:
        try:
            with transaction.atomic():
                release_hold(appointment, now=now)
        except InvalidTransition:
            return False  # paid or cancelled since we read it
        return True

    return let_go(due, now=now, release=release)


def _facts(appointment: Appointment) -> dict[str, str]:
    return {
        "doctor": appointment.doctor_id,
        "at": appointment.scheduled_at.isoformat(),
        "fee": str(appointment.fee),
    }


def taken_or(error: DatabaseError) -> Exception:
    """`SlotTaken` when the database itself kept the time for somebody else, otherwise `error`."""
    refused = sqlstate(error) in REFUSED and any(violated(error, name) for name in TIME_CONSTRAINTS)
    return SlotTaken() if refused else error
