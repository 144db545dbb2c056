"""Taking a consent back."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from accounts.exceptions import NotWithdrawable
from accounts.models import Consent, User
from precta import clock
from precta.audit.services import record
from precta.outbox.services import emit
from precta.tenancy import public_context


def withdraw_consent(*, consent: Consent, by: User, now: datetime | None = None) -> bool:
    """Take back what `consent` allows its clinic, in every version that stands; False when none does any more.

    The next booking or order there asks again; visits and orders that are booked stay. The clinic's own trail and its
    front desk hear of it by what follows from the event. Raises NotWithdrawable for the terms of the account, which end
    with the account.
    """
    if not consent.is_for_care:
        raise NotWithdrawable
    with public_context(), transaction.atomic():
        standing = Consent.objects.filter(
            patient=consent.patient_id, clinic=consent.clinic_id, purpose=consent.purpose, withdrawn_at__isnull=True
        )
        # A clock that runs behind the one that wrote `given_at` must not stand in the way.
        if not standing.update(withdrawn_at=Greatest(now or clock.now(), F("given_at"))):
            return False
        details = {"purpose": consent.purpose, "clinic": consent.clinic_id}
        record("consent.withdrawn", resource=("patient", consent.patient_id), user=by, details=details)
        emit("consent.withdrawn", consent_id=consent.pk, by=by.pk)
    return True
