"""The encounter of a visit: its start and its end.

A visit that was never started here is completed from the day's list (`attendance.mark_completed`) and gets its
consultation then, so that notes can be written for it. Locks: the visit's row, then the consultation's.
"""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from appointments.exceptions import InvalidTransition, NotTheDoctor, NotVerified, NotYet
from appointments.models import Appointment, AppointmentStatus, Consultation
from appointments.services.cancellation import sees_patients
from appointments.services.transitions import move
from precta import clock
from precta.audit.services import record
from precta.inserts import insert
from precta.outbox.services import emit

# How long before its time the doctor may begin a visit, and both may enter its room.
OPENS_BEFORE = timedelta(minutes=10)
# A visit that nobody ended is ended by the portal so long after its time, or after its start when that was later.
LEFT_OPEN = timedelta(hours=12)


def start_consultation(*, appointment: Appointment, by_user: User, now: datetime | None = None) -> Consultation:
    """Begin the visit: confirmed becomes in progress. `appointment` is brought up to date.

    A visit in progress gives its consultation again, so two tabs and a second click are harmless. Raises NotTheDoctor
    for everybody but the visit's doctor, NotYet earlier than OPENS_BEFORE the visit's time, InvalidTransition when it
    is neither confirmed nor in progress, NotVerified for a doctor who sees no patients here now: such a visit can
    still be cancelled with everything paid back.
    """
    now = now or clock.now()
    with transaction.atomic():
        visit = locked_visit(appointment, by_user)
        if visit.status == AppointmentStatus.IN_PROGRESS:
            return consultation_of(visit)
        if visit.status != AppointmentStatus.CONFIRMED:
            raise InvalidTransition(visit.status, AppointmentStatus.IN_PROGRESS)
        if now < visit.scheduled_at - OPENS_BEFORE:
            raise NotYet
        if not sees_patients(visit):
            raise NotVerified
        move(visit, AppointmentStatus.IN_PROGRESS)
        consultation = insert(Consultation(appointment=visit, started_at=now, reason=visit.notes))
        record("consultation.started", resource=consultation, user=by_user, details={"appointment_id": visit.pk})
        emit("consultation.started", appointment_id=visit.pk, consultation_id=consultation.pk)
    appointment.status = visit.status
    return consultation


def end_consultation(*, appointment: Appointment, by_user: User, now: datetime | None = None) -> Consultation:
    """End the visit: in progress becomes completed; its notes stay open. `appointment` is brought up to date.

    A visit that is completed gives its consultation again. Raises NotTheDoctor for everybody but the visit's doctor,
    InvalidTransition when the visit was never started, or was cancelled or missed.
    """
    now = now or clock.now()
    with transaction.atomic():
        visit = locked_visit(appointment, by_user)
        if visit.status == AppointmentStatus.COMPLETED:
            return consultation_of(visit)
        if visit.status != AppointmentStatus.IN_PROGRESS:
            raise InvalidTransition(visit.status, AppointmentStatus.COMPLETED)
        consultation = close(visit, at=now, by_user=by_user)
    appointment.status = visit.status
    return consultation


def close(visit: Appointment, *, at: datetime, by_user: User | None) -> Consultation:
    """Complete the locked `visit`, which is in progress, with `at` as the end of its consultation.

    `by_user` is None when the portal closes what was left open.
    """
    consultation = end_at(visit, at)
    move(visit, AppointmentStatus.COMPLETED)
    record("consultation.ended", resource=consultation, user=by_user, details={"appointment_id": visit.pk})
    emit("consultation.ended", appointment_id=visit.pk, consultation_id=consultation.pk)
    record("appointment.completed", resource=visit, user=by_user)
    emit("appointment.completed", appointment_id=visit.pk)
    return consultation


def end_at(visit: Appointment, at: datetime) -> Consultation:
    """Set the end of the locked `visit`'s consultation, never before its start; one that is set already stays."""
    consultation = consultation_of(visit)
    if consultation.ended_at is None:
        consultation.ended_at = max(at, consultation.started_at)
        consultation.save(update_fields=["ended_at"])
        consultation.refresh_from_db(fields=["duration_seconds"])
    return consultation


def consultation_of(visit: Appointment) -> Consultation:
    """The consultation of the locked `visit`.

    Where nobody pressed start it stands at the visit's own time, without a length: none was measured.
    """
    consultation = Consultation.objects.select_for_update().filter(appointment=visit).first()
    if consultation is None:
        ended_at = None if visit.status == AppointmentStatus.IN_PROGRESS else visit.scheduled_at
        consultation = insert(
            Consultation(appointment=visit, started_at=visit.scheduled_at, ended_at=ended_at, reason=visit.notes)
        )
    return consultation


def locked_visit(appointment: Appointment, by_user: User) -> Appointment:
    """The visit's row, locked and fresh, for its doctor alone: NotTheDoctor for anybody else."""
    if by_user.pk != appointment.doctor_id:
        raise NotTheDoctor
    visit = Appointment.objects.select_for_update(no_key=True, of=("self",)).get(pk=appointment.pk)
    visit.clinic = appointment.clinic
    return visit


def close_left_open(*, now: datetime | None = None) -> int:
    """End the visits of the active clinic that have been in progress for LEFT_OPEN after their time; the number ended.

    They end when their time was over, or at their start when that was later. The doctor is told.
    """
    long_ago = (now or clock.now()) - LEFT_OPEN
    left = Appointment.objects.filter(status=AppointmentStatus.IN_PROGRESS, busy_until__lt=long_ago)
    return sum(_close_if_left(pk, long_ago) for pk in list(left.values_list("pk", flat=True)))


@transaction.atomic
def _close_if_left(appointment_id: str, long_ago: datetime) -> bool:
    visit = Appointment.objects.select_for_update(no_key=True, of=("self",)).get(pk=appointment_id)
    if visit.status != AppointmentStatus.IN_PROGRESS or consultation_of(visit).started_at >= long_ago:
        return False
    consultation = close(visit, at=visit.scheduled_at + timedelta(minutes=visit.duration_minutes), by_user=None)
    emit("consultation.left_open", appointment_id=visit.pk, consultation_id=consultation.pk)
    return True
