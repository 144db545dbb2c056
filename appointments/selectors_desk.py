"""What a clinic's front desk reads: one day of all its doctors, its patients, the money of its visits.

Everything is of the active clinic. Nothing here is of anybody's health: the reason that a patient wrote is not read.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Prefetch, Q, QuerySet, Sum

from accounts.models import ClinicPatient, Doctor
from appointments import reasons
from appointments.models import Appointment, AppointmentStatus, TimeOff
from appointments.wall_clock import day_bounds
from clinics.models import Clinic
from precta.payments.models import Payment, PaymentMethod, PaymentPurpose, PaymentStatus, Refund, RefundStatus

ZERO = Decimal(0)
RECEIVED = (PaymentStatus.COMPLETED, PaymentStatus.REFUNDED)
MOST_FOUND = 20
# What came of a time that nobody ever had, and where a visit was before it was moved.
NOT_OF_THE_DAY = reasons.NEVER_TAKEN | reasons.MOVES

NOT_FOR_THE_DESK = ("patient__allergies", "patient__blood_type", "patient__user__password")


@dataclass(slots=True)
class Money:
    """How a visit stands with the till. `paid` is with the clinic and not on its way back."""

    paid: Decimal = ZERO
    returned: Decimal = ZERO
    to_pay: Decimal = ZERO
    to_hand_back: Decimal = ZERO
    failed: Decimal = ZERO
    cash_payment_id: str = ""
    open_payment_id: str = ""
    cash_refund_id: str = ""
    failed_refund_id: str = ""


@dataclass(slots=True)
class PatientFound:
    """A patient of this clinic with the next visit here, or else the last one."""

    link: ClinicPatient
    next_visit: Appointment | None = None
    last_visit: Appointment | None = None


@dataclass(slots=True)
class Till:
    """What came in and went back on one day by one method; for cash what should lie in the drawer."""

    method: str
    label: str
    taken: Decimal = ZERO
    returned: Decimal = ZERO
    count: int = 0

    @property
    def net(self) -> Decimal:
        return self.taken - self.returned


@dataclass(slots=True)
class DoctorsDay:
    doctor: Doctor
    visits: list[Appointment] = field(default_factory=list)
    times_off: list[TimeOff] = field(default_factory=list)


def visits_of_clinic() -> QuerySet[Appointment]:
    """Every visit of the active clinic, with whom it is for and with whom."""
    return Appointment.objects.select_related("patient__user", "doctor").defer("notes", *NOT_FOR_THE_DESK)


def visits_of_day(clinic: Clinic, day: date, *, now: datetime) -> list[Appointment]:
    """What the desk sees on `day` (the clinic's calendar), by time: no ended holds, nothing that was moved away."""
    starts_at, ends_at = day_bounds(day, 1, clinic.policy.tz)
    return list(
        visits_of_clinic()
        .filter(scheduled_at__gte=starts_at, scheduled_at__lt=ends_at)
        .exclude(status=AppointmentStatus.PENDING_PAYMENT, hold_expires_at__lte=now)
        .exclude(status=AppointmentStatus.CANCELLED, cancellation_reason__in=NOT_OF_THE_DAY)
        .order_by("scheduled_at", "pk")
    )


def doctors_of_clinic(clinic: Clinic) -> list[Doctor]:
    doctors = Doctor.objects.filter(clinic=clinic.pk).order_by("last_name", "first_name", "pk")
    return list(doctors.only("first_name", "last_name", "profile_image_url", "specialties", "verification_status"))


def days_by_doctor(clinic: Clinic, visits: Iterable[Appointment], day: date) -> list[DoctorsDay]:
    """The clinic's doctors by name with their visits and absences of `day`; whoever left is there while visits are."""
    starts_at, ends_at = day_bounds(day, 1, clinic.policy.tz)
    days = {doctor.pk: DoctorsDay(doctor) for doctor in doctors_of_clinic(clinic)}
    for visit in visits:
        if visit.doctor_id not in days:
            days[visit.doctor_id] = DoctorsDay(visit.doctor)
        days[visit.doctor_id].visits.append(visit)
    for time_off in TimeOff.objects.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).order_by("starts_at"):
        if time_off.doctor_id in days:
            days[time_off.doctor_id].times_off.append(time_off)
    return list(days.values())


def money_of(visits: Sequence[Appointment]) -> dict[str, Money]:
    """How each of `visits` stands with the till: visit's id → Money; two statements for all."""
    earlier = {visit.rescheduled_from_id: visit.pk for visit in visits if _is_unpaid_move(visit)}
    result = {visit.pk: Money() for visit in visits}
    ids = [*result, *earlier]
    received: dict[str, Decimal] = defaultdict(Decimal)
    for payment in Payment.objects.filter(type=PaymentPurpose.APPOINTMENT, subject_id__in=ids).order_by("created_at"):
        money = result.get(payment.subject_id)
        if payment.status in RECEIVED:
            received[payment.subject_id] += payment.amount
        elif payment.status == PaymentStatus.PENDING and money is not None:
            money.open_payment_id = payment.pk
            money.cash_payment_id = payment.pk if payment.method == PaymentMethod.CASH else ""
    refunds = Refund.objects.filter(payment__type=PaymentPurpose.APPOINTMENT, payment__subject_id__in=ids)
    rows = list(refunds.select_related("payment").order_by("created_at"))
    again = {row.key for row in rows}
    for row in rows:
        money = result.get(row.payment.subject_id)
        if row.status != RefundStatus.FAILED:
            received[row.payment.subject_id] -= row.amount
        if money is None:
            continue
        if row.status == RefundStatus.FAILED and f"again:{row.pk}" not in again:
            money.failed += row.amount
            money.failed_refund_id = row.pk
        elif row.status == RefundStatus.QUEUED and row.payment.method == PaymentMethod.CASH:
            money.to_hand_back += row.amount
            money.cash_refund_id = row.pk
        if row.status != RefundStatus.FAILED:
            money.returned += row.amount
    for visit in visits:
        money = result[visit.pk]
        money.paid = received[visit.pk]
        if visit.status == AppointmentStatus.PENDING_PAYMENT:
            held = received[visit.rescheduled_from_id] if visit.rescheduled_from_id else ZERO
            money.to_pay = max(visit.fee - money.paid - held, ZERO)
    return result


