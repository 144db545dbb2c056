"""What becomes of a clinic's open orders when the platform suspends it."""

import logging
from datetime import datetime

from clinics.models import Clinic, ClinicStatus
from pharmacy import order_reasons as reasons
from pharmacy.exceptions import OrderLeft
from pharmacy.models import Order
from pharmacy.services.order_changes import CANCELLABLE, Side, cancel_order
from precta import clock

logger = logging.getLogger(__name__)


def refund_open_orders(*, clinic: Clinic, now: datetime | None = None) -> int:
    """Cancel a suspended clinic's held, placed and processing orders, give everything back; the number cancelled.

    Runs in the clinic's schema, each order in a transaction of its own, and may run again. What is on its way arrives.
    Does nothing for a clinic that is active (again).
    """
    if not Clinic.objects.filter(pk=clinic.pk, status=ClinicStatus.SUSPENDED).exists():
        return 0
    now = now or clock.now()
    done = 0
    for order in list(Order.objects.filter(status__in=CANCELLABLE).order_by("created_at")):
        try:
            after = cancel_order(order=order, by_user=None, side=Side.CLINIC, reason=reasons.CLINIC_SUSPENDED, now=now)
        except OrderLeft:
            continue
        except Exception:  # one order's trouble must not keep the others' money; the next run tries it again
            logger.exception("order %s of a suspended clinic could not be paid back", order.pk)
            continue
        done += after.cancelled_at == now
    return done
