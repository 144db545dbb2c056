"""Visits that are paid as the portal would have left them, and the invariants asked of one clinic."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from appointments.invariants import overlapping_visits, unbalanced_visits, unrefunded_visits
from appointments.models import Appointment
from precta.ids import new_id
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests import factories


def pay(visit: Appointment, amount: Decimal | int, *, at: datetime, **extra: Any) -> Payment:
    """A completed payment for the visit."""
    with clinic_context(visit.clinic):
        payment = Payment.objects.create(
            user=visit.booked_by,
            type="appointment",
            subject_id=visit.pk,
            amount=Decimal(amount),
            method=extra.pop("method", "mpesa"),
            status="completed",
            provider_reference=f"{visit.clinic.code}-{new_id()}",
            paid_at=at,
            charged_at=at,
            **extra,
        )
        Appointment.objects.filter(pk=visit.pk).update(payment=payment)
        visit.payment = payment
    return payment


def paid_visit(patient: Any, doctor: Any, scheduled_at: datetime, *, now: datetime, fee: int = 2500, **extra: Any):
    """A confirmed visit whose fee was paid in one payment."""
    visit = factories.make_appointment(patient, doctor, scheduled_at, fee=Decimal(fee), **extra)
    pay(visit, fee, at=now)
    return visit


def refunds_of(visit: Appointment) -> list[Decimal]:
    with clinic_context(visit.clinic):
        return list(
            Refund.objects.filter(subject_id=visit.pk).order_by("created_at", "pk").values_list("amount", flat=True)
        )


def broken_invariants(clinic: Any) -> dict[str, list[str]]:
    """I1-I3 at `clinic`, those that are broken only."""
    with clinic_context(clinic):
        found = {"I1": overlapping_visits(), "I2": unbalanced_visits(), "I3": unrefunded_visits()}
    return {name: rows for name, rows in found.items() if rows}
