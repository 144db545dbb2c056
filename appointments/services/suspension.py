"""What becomes of a clinic's visits when the platform suspends it."""

import logging
from datetime import datetime

from appointments import reasons
from appointments.exceptions import InvalidTransition
from appointments.models import Appointment, AppointmentStatus
from appointments.services.cancellation import Side, cancel_appointment
from clinics.models import Clinic, ClinicStatus
from precta import clock

logger = logging.getLogger(__name__)


def refund_future_visits(*, clinic: Clinic, now: datetime | None = None) -> int:
    """Cancel a suspended clinic's held and confirmed visits to come, give everything back; the number cancelled.

    Runs in the clinic's schema, each visit in a transaction of its own, and may run again. Does nothing for a clinic
    that is active (again).
    """
    if not Clinic.objects.filter(pk=clinic.pk, status=ClinicStatus.SUSPENDED).exists():
        return 0
    now = now or clock.now()
    coming = Appointment.objects.filter(
        status__in=[AppointmentStatus.PENDING_PAYMENT, AppointmentStatus.CONFIRMED], scheduled_at__gt=now
    ).order_by("scheduled_at")
    done = 0
    for visit in list(coming):
        visit.clinic = clinic
        try:
            after = cancel_appointment(
                appointment=visit, by_user=None, side=Side.CLINIC, reason=reasons.CLINIC_SUSPENDED, now=now
            )
        except InvalidTransition as error:
            logger.warning("visit %s of a suspended clinic stays: it is %s", visit.pk, error.current)
            continue
        except Exception:  # one visit's trouble must not keep the others' money; the next run tries it again
            logger.exception("visit %s of a suspended clinic could not be paid back", visit.pk)
            continue
        done += after.cancelled_at == now
    return done
