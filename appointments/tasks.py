from celery import shared_task

from appointments.services import projections
from precta.fanout import each_clinic
from precta.tenancy import current_clinic


@shared_task
def refresh_projections() -> None:
    clinic = current_clinic()
    if clinic is not None:
        projections.refresh_stale(clinic)


@shared_task
def refresh_projections_all() -> None:
    """Every five minutes: free times that time itself has taken away, and the day that the horizon has gained."""
    each_clinic(refresh_projections, only_active=True)
