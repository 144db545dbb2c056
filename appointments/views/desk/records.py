"""What the desk needs around one visit, payment, refund or patient in the clinic's admin. Who may look: the table of
permissions, asked by the admin's pages themselves before they come here."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import ClinicPatient
from appointments import selectors_desk as selectors
from appointments.models import Appointment, AppointmentStatus
from appointments.selectors import payments_of, successor_of
from appointments.services.cancellation import Side
from appointments.services.rescheduling import last_moment_to_move
from appointments.views.desk.day import row_of
from appointments.views.doctor.days import read_day
from appointments.wall_clock import day_bounds, local_date
from clinics.policies import can, request_membership
from precta import clock
from precta.audit.services import record
from precta.payments.models import Payment, PaymentMethod, PaymentPurpose, PaymentStatus, Refund, RefundStatus
from precta.payments.subjects import subject_of

COMING = (AppointmentStatus.PENDING_PAYMENT, AppointmentStatus.CONFIRMED, AppointmentStatus.IN_PROGRESS)
MOST_VISITS, MOST_PAYMENTS = 50, 50


def capabilities(request: HttpRequest) -> dict[str, bool]:
    member = request_membership(request)
    names = {
        "attend": "visits.attend",
        "move": "visits.move",
        "cancel": "visits.cancel",
        "take_cash": "payments.take_cash",
        "hand_back": "payments.hand_back_cash",
        "retry": "payments.retry_refund",
        "refund": "payments.refund",
    }
    return {short: can(member, name) for short, name in names.items()}


def of_visit(request: HttpRequest, visit: Appointment) -> dict[str, Any]:
    """Its payments with their refunds, and what may be done with it now."""
    now = clock.now()
    visit.clinic = request.clinic
    may = capabilities(request)
    money = selectors.money_of([visit])[visit.pk]
    tz = request.clinic.policy.tz
    row = row_of(
        visit,
        money,
        _link_id(request, visit.patient_id),
        may=may,
        day=local_date(visit.scheduled_at, tz),
        today=local_date(now, tz),
        now=now,
        grace=request.clinic.policy.no_show_grace,
    )
    return {
        "row": row,
        "visit": visit,
        "payments": [payment_row(payment, may) for payment in payments_of(visit)],
        "successor": successor_of(visit),
        "move_until": last_moment_to_move(visit, side=Side.CLINIC),
        "back_day": local_date(visit.scheduled_at, tz).isoformat(),
    }


def of_payment(request: HttpRequest, payment: Payment) -> dict[str, Any]:
    visit = None
    if payment.type == PaymentPurpose.APPOINTMENT:
        first = payment.duplicate_of.subject_id if payment.duplicate_of else payment.subject_id
        visit = selectors.visits_of_clinic().filter(pk=first).first()
    subject = subject_of(request, payment) if visit is None else None
    row = payment_row(payment, capabilities(request))
    row["can_take"] &= visit is not None or (subject is not None and subject.take_cash is not None)
    return {
        "row": row,
        "visit": visit,
        "subject": subject,
        "link_id": _link_id(request, visit.patient_id) if visit else "",
    }


def of_refund(request: HttpRequest, refund: Refund) -> dict[str, Any]:
    again = Refund.objects.filter(payment=refund.payment_id, key=f"again:{refund.pk}").first()
    return of_payment(request, refund.payment) | {
        "refund_row": refund_row(refund, refund.payment, capabilities(request), again is not None),
        "again": again,
    }


def of_patient(request: HttpRequest, link: ClinicPatient) -> dict[str, Any]:
    """Contact, visits and payments at this clinic; looking is written into the clinic's trail."""
    patient = link.patient
    record("patient.viewed", resource=patient, user=request.user, details={"where": "desk"})
    now = clock.now()
    visits = list(selectors.visits_of_patient(patient.pk)[:MOST_VISITS])
    coming = [visit for visit in visits if visit.status in COMING and visit.busy_until > now]
    payments = selectors.payments_of_visits(visit.pk for visit in visits)[:MOST_PAYMENTS]
    may = capabilities(request)
    return {
        "patient": patient,
        "may_book": can(request_membership(request), "visits.book"),
        "coming": sorted(coming, key=lambda visit: visit.scheduled_at),
        "past": [visit for visit in visits if visit not in coming],
        "payments": [payment_row(payment, may) for payment in payments],
    }


def payment_row(payment: Payment, may: dict[str, bool]) -> dict[str, Any]:
    """One payment, its refunds, and what may be done with each."""
    refunds = sorted(payment.refunds.all(), key=lambda refund: refund.created_at)
    again = {refund.key for refund in refunds}
    gone = sum((refund.amount for refund in refunds if refund.status != RefundStatus.FAILED), Decimal(0))
    left = payment.amount - gone if payment.status in selectors.RECEIVED else Decimal(0)
    return {
        "payment": payment,
        "left": left,
        "refunds": [refund_row(refund, payment, may, f"again:{refund.pk}" in again) for refund in refunds],
        "can_take": may["take_cash"] and payment.status == PaymentStatus.PENDING,
        "can_part": may["refund"] and left > Decimal(0) and payment.type == PaymentPurpose.APPOINTMENT,
        "has_receipt": payment.paid_at is not None and payment.type == PaymentPurpose.APPOINTMENT,
    }


def refund_row(refund: Refund, payment: Payment, may: dict[str, bool], is_sent_again: bool) -> dict[str, Any]:
    is_cash = payment.method == PaymentMethod.CASH
    return {
        "refund": refund,
        "words": _words(refund, is_cash=is_cash, is_sent_again=is_sent_again),
        "can_hand_back": may["hand_back"] and is_cash and refund.status == RefundStatus.QUEUED,
        "can_retry": may["retry"] and refund.status == RefundStatus.FAILED and not is_sent_again,
    }


def _words(refund: Refund, *, is_cash: bool, is_sent_again: bool) -> str:
    if refund.status == RefundStatus.QUEUED and is_cash:
        return _("Waits to be handed back")
    if refund.status == RefundStatus.FAILED and is_sent_again:
        return _("Failed, then sent again")
    return str(refund.get_status_display())


def till(request: HttpRequest) -> dict[str, Any]:
    """The totals above the list of payments: of the day that the list is filtered by, else of today."""
    day = read_day(request.GET.get("day"), today(request))
    return {
        "till_day": day,
        "till": selectors.till_of_day(request.clinic, day),
        "currency": request.clinic.policy.currency,
    }


def today(request: HttpRequest) -> date:
    return local_date(clock.now(), request.clinic.policy.tz)


def bounds_of(request: HttpRequest, day: str) -> tuple[datetime, datetime]:
    """The stretch (UTC) of an ISO day, of today for anything else."""
    return day_bounds(read_day(day, today(request)), 1, request.clinic.policy.tz)


def name_of_payer(payment: Payment) -> str:
    patient = getattr(payment.user, "patient", None)
    return patient.full_name if patient is not None else str(payment.user)


def _link_id(request: HttpRequest, patient_id: str) -> str:
    links = ClinicPatient.objects.filter(clinic=request.clinic.pk, patient=patient_id)
    return links.values_list("pk", flat=True).first() or ""
