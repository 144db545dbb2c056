"""What a settled payment does to the visit it pays for. Runs inside the transaction of the settling."""

import logging
from datetime import datetime

from django.db.models import F, Q

from appointments import reasons
from appointments.locks import lock_doctor
from appointments.models import Appointment, AppointmentStatus, TimeOff
from appointments.money import net_paid
from appointments.services.booking import let_go_of_ended
from appointments.services.transitions import move
from precta import clock
from precta.audit.services import record
from precta.ids import new_id
from precta.outbox.services import emit
from precta.payments.models import Payment, PaymentPurpose

logger = logging.getLogger(__name__)


def take_locks(*, payment: Payment) -> None:
    """Lock what comes before the payment in the order of `appointments.locks`: the doctor, then the visits.

    A visit that is held for a move needs the visit that it replaces, too.
    """
    if payment.type != PaymentPurpose.APPOINTMENT:
        return
    doctor_id = Appointment.objects.filter(pk=payment.subject_id).values_list("doctor_id", flat=True).first()
    if doctor_id is None:
        return
    lock_doctor(doctor_id)
    visits = Appointment.objects.filter(Q(pk=payment.subject_id) | Q(moved_to=payment.subject_id))
    list(visits.order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk", flat=True))


def confirm_paid(*, payment: Payment, now: datetime | None = None) -> None:
    """`payment` is complete: confirm its visit, or, when the hold had ended, take the time again or give all back.

    `take_locks` has run in this transaction. A second call changes nothing.
    """
    if payment.type != PaymentPurpose.APPOINTMENT:
        return
    now = now or clock.now()
    appointment = Appointment.objects.filter(pk=payment.subject_id).first()
    if appointment is None:
        logger.error("payment %s pays for a visit that does not exist", payment.pk)
        return
    if appointment.status == AppointmentStatus.PENDING_PAYMENT:
        if appointment.rescheduled_from_id:
            from appointments.services.rescheduling import finish_paid_move

            finish_paid_move(appointment=appointment, payment=payment, now=now)
            return
        move(appointment, AppointmentStatus.CONFIRMED, payment=payment)
        record("appointment.confirmed", resource=appointment, details={"payment": payment.pk})
        emit("appointment.confirmed", appointment_id=appointment.pk)
    elif appointment.status == AppointmentStatus.CANCELLED:
        if _can_have_its_time_again(appointment, now):
            _take_again(appointment, payment)
        else:
            _give_back(appointment, payment)
    elif net_paid(appointment.pk) - appointment.fee >= payment.amount:
        # The visit stands without it: an earlier attempt came through after the visit was moved to a cheaper time.
        _return_surplus(appointment, payment)


def _can_have_its_time_again(appointment: Appointment, now: datetime) -> bool:
    """Whether the hold merely ran out and its time, still to come, is in nobody's hands. Lets go of ended holds there.

    The doctor's lock is held, so that nobody takes the time between this answer and the new row.
    """
    if appointment.cancellation_reason != reasons.HOLD_EXPIRED or appointment.rescheduled_from_id:
        return False
    if appointment.scheduled_at <= now:
        return False
    over_it = Q(doctor=appointment.doctor_id, scheduled_at__lt=appointment.busy_until)
    for other in Appointment.objects.live().filter(over_it, busy_until__gt=appointment.scheduled_at):
        if other.status != AppointmentStatus.PENDING_PAYMENT or other.hold_expires_at > now:
            return False
        let_go_of_ended(other, now=now)
    return not TimeOff.objects.filter(
        doctor=appointment.doctor_id,
        starts_at__lt=appointment.busy_until,
        ends_at__gt=appointment.scheduled_at,
    ).exists()


def _take_again(ended: Appointment, payment: Payment) -> None:
    """A new, confirmed visit at the same time, which the payment now pays for; `ended` keeps pointing to the payment.

    The key makes the same payment take the time once.
    """
    from precta.payments.services import move_payments

    again = Appointment.objects.create(
        pk=new_id(),
        patient_id=ended.patient_id,
        doctor_id=ended.doctor_id,
        clinic_id=ended.clinic_id,
        booked_by_id=ended.booked_by_id,
        scheduled_at=ended.scheduled_at,
        duration_minutes=ended.duration_minutes,
        buffer_minutes=ended.buffer_minutes,
        consultation_type=ended.consultation_type,
        status=AppointmentStatus.CONFIRMED,
        notes=ended.notes,
        payment=payment,
        fee=ended.fee,
        currency=ended.currency,
        refund_steps=ended.refund_steps,
        idempotency_key=f"late-{payment.pk}",
    )
    move_payments(from_subject=ended.pk, to_subject=again.pk)
    payment.subject_id = again.pk
    Appointment.objects.filter(pk=ended.pk).update(payment=payment)
    record("appointment.taken_again", resource=again, details={"payment": payment.pk, "instead_of": ended.pk})
    emit("appointment.confirmed", appointment_id=again.pk)


def _give_back(ended: Appointment, payment: Payment) -> None:
    """All of it goes back: the visit is over for good, whoever ended it."""
    from precta.payments.services import request_refund

    request_refund(payment=payment, amount=payment.amount, reason=reasons.MONEY_TOO_LATE, key=f"late-{ended.pk}")
    changes: dict[str, object] = {"refund_due": F("refund_due") + payment.amount}
    if ended.cancellation_reason == reasons.HOLD_EXPIRED:
        changes["cancellation_reason"] = reasons.MONEY_TOO_LATE
    Appointment.objects.filter(pk=ended.pk).update(**changes)
    record(
        "appointment.paid_too_late",
        resource=ended,
        details={"payment": payment.pk, "refund": str(payment.amount)},
    )


def _return_surplus(visit: Appointment, payment: Payment) -> None:
    from precta.payments.services import request_refund

    request_refund(payment=payment, amount=payment.amount, reason="paid twice", key=f"surplus-{visit.pk}")
    record("appointment.paid_twice", resource=visit, details={"payment": payment.pk, "refund": str(payment.amount)})
