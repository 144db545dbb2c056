from celery import shared_task
from django.core.management import call_command


@shared_task
def clear_sessions() -> None:
    """Four times a day: sessions that have ended stay in the table otherwise."""
    call_command("clearsessions")
