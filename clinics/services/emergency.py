"""Opening and closing a clinic's data to one person of the platform."""

from datetime import datetime
from typing import Any

from django.db import transaction

from clinics.emergency import LASTS, EmergencyAccess
from clinics.exceptions import NotPlatformAdmin, ReasonMissing
from clinics.models import Clinic
from precta import clock
from precta.audit.services import record
from precta.outbox.services import emit
from precta.tenancy import public_context
from precta.text import printable

SHORTEST_REASON = 10
LONGEST_REASON = 500


def open_access(*, clinic: Clinic, by: Any, reason: str, now: datetime | None = None) -> EmergencyAccess:
    """Let `by` read the clinic's data for an hour; the one that is open already, if there is one.

    The clinic's own trail and its owners and managers hear of it by what follows from the event. Raises ReasonMissing
    for a reason under SHORTEST_REASON characters and NotPlatformAdmin. Runs in the public schema.
    """
    if not by.is_platform_admin:
        raise NotPlatformAdmin
    reason = printable(reason)[:LONGEST_REASON]
    if len(reason) < SHORTEST_REASON:
        raise ReasonMissing
    now = now or clock.now()
    with public_context(), transaction.atomic():
        # Two presses of the button queue up here, and the second one finds what the first has opened.
        Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
        found = current_access(clinic=clinic, by=by, now=now)
        if found is not None:
            return found
        access = EmergencyAccess.objects.create(
            user=by, clinic=clinic, reason=reason, opened_at=now, expires_at=now + LASTS
        )
        record("emergency_access.opened", resource=access, user=by, details={"clinic_id": clinic.pk, "reason": reason})
        emit("emergency_access.opened", access_id=access.pk)
    return access


def close_access(*, access: EmergencyAccess, by: Any, now: datetime | None = None) -> bool:
    """End it before its hour is over, whoever of the platform has opened it; False when it was over already."""
    now = now or clock.now()
    with public_context(), transaction.atomic():
        if not EmergencyAccess.objects.open(now).filter(pk=access.pk).update(closed_at=now):
            return False
        record("emergency_access.closed", resource=access, user=by, details={"clinic_id": access.clinic_id})
        emit("emergency_access.closed", access_id=access.pk, by=by.pk)
    access.closed_at = now
    return True


def current_access(*, clinic: Clinic, by: Any, now: datetime | None = None) -> EmergencyAccess | None:
    """The person's own access to that clinic, while it is open; nobody else's counts."""
    if not by.is_platform_admin:
        return None
    return EmergencyAccess.objects.open(now).filter(clinic=clinic, user=by).select_related("user").first()
