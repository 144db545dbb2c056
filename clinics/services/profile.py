"""What a clinic tells about itself, and its own rules."""

from typing import Any

from django.db import transaction

from clinics.models import Clinic
from precta.audit.services import record
from precta.outbox.services import emit
from precta.tenancy import clinic_context, public_context

PAGE_FIELDS = (
    "name",
    "description",
    "address",
    "city",
    "region",
    "phone",
    "email",
    "website",
    "operating_hours",
    "logo_url",
)


def update_clinic(*, clinic: Clinic, by: Any, page: dict[str, Any], rules: dict[str, Any]) -> list[str]:
    """Write what changed of `page` (names of PAGE_FIELDS) and of `rules` (keys of `Clinic.settings`); their names.

    Free times and the search follow from the event. Slug, schema, code and status are not changed here.
    """
    with public_context(), transaction.atomic():
        stored = Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
        changed = [name for name in PAGE_FIELDS if name in page and getattr(stored, name) != page[name]]
        for name in changed:
            setattr(stored, name, page[name])
        settings = {**stored.settings, **rules}
        changed_rules = [name for name in rules if settings[name] != stored.settings.get(name)]
        if not changed and not changed_rules:
            return []
        stored.settings = settings
        Clinic.objects.filter(pk=stored.pk).update(
            settings=settings, **{name: getattr(stored, name) for name in changed}
        )
        with clinic_context(stored):
            record("clinic.updated", resource=stored, user=by, details={"fields": changed, "rules": changed_rules})
            emit("clinic.changed", clinic_id=stored.pk)
    clinic.refresh_from_db()
    return [*changed, *changed_rules]
