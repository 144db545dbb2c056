"""What was paid for a visit, and what is still to pay; read from the payments, never from the visit's own columns."""

from decimal import Decimal

from appointments.models import Appointment, AppointmentStatus
from precta.payments.selectors import paid_total, refunded_total


def net_paid(appointment_id: str) -> Decimal:
    """What the clinic keeps of the patient's money for the visit."""
    return paid_total(appointment_id) - refunded_total(appointment_id)


def amount_due(appointment: Appointment) -> Decimal:
    """What a held visit costs now: its fee, less what was paid for it and for the visit that it is to replace.

    A visit that is moved to a dearer time is held as a row of its own, while the payments stay with the old visit
    until the difference is paid.
    """
    if appointment.status != AppointmentStatus.PENDING_PAYMENT:
        return Decimal(0)
    paid = net_paid(appointment.pk)
    if appointment.rescheduled_from_id:
        paid += net_paid(appointment.rescheduled_from_id)
    return max(appointment.fee - paid, Decimal(0))
