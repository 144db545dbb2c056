"""Ending a visit before it takes place, and giving back what the clinic's rules give back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from django.db import transaction

from accounts.models import Doctor, User
from appointments import reasons
from appointments.exceptions import RefundChanged, RefundOutOfRange, VisitBegan
from appointments.locks import lock_doctor
from appointments.models import Appointment, AppointmentStatus
from appointments.services.time_off import is_displaced
from appointments.services.transitions import move
from precta import clock
from precta.audit.services import record
from precta.outbox.services import emit
from precta.payments.models import Payment, PaymentPurpose
from precta.payments.money import percent_of
from precta.payments.selectors import paid_total, refunded_total

REASON_LENGTH = 500
# Visits that were moved over and over are looked back on this far, then the strictest share found counts.
LONGEST_CHAIN = 20


class Side(StrEnum):
    """Who ends or moves a visit."""

    PATIENT = "patient"
    DOCTOR = "doctor"
    CLINIC = "clinic"


@dataclass(frozen=True, slots=True)
class RefundStep:
    """Who cancels before `until` (UTC) gets `amount` back, `percent` of what was paid; `is_past` when that is over."""

    until: datetime
    percent: int
    amount: Decimal
    is_past: bool


@dataclass(frozen=True, slots=True)
class RefundQuote:
    """What cancelling now gives back. `paid` is what the clinic holds of the patient's money for this visit."""

    paid: Decimal
    percent: int
    amount: Decimal
    currency: str
    steps: tuple[RefundStep, ...]

    @property
    def is_whole(self) -> bool:
        return self.amount == self.paid

    @property
    def next_deadline(self) -> RefundStep | None:
        """The step that counts now, with the moment at which it ends; None when nothing is given back any more."""
        return next((step for step in self.steps if not step.is_past), None)


def quote_refund(*, appointment: Appointment, by: str, now: datetime | None = None) -> RefundQuote:
    """What goes back if `by` (a Side) cancels at `now`; changes nothing.

    Source of the rule: the clinic's `refund_steps`, as they stood at the booking, for the patient; everything when the
    doctor or the clinic cancels, or when the doctor's time off lies over the visit or they work here no more; nothing
    was paid for a visit that waits for its payment. A visit that was moved late keeps the share it had then, so that
    moving is no way around the deadline.
    """
    now = now or clock.now()
    paid = paid_total(appointment.pk) - refunded_total(appointment.pk)
    whole = by != Side.PATIENT or not paid or is_displaced(appointment) or not sees_patients(appointment)
    most = 100 if whole else _share_kept_from_moves(appointment)
    policy = appointment.policy
    percent = 100 if whole else min(policy.refund_percent(appointment.scheduled_at - now), most)
    steps: list[RefundStep] = []
    for step in () if whole else policy.refund_steps:
        until = appointment.scheduled_at - timedelta(hours=step.hours_before)
        share = min(step.percent, most)
        if steps and steps[-1].percent == share:
            steps.pop()  # the later deadline of an equal share says it all
        if share:
            steps.append(RefundStep(until, share, percent_of(paid, share), until < now))
    return RefundQuote(
        paid=paid,
        percent=percent if paid else 0,
        amount=percent_of(paid, percent),
        currency=appointment.currency,
        steps=tuple(steps),
    )


