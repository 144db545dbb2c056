"""Keeps the search documents in step with doctors and clinics."""

from accounts.directory import lookup
from accounts.services import search_index
from clinics.models import Clinic
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.tenancy import current_clinic


@on("doctor.changed")
def index_changed_doctor(event: OutboxEvent) -> None:
    search_index.index_doctor(doctor_id=event.payload["doctor_id"])


@on("clinic.changed")
def index_changed_clinic(event: OutboxEvent) -> None:
    lookup.forget_places()
    clinic = current_clinic() or Clinic.objects.filter(pk=event.payload.get("clinic_id")).first()
    if clinic is not None:
        search_index.index_clinic(clinic=clinic)
