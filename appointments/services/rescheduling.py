"""Moving a visit to another time of the same doctor without paying twice.

A move is a new visit that names the old one. At the same price or a lower one both change in one transaction: the old
visit gives its time back, the new one takes its own, the payments go over, a difference is refunded. At a higher price
the new time is held first, while the old visit stands untouched; the switch happens when the difference is paid, in
the transaction that settles it. If it is never paid, nothing has happened to the old visit.

The rules (also in docs/decisions/0006-moving-and-cancelling-visits.md): the new time costs what the doctor charges
now. It never costs more than the visit was booked at when the clinic's side moves it, when the doctor's time off lies
over it, or when the new time overlaps the old one: such a visit could not be held beside itself. While the doctor's fee
has not changed, it costs what the visit costs after any goodwill.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import DatabaseError, transaction

from accounts.models import Doctor, User
from appointments import reasons
from appointments.exceptions import (
    FeeChanged,
    InvalidTransition,
    KeyReused,
    NothingToMove,
    SlotNotOffered,
    TooLateToMove,
)
from appointments.locks import lock_doctor
from appointments.models import Appointment, AppointmentStatus
from appointments.services.booking import RETRIED, end_of_hold, let_go_of_ended, refuse_unless_free, taken_or
from appointments.services.cancellation import Side, drop_open_moves
from appointments.services.goodwill import goodwill_of
from appointments.services.time_off import is_displaced
from appointments.services.transitions import move
from precta import clock
from precta.audit.services import record
from precta.constraints import sqlstate, violated
from precta.ids import new_id
from precta.outbox.services import emit
from precta.payments.models import Payment, PaymentMethod, PaymentPurpose
from precta.payments.selectors import paid_total, refunded_total

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class MoveQuote:
    """What moving costs: `to_pay` more, or `to_return` back; both 0 when the price stays. `paid` is held already."""

    paid: Decimal
    fee: Decimal
    currency: str

    @property
    def to_pay(self) -> Decimal:
        return max(self.fee - self.paid, ZERO)

    @property
    def to_return(self) -> Decimal:
        return max(self.paid - self.fee, ZERO)


def last_moment_to_move(appointment: Appointment, *, side: str = Side.PATIENT) -> datetime:
    """Until when (UTC) the visit may be moved.

    The patient: up to the clinic's `notice_to_move`, by the refund steps of the booking. Others, and a patient whose
    doctor is off: until it begins.
    """
    if side != Side.PATIENT or is_displaced(appointment):
        return appointment.scheduled_at
    return appointment.scheduled_at - appointment.policy.notice_to_move(is_free=appointment.is_free)


def quote_reschedule(*, appointment: Appointment, starts_at: datetime, side: str = Side.PATIENT) -> MoveQuote:
    """What moving `appointment` to `starts_at` (aware) costs now; changes nothing. See the rules above."""
    doctor, policy = appointment.doctor, appointment.clinic.policy
    fee = doctor.consultation_fee
    if policy.currency != appointment.currency:
        fee = appointment.fee  # a clinic that changed its currency keeps old visits in the old one
    elif side != Side.PATIENT or _overlaps_itself(appointment, starts_at) or is_displaced(appointment):
        fee = min(fee, appointment.fee)
    elif fee == appointment.fee + goodwill_of(appointment):
        fee = appointment.fee  # what the clinic gave back of its own will is not asked for again
    paid = paid_total(appointment.pk) - refunded_total(appointment.pk)
    return MoveQuote(paid=paid, fee=fee, currency=appointment.currency)


def reschedule_appointment(
    *,
    appointment: Appointment,
    starts_at: datetime,
    mode: str,
    by_user: User,
    idempotency_key: str,
    side: str = Side.PATIENT,
    method: str | None = None,
    expected_fee: Decimal | None = None,
    now: datetime | None = None,
) -> Appointment:
    """Move a confirmed visit to `starts_at` (aware) and `mode`; returns the new visit.

    It is confirmed, or held (`pending_payment`) when there is a difference to pay, by `method` (M-Pesa when not
    given). Moved by the patient's side (`side`) it is booked by `by_user`; moved for them it stays booked by whoever
    booked it. The same key for the same visit gives the same new visit again. The caller answers for `by_user` being
    allowed to. When it raises, nothing was changed and the old visit stands: InvalidTransition (it is not confirmed,
    or another tab has moved it), TooLateToMove, NothingToMove, SlotNotOffered, SlotTaken, KeyReused, and FeeChanged
    when `expected_fee` (what was shown) is not what the new time costs now.
    """
    wanted = Appointment(
        patient_id=appointment.patient_id,
        doctor_id=appointment.doctor_id,
        clinic_id=appointment.clinic_id,
        booked_by_id=by_user.pk if side == Side.PATIENT else appointment.booked_by_id,
        scheduled_at=starts_at,
        consultation_type=mode,
        notes=appointment.notes,
        currency=appointment.currency,
        rescheduled_from=appointment,
        idempotency_key=idempotency_key,
    )
    for is_last in (False, True):
        try:
            return _move_once(wanted, appointment, by_user, side, method, expected_fee, now)
        except DatabaseError as error:
            passing = sqlstate(error) in RETRIED or violated(error, "appointment_once_per_key")
            if is_last or not passing:
                raise taken_or(error) from error
    raise AssertionError("the second try returns or raises")


@transaction.atomic
def _move_once(
    wanted: Appointment,
    appointment: Appointment,
    by_user: User,
    side: str,
    method: str | None,
    expected_fee: Decimal | None,
    now: datetime | None,
) -> Appointment:
    lock_doctor(appointment.doctor_id, person_id=wanted.booked_by_id)
    now = now or clock.now()
    earlier = Appointment.objects.filter(booked_by=wanted.booked_by_id, idempotency_key=wanted.idempotency_key).first()
    if earlier is not None:
        same = (earlier.rescheduled_from_id, earlier.scheduled_at, earlier.consultation_type)
        if same != (appointment.pk, wanted.scheduled_at, wanted.consultation_type):
            raise KeyReused
        return earlier
    old = Appointment.objects.select_for_update(no_key=True, of=("self",)).get(pk=appointment.pk)
    old.clinic = appointment.clinic
    old.doctor = Doctor.objects.select_related("user").get(pk=old.doctor_id)
    if old.status != AppointmentStatus.CONFIRMED:
        raise InvalidTransition(old.status, AppointmentStatus.CANCELLED)
    until = last_moment_to_move(old, side=side)
    if now > until:
        raise TooLateToMove(until)
    if (old.scheduled_at, old.consultation_type) == (wanted.scheduled_at, wanted.consultation_type):
        raise NothingToMove
    # Its own desk may take times that are nearer than the clinic's lead time, as when it books.
    _check_free(wanted, old, now, within_lead=side == Side.CLINIC)
    quote = quote_reschedule(appointment=old, starts_at=wanted.scheduled_at, side=side)
    if expected_fee is not None and quote.fee != expected_fee:
        raise FeeChanged(quote)
    wanted.pk = new_id()
    wanted._state.adding = True
    wanted.fee = quote.fee
    wanted.refund_steps = old.refund_steps
    wanted.duration_minutes = old.doctor.consultation_duration_minutes
    wanted.buffer_minutes = old.clinic.policy.buffer_minutes
    drop_open_moves(old, by_user=by_user, now=now)
    if quote.to_pay:
        _hold(wanted, quote, method or PaymentMethod.MPESA, now)
    else:
        for_clinic = side != Side.PATIENT or is_displaced(old)
        _switch(old, wanted, quote, by_user=by_user, for_clinic=for_clinic, now=now)
    return wanted


def finish_paid_move(*, appointment: Appointment, payment: Payment, now: datetime) -> None:
    """The difference for a held move is paid: switch the visits, or give the difference back when the old visit is
    not there to be moved any more. Inside the settling's transaction; the doctor, both visits and `payment` are locked.
    """
    from precta.payments.services import request_refund

    old = Appointment.objects.get(pk=appointment.rescheduled_from_id)
    if old.status == AppointmentStatus.CONFIRMED:
        _complete(old, appointment, payment, now)
        return
    move(
        appointment,
        AppointmentStatus.CANCELLED,
        cancelled_at=now,
        cancellation_reason=reasons.MONEY_TOO_LATE,
        refund_due=payment.amount,
    )
    request_refund(
        payment=payment, amount=payment.amount, reason=reasons.MONEY_TOO_LATE, key=f"cancel:{appointment.pk}"
    )
    record("appointment.move_dropped", resource=appointment, details={"payment": payment.pk, "old": old.status})
    # The refund tells the patient; the doctor's free times have one more.
    emit("availability.changed", doctor_id=appointment.doctor_id)


def _complete(old: Appointment, new: Appointment, payment: Payment, now: datetime) -> None:
    _leave(old, by_user_id=new.booked_by_id, reason=reasons.RESCHEDULED, now=now)
    _carry_payments(old, new)
    move(new, AppointmentStatus.CONFIRMED, payment=payment)
    _tell(old, new, by_user=new.booked_by)


def _switch(
    old: Appointment, new: Appointment, quote: MoveQuote, *, by_user: User, for_clinic: bool, now: datetime
) -> None:
    from precta.payments.services import give_back

    reason = reasons.RESCHEDULED_FOR_CLINIC if for_clinic else reasons.RESCHEDULED
    # First of all the old time is given back: the new one may lie over it.
    _leave(old, by_user_id=by_user.pk, reason=reason, now=now)
    new.status = AppointmentStatus.CONFIRMED
    new.payment_id = old.payment_id
    new.save(force_insert=True)
    _carry_payments(old, new)
    if quote.to_return:
        payments = list(
            Payment.objects.select_for_update()
            .filter(type=PaymentPurpose.APPOINTMENT, subject_id=new.pk)
            .order_by("pk")
        )
        give_back(payments, quote.to_return, reason="moved to a cheaper time", key=f"move:{new.pk}")
    _tell(old, new, by_user=by_user)


def _hold(wanted: Appointment, quote: MoveQuote, method: str, now: datetime) -> None:
    from precta.payments.services import start_payment

    wanted.status = AppointmentStatus.PENDING_PAYMENT
    wanted.hold_expires_at = end_of_hold(wanted, now)
    wanted.payment = start_payment(
        payer=wanted.booked_by,
        purpose=PaymentPurpose.APPOINTMENT,
        subject_id=wanted.pk,
        amount=quote.to_pay,
        currency=wanted.currency,
        method=method,
    )
    wanted.save(force_insert=True)
    record(
        "appointment.held",
        resource=wanted,
        user=wanted.booked_by,
        details={"moving": wanted.rescheduled_from_id, "difference": str(quote.to_pay)},
    )
    emit("appointment.held", appointment_id=wanted.pk)


def _leave(old: Appointment, *, by_user_id: str, reason: str, now: datetime) -> None:
    move(
        old,
        AppointmentStatus.CANCELLED,
        cancelled_at=now,
        cancelled_by_id=by_user_id,
        cancellation_reason=reason,
        refund_due=ZERO,
    )


def _carry_payments(old: Appointment, new: Appointment) -> None:
    from precta.payments.services import move_payments

    move_payments(from_subject=old.pk, to_subject=new.pk)


def _tell(old: Appointment, new: Appointment, *, by_user: User) -> None:
    details = {"from": old.pk, "was": old.scheduled_at.isoformat(), "at": new.scheduled_at.isoformat()}
    record("appointment.rescheduled", resource=new, user=by_user, details=details | {"fee": str(new.fee)})
    emit("appointment.rescheduled", appointment_id=new.pk, from_id=old.pk)


def _check_free(wanted: Appointment, old: Appointment, now: datetime, *, within_lead: bool) -> None:
    """`SlotNotOffered` or `SlotTaken`; ended holds that lie over the new time are let go of. The doctor is locked."""
    doctor, clinic = old.doctor, old.clinic
    if not Doctor.objects.public().filter(pk=doctor.pk, clinic=clinic).exists():
        raise SlotNotOffered
    refuse_unless_free(doctor, clinic, wanted, now, within_lead=within_lead, moving=old.pk)
    minutes = doctor.consultation_duration_minutes + clinic.policy.buffer_minutes
    ended = Appointment.objects.filter(
        doctor=doctor,
        status=AppointmentStatus.PENDING_PAYMENT,
        hold_expires_at__lte=now,
        scheduled_at__lt=wanted.scheduled_at + timedelta(minutes=minutes),
        busy_until__gt=wanted.scheduled_at,
    )
    for hold in ended:
        let_go_of_ended(hold, now=now)


def _overlaps_itself(appointment: Appointment, starts_at: datetime) -> bool:
    """Whether a visit at `starts_at` would lie over `appointment`, pauses counted."""
    doctor, policy = appointment.doctor, appointment.clinic.policy
    ends_at = starts_at + timedelta(minutes=doctor.consultation_duration_minutes + policy.buffer_minutes)
    return starts_at < appointment.busy_until and appointment.scheduled_at < ends_at
