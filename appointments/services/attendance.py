"""What became of a confirmed visit: the patient came, did not come, or has been seen."""

from datetime import datetime

from django.db import transaction

from accounts.models import Doctor, User
from accounts.selectors import not_verified_since
from appointments.exceptions import InvalidTransition, NotYet
from appointments.models import Appointment, AppointmentStatus
from appointments.room.presence import patient_came
from appointments.services import consultation, transitions
from precta import clock
from precta.audit.services import record
from precta.outbox.services import emit

ARRIVED, UNVERIFIED = "arrived", "unverified"


def mark_arrived(*, appointment: Appointment, by_user: User, now: datetime | None = None) -> Appointment:
    """The patient is in the waiting room. On the day of the visit only, by the clinic's calendar.

    Raises NotYet before that day, InvalidTransition when the visit is not confirmed or was marked already.
    """
    now = now or clock.now()
    tz = appointment.clinic.policy.tz
    if now.astimezone(tz).date() < appointment.scheduled_at.astimezone(tz).date():
        raise NotYet
    with transaction.atomic():
        _swap_arrival(appointment, was_arrived=False, arrived_at=now)
        record("appointment.arrived", resource=appointment, user=by_user)
    return appointment


def undo_arrived(*, appointment: Appointment, by_user: User) -> Appointment:
    """Take a mistaken arrival back. Raises InvalidTransition when the visit is no longer confirmed and arrived."""
    with transaction.atomic():
        _swap_arrival(appointment, was_arrived=True, arrived_at=None)
        record("appointment.arrival_undone", resource=appointment, user=by_user)
    return appointment


def mark_no_show(*, appointment: Appointment, by_user: User, now: datetime | None = None) -> Appointment:
    """The patient did not come; nothing is paid back. The doctor may say so of a visit that they have begun, too.

    Raises NotYet until the clinic's grace after the start, InvalidTransition when the visit is neither confirmed nor
    in progress, when the patient is marked as arrived (`current` is then ARRIVED), and likewise when they came to the
    room of a video visit that the doctor never began; `current` is UNVERIFIED for a visit that was never begun and
    whose doctor saw no patients at its time.
    """
    now = now or clock.now()
    if now < appointment.scheduled_at + appointment.clinic.policy.no_show_grace:
        raise NotYet
    was_in_room = patient_came(appointment)
    with transaction.atomic():
        # Locked, so that nobody marks the arrival or begins the visit between this look and the change.
        visit = Appointment.objects.select_for_update(no_key=True).get(pk=appointment.pk)
        if visit.arrived_at is not None or (was_in_room and visit.status == AppointmentStatus.CONFIRMED):
            raise InvalidTransition(ARRIVED, AppointmentStatus.NO_SHOW)
        if visit.status == AppointmentStatus.IN_PROGRESS and by_user.pk != visit.doctor_id:
            raise InvalidTransition(visit.status, AppointmentStatus.NO_SHOW)
        if visit.status == AppointmentStatus.CONFIRMED and not _could_begin(visit):
            raise InvalidTransition(UNVERIFIED, AppointmentStatus.NO_SHOW)
        _close(appointment, AppointmentStatus.NO_SHOW, "appointment.no_show", by_user)
        if visit.status == AppointmentStatus.IN_PROGRESS:
            consultation.end_at(visit, now)
    return appointment


def has_come(appointment: Appointment) -> bool:
    """Whether the patient is known to have come to a visit that nobody has begun: they cannot have missed it."""
    is_waiting = appointment.status == AppointmentStatus.CONFIRMED
    return is_waiting and (appointment.arrived_at is not None or patient_came(appointment))


def mark_completed(*, appointment: Appointment, by_user: User, now: datetime | None = None) -> Appointment:
    """The visit took place. One that was never begun gets its consultation now, so that notes can be written.

    Raises NotYet when it was not begun and its time has not come, InvalidTransition unless confirmed or in progress,
    and with UNVERIFIED as `current` as `mark_no_show` does.
    """
    now = now or clock.now()
    with transaction.atomic():
        visit = Appointment.objects.select_for_update(no_key=True).get(pk=appointment.pk)
        if visit.status == AppointmentStatus.IN_PROGRESS:
            consultation.close(visit, at=now, by_user=by_user)
            appointment.status = visit.status
            return appointment
        if now < visit.scheduled_at:
            raise NotYet
        if not _could_begin(visit):
            raise InvalidTransition(UNVERIFIED, AppointmentStatus.COMPLETED)
        _close(appointment, AppointmentStatus.COMPLETED, "appointment.completed", by_user)
        consultation.consultation_of(appointment)
    return appointment


def _could_begin(visit: Appointment) -> bool:
    """Whether its doctor was verified at the visit's time: else its patient was told to stay away and gets all back."""
    doctor = Doctor.objects.get(pk=visit.doctor_id)
    since = not_verified_since(doctor)
    return doctor.is_verified or (since is not None and visit.scheduled_at < since)


def _swap_arrival(appointment: Appointment, *, was_arrived: bool, arrived_at: datetime | None) -> None:
    swapped = Appointment.objects.filter(
        pk=appointment.pk, status=AppointmentStatus.CONFIRMED, arrived_at__isnull=not was_arrived
    ).update(arrived_at=arrived_at)
    if not swapped:
        raise InvalidTransition(appointment.status, ARRIVED)
    appointment.arrived_at = arrived_at


def _close(appointment: Appointment, status: str, kind: str, by_user: User) -> Appointment:
    transitions.move(appointment, status)
    record(kind, resource=appointment, user=by_user)
    emit(kind, appointment_id=appointment.pk)
    return appointment
