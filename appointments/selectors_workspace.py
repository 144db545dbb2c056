"""What a doctor's workspace reads: only this doctor's visits at the active clinic, and who they are with."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from accounts.models import ClinicPatient, Doctor, Patient
from appointments.models import Appointment, AppointmentStatus, TimeOff
from appointments.wall_clock import day_bounds
from precta.payments.models import Payment, PaymentPurpose, PaymentStatus, Refund, RefundStatus

# A hold says nothing about the person yet, and a cancelled visit no longer.
SEEN_STATUSES = (
    AppointmentStatus.CONFIRMED,
    AppointmentStatus.IN_PROGRESS,
    AppointmentStatus.COMPLETED,
    AppointmentStatus.NO_SHOW,
)


@dataclass(frozen=True, slots=True)
class PatientCard:
    """What the doctor may know of a patient before the visit."""

    visit: Appointment
    patient: Patient
    last_seen: datetime | None


def visits_of_doctor(doctor: Doctor) -> QuerySet[Appointment]:
    """The doctor's visits at the active clinic that stand or stood: no holds, nothing cancelled."""
    return Appointment.objects.filter(doctor=doctor, status__in=SEEN_STATUSES).select_related("patient", "clinic")


def visits_and_holds(doctor: Doctor, *, first: date, days: int, now: datetime) -> QuerySet[Appointment]:
    """What takes the doctor's time on `days` days from `first` (in the clinic's zone), in order.

    Each with `is_first`: the patient was never seen at this clinic before it. A hold that ran out is left out.
    """
    starts_at, ends_at = day_bounds(first, days, doctor.clinic.policy.tz)
    seen_before = Appointment.objects.filter(
        patient=OuterRef("patient"), status=AppointmentStatus.COMPLETED, scheduled_at__lt=OuterRef("scheduled_at")
    )
    return (
        Appointment.objects.filter(doctor=doctor, scheduled_at__gte=starts_at, scheduled_at__lt=ends_at)
        .live()
        .exclude(Q(status=AppointmentStatus.PENDING_PAYMENT) & Q(hold_expires_at__lte=now))
        .select_related("patient")
        .annotate(is_first=~Exists(seen_before))
        .order_by("scheduled_at")
    )


def visits_by_day(doctor: Doctor, *, first: date, days: int) -> list[tuple[date, int]]:
    """How many visits stand on each of `days` days from `first`, in the clinic's zone."""
    tz = doctor.clinic.policy.tz
    starts_at, ends_at = day_bounds(first, days, tz)
    times = visits_of_doctor(doctor).filter(scheduled_at__gte=starts_at, scheduled_at__lt=ends_at)
    counts = Counter(moment.astimezone(tz).date() for moment in times.values_list("scheduled_at", flat=True))
    return [(day, counts[day]) for day in (first + timedelta(days=n) for n in range(days))]


def _refunds_of(payments: QuerySet[Payment]) -> QuerySet[Refund]:
    """What went or goes back of them; a refund that failed does neither."""
    return Refund.objects.filter(payment__in=payments).exclude(status=RefundStatus.FAILED)


def patient_card(doctor: Doctor, visit_id: str) -> PatientCard | None:
    """The patient behind one of the doctor's visits; None unless the clinic and the patient are linked, and the doctor
    is verified."""
    if not doctor.is_verified:
        return None
    visit = visits_of_doctor(doctor).filter(pk=visit_id).first()
    if visit is None:
        return None
    if not ClinicPatient.objects.filter(clinic_id=doctor.clinic_id, patient_id=visit.patient_id).exists():
        return None
    last_seen = (
        Appointment.objects.filter(patient_id=visit.patient_id, status=AppointmentStatus.COMPLETED)
        .exclude(pk=visit.pk)
        .aggregate(last=Max("scheduled_at", filter=Q(scheduled_at__lt=visit.scheduled_at)))["last"]
    )
    return PatientCard(visit=visit, patient=visit.patient, last_seen=last_seen)


def times_off(doctor: Doctor, *, first: date, days: int) -> list[TimeOff]:
    """The doctor's absences that touch `days` days from `first`."""
    starts_at, ends_at = day_bounds(first, days, doctor.clinic.policy.tz)
    return list(TimeOff.objects.filter(doctor=doctor, starts_at__lt=ends_at, ends_at__gt=starts_at))


def net_paid_of(visits: Iterable[Appointment]) -> dict[str, Decimal]:
    """What was paid for each of `visits` and has not gone back: appointment's id → amount, two statements for all."""
    ids = [visit.pk for visit in visits]
    paid = Payment.objects.filter(
        type=PaymentPurpose.APPOINTMENT,
        subject_id__in=ids,
        status__in=(PaymentStatus.COMPLETED, PaymentStatus.REFUNDED),
    )
    result = dict.fromkeys(ids, Decimal(0))
    for subject_id, amount in paid.values_list("subject_id", "amount"):
        result[subject_id] += amount
    for subject_id, amount in _refunds_of(paid).values_list("payment__subject_id", "amount"):
        result[subject_id] -= amount
    return result


def visits_in_times_off(doctor: Doctor, times_off: Sequence[TimeOff], *, now: datetime) -> dict[str, list[Appointment]]:
    """The visits to come that still stand in each of `times_off`: time off's id → visits, one statement."""
    result: dict[str, list[Appointment]] = {time_off.pk: [] for time_off in times_off}
    if not times_off:
        return result
    visits = Appointment.objects.filter(
        doctor=doctor,
        status=AppointmentStatus.CONFIRMED,
        scheduled_at__gte=now,
        scheduled_at__lt=max(time_off.ends_at for time_off in times_off),
    ).select_related("patient")
    for visit in visits.order_by("scheduled_at"):
        ends_at = visit.scheduled_at + timedelta(minutes=visit.duration_minutes)
        for time_off in times_off:
            if time_off.starts_at < ends_at and visit.scheduled_at < time_off.ends_at:
                result[time_off.pk].append(visit)
    return result


def patients_of_doctor(doctor: Doctor, *, search: str = "") -> QuerySet[Patient]:
    """This clinic's linked patients with a visit with the doctor; `search` finds parts of names."""
    visits = Appointment.objects.filter(doctor=doctor, status__in=SEEN_STATUSES)
    patients = Patient.objects.filter(pk__in=visits.values("patient"), clinic_links__clinic=doctor.clinic_id).order_by(
        "last_name", "first_name", "pk"
    )
    for word in search.split()[:4]:
        patients = patients.filter(Q(first_name__icontains=word) | Q(last_name__icontains=word))
    return patients


def last_visits(doctor: Doctor, patient_ids: Sequence[str]) -> dict[str, Appointment]:
    """The latest visit of each of these patients with the doctor: patient's id → visit, one statement."""
    visits = (
        visits_of_doctor(doctor)
        .filter(patient_id__in=patient_ids)
        .order_by("patient_id", "-scheduled_at")
        .distinct("patient_id")
    )
    return {visit.patient_id: visit for visit in visits}
