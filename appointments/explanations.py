"""What became of a visit, as a sentence for the patient: no status is left to be guessed."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from django.utils.translation import gettext as _

from appointments import reasons
from appointments.models import AppointmentStatus
from precta import clock
from precta.templatetags.precta_tags import clinic_time, money


class Explained(Protocol):
    """An Appointment with its clinic, or a row of a list."""

    status: Any
    clinic: Any
    currency: Any
    hold_expires_at: Any
    cancellation_reason: Any
    refund_due: Any


def outcome(visit: Explained, *, now: datetime | None = None) -> str:
    """One or two sentences about a visit that waits for money or did not take place; empty when nothing is to say."""
    now = now or clock.now()
    if visit.status == AppointmentStatus.PENDING_PAYMENT:
        if visit.hold_expires_at and visit.hold_expires_at > now:
            until = clinic_time(visit.hold_expires_at, visit.clinic)
            return _("The time is held for you until %(time)s. It is yours once it is paid.") % {"time": until}
        return _("It was not paid in time, so the time is free again. Nothing was charged.")
    if visit.status == AppointmentStatus.NO_SHOW:
        return _("The clinic noted that nobody came.")
    if visit.status != AppointmentStatus.CANCELLED:
        return ""
    return _cancelled(visit.cancellation_reason, visit.refund_due or Decimal(0), visit.currency)


def _cancelled(reason: str, due: Decimal, currency: str) -> str:
    back = {"amount": money(due, currency)}
    if reason in reasons.MOVES:
        return _("It was moved to another time.")
    if reason == reasons.MOVE_DROPPED and not due:
        return _("The move to this time was not completed. Nothing was charged for it.")
    if reason == reasons.HOLD_EXPIRED and not due:
        return _("It was not paid in time, so the time is free again. Nothing was charged.")
    if reason in {reasons.HOLD_EXPIRED, reasons.MONEY_TOO_LATE, reasons.MOVE_DROPPED}:
        return _("The payment came too late for this time. %(amount)s goes back to you in full.") % back
    if reason == reasons.CLINIC_SUSPENDED:
        if due:
            return _("The clinic is closed for now, so the visit was cancelled. %(amount)s goes back to you.") % back
        return _("The clinic is closed for now, so the visit was cancelled.")
    if due:
        return _("The visit was cancelled. %(amount)s goes back to you.") % back
    return _("The visit was cancelled. There was nothing to pay back.")
