"""Days and hours in which a doctor takes no visits, and the visits that were booked into them before."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.models import Doctor, User
from appointments.exceptions import TimeOffInPast, TimeOffOverlaps, TimeOffReversed, VisitsInTheWay
from appointments.locks import lock_doctor
from appointments.models import Appointment, AppointmentStatus, TimeOff
from appointments.wall_clock import start_of_day
from precta import clock
from precta.audit.services import record
from precta.constraints import violated
from precta.outbox.services import emit


def time_off_over(appointment: Appointment) -> TimeOff | None:
    """The first time off of its doctor that the visit falls into. Reads the active clinic's schema.

    Slots never offer a time off, hence such a visit was booked before it. Only the visit itself counts, not the pause
    after it.
    """
    ends_at = appointment.scheduled_at + timedelta(minutes=appointment.duration_minutes)
    over_it = TimeOff.objects.filter(
        doctor_id=appointment.doctor_id, starts_at__lt=ends_at, ends_at__gt=appointment.scheduled_at
    )
    return over_it.order_by("starts_at").first()


def is_displaced(appointment: Appointment) -> bool:
    """Whether the doctor is away, so that the patient may move the visit or have everything back."""
    return time_off_over(appointment) is not None


def visits_in_the_way(
    *, doctor: Doctor, starts_at: datetime, ends_at: datetime, now: datetime | None = None
) -> list[Appointment]:
    """The booked visits to come that overlap the half-open stretch, by time. Holds are not among them: they end by
    themselves, and one that is paid after all is told then."""
    visits = Appointment.objects.filter(
        doctor=doctor,
        status=AppointmentStatus.CONFIRMED,
        scheduled_at__gte=now or clock.now(),
        scheduled_at__lt=ends_at,
        busy_until__gt=starts_at,
    ).select_related("patient")
    # `busy_until` counts the pause too, in which a time off may well begin.
    return [
        visit
        for visit in visits.order_by("scheduled_at")
        if visit.scheduled_at + timedelta(minutes=visit.duration_minutes) > starts_at
    ]


def check_range(
    *, doctor: Doctor, starts_at: datetime, ends_at: datetime, now: datetime | None = None
) -> tuple[datetime, datetime]:
    """The range as it will be stored. One that began earlier today begins now: what is over needs no time off.

    Raises TimeOffReversed, TimeOffInPast, TimeOffOverlaps (the database has the last word on overlaps).
    """
    now = now or clock.now()
    if ends_at <= starts_at:
        raise TimeOffReversed
    tz = doctor.clinic.policy.tz
    if ends_at <= now or starts_at < start_of_day(now.astimezone(tz).date(), tz):
        raise TimeOffInPast
    starts_at = max(starts_at, now)
    other = _overlapping(doctor, starts_at, ends_at)
    if other is not None:
        raise TimeOffOverlaps(other)
    return starts_at, ends_at


def add_time_off(
    *,
    doctor: Doctor,
    starts_at: datetime,
    ends_at: datetime,
    by_user: User,
    reason: str = "",
    cancel_visits: bool = False,
    shown: Collection[str] | None = None,
    now: datetime | None = None,
) -> TimeOff:
    """Take the half-open stretch (aware) out of the doctor's week.

    Each booked visit in it is told once that it may be moved or given back with all its money; with `cancel_visits`
    all of them are cancelled now, with everything paid back. `shown` are the ids of the visits that the doctor saw
    before deciding: any other set raises VisitsInTheWay and changes nothing. `reason` is for the doctor's own eyes.
    Raises TimeOffReversed, TimeOffInPast, TimeOffOverlaps.
    """
    # Here, because cancelling asks `is_displaced` above.
    from appointments.services.cancellation import Side, cancel_appointment

    now = now or clock.now()
    try:
        with transaction.atomic():
            lock_doctor(doctor.pk)
            starts_at, ends_at = check_range(doctor=doctor, starts_at=starts_at, ends_at=ends_at, now=now)
            visits = visits_in_the_way(doctor=doctor, starts_at=starts_at, ends_at=ends_at, now=now)
            if shown is not None and {visit.pk for visit in visits} != set(shown):
                raise VisitsInTheWay(visits)
            time_off = TimeOff.objects.create(doctor=doctor, starts_at=starts_at, ends_at=ends_at, reason=reason)
            record(
                "time_off.added",
                resource=time_off,
                user=by_user,
                details={"visits": [visit.pk for visit in visits], "cancelled": cancel_visits},
            )
            emit("time_off.created", time_off_id=time_off.pk)
            for visit in visits:
                if cancel_visits:
                    cancel_appointment(appointment=visit, by_user=by_user, side=Side.DOCTOR, now=now)
                else:
                    emit("appointment.displaced", appointment_id=visit.pk, time_off_id=time_off.pk)
    except IntegrityError as error:
        if not violated(error, "time_off_no_overlap"):
            raise
        raise TimeOffOverlaps(_overlapping(doctor, starts_at, ends_at)) from error
    return time_off


def remove_time_off(*, doctor: Doctor, by_user: User, time_off_id: str, now: datetime | None = None) -> None:
    """Take visits again in that time. Patients who were told to move and have not are told that their visit stands.

    Raises TimeOff.DoesNotExist, TimeOffInPast when it is over.
    """
    now = now or clock.now()
    with transaction.atomic():
        lock_doctor(doctor.pk)
        time_off = TimeOff.objects.select_for_update().get(pk=time_off_id, doctor=doctor)
        if time_off.ends_at <= now:
            raise TimeOffInPast
        visits = visits_in_the_way(doctor=doctor, starts_at=time_off.starts_at, ends_at=time_off.ends_at, now=now)
        record("time_off.removed", resource=time_off, user=by_user, details={"visits": [v.pk for v in visits]})
        time_off.delete()
        emit("time_off.removed", time_off_id=time_off_id, doctor_id=doctor.pk)
        for visit in visits:
            emit("appointment.reinstated", appointment_id=visit.pk)


def _overlapping(doctor: Doctor, starts_at: datetime, ends_at: datetime) -> TimeOff | None:
    return TimeOff.objects.filter(doctor=doctor, starts_at__lt=ends_at, ends_at__gt=starts_at).first()
