from celery import shared_task

from appointments.services import booking, projections
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


@shared_task
def expire_holds() -> None:
    booking.expire_holds()


@shared_task
def expire_holds_all() -> None:
    """Twice a minute, in suspended clinics too: money that comes late must find its hold ended there as well."""
    each_clinic(expire_holds)