def cancel_appointment(
    *,
    appointment: Appointment,
    by_user: User | None,
    side: str,
    cause: str | None = None,
    reason: str = "",
    expected_refund: Decimal | None = None,
    refund: Decimal | None = None,
    now: datetime | None = None,
) -> Appointment:
    """Cancel a visit and request what is to be given back, all in one transaction; returns the row as it then stands.

    `side` is the Side that does it, `cause` the Side whose doing it is, when that is another: a desk that cancels what
    a patient asks it to gives back what the patient would have got. `by_user` is None when the portal itself acts. A
    visit that is cancelled already is returned as it is. `refund` gives back that much instead, never less than the
    rule says and never more than was paid. Raises RefundChanged when `expected_refund` (the amount that was shown) is
    not what would go back by the rule now, RefundOutOfRange, VisitBegan for a patient after the visit's time,
    InvalidTransition when the visit is in progress or over. Whoever raises has changed nothing. The caller answers for
    `by_user` being allowed to.
    """
    from precta.payments.services import give_back

    cause = cause or side
    with transaction.atomic():
        lock_doctor(appointment.doctor_id)
        visit = Appointment.objects.select_for_update(no_key=True, of=("self",)).get(pk=appointment.pk)
        if visit.status == AppointmentStatus.CANCELLED:
            return visit
        visit.clinic = appointment.clinic
        now = now or clock.now()
        if side == Side.PATIENT and visit.scheduled_at <= now:
            raise VisitBegan
        payments = _locked_payments(visit)
        quote = quote_refund(appointment=visit, by=cause, now=now)
        if expected_refund is not None and quote.amount != expected_refund:
            raise RefundChanged(quote)
        back = quote.amount if refund is None else refund
        if not quote.amount <= back <= quote.paid:
            raise RefundOutOfRange(quote)
        was_held = visit.status == AppointmentStatus.PENDING_PAYMENT
        is_unpaid_move = was_held and visit.rescheduled_from_id is not None
        move(
            visit,
            AppointmentStatus.CANCELLED,
            cancelled_at=now,
            cancelled_by_id=by_user.pk if by_user else None,
            cancellation_reason=reasons.MOVE_DROPPED if is_unpaid_move else _own_words(reason, by_user),
            # What went back earlier (a cheaper time) counts as well: the column answers for all refunds of the visit.
            refund_due=back + refunded_total(visit.pk),
        )
        give_back(payments, back, reason="cancelled", key=f"cancel:{visit.pk}")
        drop_open_moves(visit, by_user=by_user, now=now)
        details = {"side": str(side), "cause": str(cause), "paid": str(quote.paid), "refund": str(back)}
        if back != quote.amount:
            details["by_the_rule"] = str(quote.amount)
        record("appointment.cancelled", resource=visit, user=by_user, details=details)
        if was_held and side == Side.PATIENT:
            # Nobody but the patient knew of it: the time is free again, and there is no news to tell.
            emit("availability.changed", doctor_id=visit.doctor_id)
        else:
            causes = {"cause": str(cause)} if cause != side else {}
            emit("appointment.cancelled", appointment_id=visit.pk, side=str(side), **causes)
    return visit


def drop_open_moves(visit: Appointment, *, by_user: User | None, now: datetime) -> None:
    """Let go of times that are held for moving `visit` and not paid yet; the doctor's lock is held.

    Should their money come after all, it goes back as money that came too late.
    """
    held = Appointment.objects.filter(rescheduled_from=visit.pk, status=AppointmentStatus.PENDING_PAYMENT)
    for hold in held.select_for_update(no_key=True, of=("self",)).order_by("pk"):
        move(
            hold,
            AppointmentStatus.CANCELLED,
            cancelled_at=now,
            cancelled_by_id=by_user.pk if by_user else None,
            cancellation_reason=reasons.MOVE_DROPPED,
            refund_due=Decimal(0),
        )
        record("appointment.expired", resource=hold, user=by_user, details={"moving": visit.pk})
        # No event: that of the cancellation or the move, which always follows, refreshes the doctor's free times.


def _own_words(reason: str, by_user: User | None) -> str:
    """The portal acts on its own words in this column: nobody may be taken for it by typing the same ones."""
    reason = reason[:REASON_LENGTH]
    return f"{reason}." if by_user is not None and reason.strip() in reasons.OF_THE_PORTAL else reason


def _locked_payments(visit: Appointment) -> list[Payment]:
    rows = Payment.objects.select_for_update().filter(type=PaymentPurpose.APPOINTMENT, subject_id=visit.pk)
    return list(rows.order_by("pk"))


def sees_patients(appointment: Appointment) -> bool:
    """Whether the visit's doctor is still verified, let in, and at the clinic where the visit was booked."""
    return Doctor.objects.public().filter(pk=appointment.doctor_id, clinic=appointment.clinic_id).exists()


def _share_kept_from_moves(appointment: Appointment) -> int:
    """The smallest share that applied when the patient moved this visit or one before it; 100 when it never was."""
    share = 100
    earlier_id = appointment.rescheduled_from_id
    for _step in range(LONGEST_CHAIN):
        if earlier_id is None:
            break
        earlier = Appointment.objects.get(pk=earlier_id)
        if earlier.cancellation_reason == reasons.RESCHEDULED and earlier.cancelled_at is not None:
            notice = earlier.scheduled_at - earlier.cancelled_at
            policy = appointment.clinic.policy.with_refund_steps(earlier.refund_steps)
            share = min(share, policy.refund_percent(notice))
        earlier_id = earlier.rescheduled_from_id
    return share
