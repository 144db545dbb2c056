"""The one way in which a visit's status changes."""

from typing import Any

from appointments.exceptions import InvalidTransition
from appointments.models import TRANSITIONS, Appointment


def move(appointment: Appointment, to: str, **changes: Any) -> Appointment:
    """Set the status to `to` and the columns in `changes`, if the row still has the status that `appointment` shows.

    Compare-and-swap: `InvalidTransition` when the table of transitions does not lead from that status to `to`, and
    when another transaction was first (`error.current` is then the status it left). The instance is brought up to
    date; nothing is written to the audit trail, which is the caller's, who knows why.
    """
    was = appointment.status
    if to not in TRANSITIONS[was]:
        raise InvalidTransition(was, to)
    changed = Appointment.objects.filter(pk=appointment.pk, status=was).update(status=to, **changes)
    if not changed:
        current = Appointment.objects.filter(pk=appointment.pk).values_list("status", flat=True).first()
        raise InvalidTransition(current or was, to)
    for name, value in {"status": to, **changes}.items():
        setattr(appointment, name, value)
    return appointment
