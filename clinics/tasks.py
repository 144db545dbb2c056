"""Setting up clinics that have been let in."""

from celery import shared_task

from clinics.services.applications import overdue_applications, set_up_clinic


@shared_task
def set_up(application_id: str) -> None:
    set_up_clinic(application_id=application_id)


@shared_task
def sweep_applications() -> None:
    """What a lost message, a killed worker or a pause after a failure has left over."""
    for application_id in overdue_applications():
        set_up.delay(application_id)
