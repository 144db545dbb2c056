"""A patient's own profile."""

from typing import Any

from django.db import transaction

from accounts.models import Patient, User
from precta.audit.services import record
from precta.tenancy import public_context

PROFILE_FIELDS = (
    "first_name",
    "last_name",
    "date_of_birth",
    "gender",
    "blood_type",
    "allergies",
    "preferred_language",
    "emergency_contact_name",
    "emergency_contact_phone",
)


def store_language(*, user: User, language: str) -> None:
    """Keep the language that the person has just switched to, for pages on other devices, e-mails and messages."""
    with public_context():
        Patient.objects.filter(pk=user.pk).update(preferred_language=language)


def update_profile(*, patient: Patient, by: User, values: dict[str, Any]) -> list[str]:
    """Write what changed of `values` (names of PROFILE_FIELDS) and return the names; the trail names fields only."""
    with public_context(), transaction.atomic():
        stored = Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
        changed = [name for name in PROFILE_FIELDS if name in values and getattr(stored, name) != values[name]]
        for name in changed:
            setattr(stored, name, values[name])
        if changed:
            stored.save(update_fields=changed)
            record("patient.updated", resource=stored, user=by, details={"fields": changed})
    patient.refresh_from_db()
    return changed
