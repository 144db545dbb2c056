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
    cancelled_by_id: Any
    doctor_id: Any


def outcome(visit: Explained, *, now: datetime | None = None) -> str:
    """One or two sentences about a visit that waits for money or did not take place; empty when nothing is to say."""
    now = now or clock.now()
    if visit.status == AppointmentStatus.PENDING_PAYMENT:
        if visit.hold_expires_at and visit.hold_expires_at > now:
            until = clinic_time(visit.hold_expires_at, visit.clinic)
            return _("The time is held for you until %(time)s. It is yours once it is paid.") % {"time": until}
        return _("It was not paid in time, so the time is free again.")
    if visit.status == AppointmentStatus.NO_SHOW:
        return _("The clinic noted that nobody came.")
    if visit.status != AppointmentStatus.CANCELLED:
        return ""
    return _cancelled(visit, visit.cancellation_reason, visit.refund_due or Decimal(0))


def _cancelled(visit: Explained, reason: str, due: Decimal) -> str:
    back = {"amount": money(due, visit.currency)}
    if reason in reasons.MOVES:
        return _("It was moved to another time.")
    if reason in reasons.NEVER_TAKEN:
        if due:
            return _("The payment came too late for this time. Refund: %(amount)s, all of it.") % back
        if reason == reasons.MOVE_DROPPED:
            return _("The move to this time was not completed.")
        return _("It was not paid in time, so the time is free again.")
    return _ended(visit, back, due, is_suspension=reason == reasons.CLINIC_SUSPENDED)


def _ended(visit: Explained, back: dict[str, str], due: Decimal, *, is_suspension: bool) -> str:
    if is_suspension and due:
        return _("The clinic is closed for now, so the visit was cancelled. Refund: %(amount)s.") % back
    if is_suspension:
        return _("The clinic is closed for now, so the visit was cancelled.")
    if not due:
        return _("The visit was cancelled. There was nothing to pay back.")
    if visit.cancelled_by_id == visit.doctor_id:
        return _("The doctor cancelled the visit. Refund: %(amount)s.") % back
    return _("The visit was cancelled. Refund: %(amount)s.") % back
