"""Closing a clinic for a while, and opening it again."""

from typing import Any

from django.db import transaction

from clinics.models import Clinic, ClinicStatus
from precta.audit.services import record
from precta.outbox.services import emit
from precta.tenancy import public_context
from precta.text import printable

REASON_LENGTH = 200


def suspend_clinic(*, clinic: Clinic, by: Any, reason: str = "") -> bool:
    """Shut the clinic's host at once; its visits to come are cancelled and paid back by what follows from the event.

    Patients keep their history under `/me/`. False when it was suspended already. Runs in the public schema, whatever
    is active, and touches no other: a clinic whose database does not answer can be suspended.
    """
    return _change(clinic, ClinicStatus.ACTIVE, ClinicStatus.SUSPENDED, by=by, reason=reason)


def reactivate_clinic(*, clinic: Clinic, by: Any, reason: str = "") -> bool:
    """Open the clinic again; visits that were cancelled stay so. False when it was active already."""
    return _change(clinic, ClinicStatus.SUSPENDED, ClinicStatus.ACTIVE, by=by, reason=reason)


def _change(clinic: Clinic, was: ClinicStatus, to: ClinicStatus, *, by: Any, reason: str) -> bool:
    verb = "suspended" if to == ClinicStatus.SUSPENDED else "reactivated"
    with public_context(), transaction.atomic():
        if not Clinic.objects.filter(pk=clinic.pk, status=was).update(status=to):
            return False
        record(f"clinic.{verb}", resource=clinic, user=by, details={"reason": printable(reason)[:REASON_LENGTH]})
        emit(f"clinic.{verb}", clinic_id=clinic.pk)
        emit("clinic.changed", clinic_id=clinic.pk)  # search and free times of its doctors follow
    clinic.status = to
    return True
