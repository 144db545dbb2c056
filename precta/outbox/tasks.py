from celery import shared_task

from precta.fanout import each_clinic
from precta.outbox.services import relay_event, sweep_events


@shared_task
def relay(event_id: str) -> None:
    relay_event(event_id)


@shared_task
def sweep_schema() -> None:
    sweep_events()


@shared_task
def sweep() -> None:
    """Each minute: whatever a lost task or a dead worker left behind."""
    each_clinic(sweep_schema, public_too=True)
