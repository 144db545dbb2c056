from celery import shared_task
from django.core.management import call_command


@shared_task
def clear_sessions() -> None:
    """Four times a day: sessions that have ended stay in the table otherwise."""
    call_command("clearsessions")


@shared_task
def watch_licences() -> None:
    """Hourly: hide doctors whose licence has ended, remind those whose licence ends soon."""
    from accounts.services.verification import lapse_licences, warn_of_expiry

    lapse_licences()
    warn_of_expiry()