def _is_unpaid_move(visit: Appointment) -> bool:
    return visit.status == AppointmentStatus.PENDING_PAYMENT and visit.rescheduled_from_id is not None


def find_patients(clinic: Clinic, words: str, *, now: datetime) -> list[PatientFound]:
    """This clinic's patients whose name has all of `words`, or whose phone has these digits; the first `MOST_FOUND`.

    A phone is found by any form of it that people say ("0712 345", "+254712345"). Two statements.
    """
    links = patients_matching(clinic, words)
    if links is None:
        return []
    found = {link.patient_id: PatientFound(link) for link in links[:MOST_FOUND]}
    stands = Q(status__in=(AppointmentStatus.CONFIRMED, AppointmentStatus.COMPLETED, AppointmentStatus.NO_SHOW))
    running = Q(status=AppointmentStatus.IN_PROGRESS)
    for visit in visits_of_clinic().filter(stands | running, patient_id__in=found).order_by("scheduled_at"):
        row = found[visit.patient_id]
        if visit.scheduled_at < now:
            row.last_visit = visit
        elif row.next_visit is None:
            row.next_visit = visit
    return list(found.values())


def patients_matching(clinic: Clinic, words: str) -> QuerySet[ClinicPatient] | None:
    """The clinic's links whose patient answers to `words`; None when they are too short to look for."""
    words = words.replace("\x00", "").strip()[:60]
    digits = re.sub(r"\D", "", words)
    is_phone = len(digits) >= 4 and not re.search(r"[^\d\s+()./-]", words)
    if not is_phone and len(words) < 2:
        return None
    links = ClinicPatient.objects.filter(clinic=clinic.pk).select_related("patient__user").defer(*NOT_FOR_THE_DESK)
    if is_phone:
        # Numbers are kept as +254…; at home they begin with a 0 instead.
        wanted = digits.removeprefix("0")
        links = links.filter(Q(patient__user__phone__contains=wanted) | Q(patient__contact_phone__contains=wanted))
    else:
        for word in words.split()[:4]:
            links = links.filter(Q(patient__first_name__icontains=word) | Q(patient__last_name__icontains=word))
    return links.order_by("patient__last_name", "patient__first_name", "pk")


def visits_of_patient(patient_id: str) -> QuerySet[Appointment]:
    """One patient's visits at the active clinic, the latest first; times that were never taken are left out."""
    never = Q(status=AppointmentStatus.CANCELLED, cancellation_reason__in=reasons.NEVER_TAKEN)
    return visits_of_clinic().filter(patient=patient_id).exclude(never).order_by("-scheduled_at", "-pk")


def payments_of_visits(visit_ids: Iterable[str]) -> QuerySet[Payment]:
    """The payments of these visits whose money came in, the latest first, with their refunds."""
    received = Payment.objects.filter(
        type=PaymentPurpose.APPOINTMENT, subject_id__in=list(visit_ids), status__in=RECEIVED
    )
    refunds = Prefetch("refunds", Refund.objects.select_related("handed_by"))
    return received.select_related("taken_by").prefetch_related(refunds).order_by("-paid_at", "-pk")


def till_of_day(clinic: Clinic, day: date) -> list[Till]:
    """What came in and went back on `day` (the clinic's calendar), by method; two statements.

    Cash counts back when it is handed over, provider's money when the provider says that it went.
    """
    starts_at, ends_at = day_bounds(day, 1, clinic.policy.tz)
    # The drawer first: it is what the desk counts.
    tills = {method: Till(method, str(PaymentMethod(method).label)) for method in ("cash", "mpesa", "card")}
    came = Payment.objects.filter(status__in=RECEIVED, paid_at__gte=starts_at, paid_at__lt=ends_at)
    for method, amount in came.values_list("method", "amount"):
        tills[method].taken += amount
        tills[method].count += 1
    went = Refund.objects.filter(
        status=RefundStatus.PROCESSED, processed_at__gte=starts_at, processed_at__lt=ends_at
    ).values_list("payment__method")
    for method, amount in went.annotate(sum=Sum("amount")):
        tills[method].returned += amount
    return list(tills.values())


def age_of(moment: datetime, now: datetime) -> int:
    """Whole minutes since `moment`, 0 at least."""
    return max((now - moment) // timedelta(minutes=1), 0)
