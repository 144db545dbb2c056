"""A doctor's own templates."""

from django.db import IntegrityError, transaction

from accounts.models import Doctor
from pharmacy import exceptions
from pharmacy.medications import check_medications
from pharmacy.models import PrescriptionTemplate
from precta.audit.services import record
from precta.constraints import violated

MOST_TEMPLATES = 100


def save_template(
    *, doctor: Doctor, name: str, medications: list[dict[str, str]], instructions: str = ""
) -> PrescriptionTemplate:
    """Keep the lines under `name`; a template of that name is overwritten. Raises BadMedications, TooManyTemplates."""
    check_medications(medications)
    with transaction.atomic():
        others = PrescriptionTemplate.objects.filter(doctor=doctor).exclude(name=name)
        if others.count() >= MOST_TEMPLATES:
            raise exceptions.TooManyTemplates
        template, _new = PrescriptionTemplate.objects.update_or_create(
            doctor=doctor,
            name=name,
            defaults={"medications": medications, "instructions": instructions.strip()},
        )
        record("prescription_template.saved", resource=template, user=doctor.user)
    return template


def rename_template(*, template: PrescriptionTemplate, name: str) -> None:
    """Raises NameTaken."""
    template.name = name
    try:
        with transaction.atomic():
            template.save(update_fields=["name", "updated_at"])
            record("prescription_template.renamed", resource=template, user=template.doctor.user)
    except IntegrityError as error:
        if not violated(error, "prescription_template_once_per_name"):
            raise
        raise exceptions.NameTaken from error


def delete_template(*, template: PrescriptionTemplate) -> None:
    with transaction.atomic():
        record("prescription_template.deleted", resource=template, user=template.doctor.user)
        template.delete()
