from celery import shared_task

from precta.notifications.services import deliver_notification, sweep_deliveries


@shared_task
def deliver(notification_id: str) -> None:
    deliver_notification(notification_id)


@shared_task
def sweep() -> None:
    """Each minute: mail whose task was lost or whose server was down."""
    sweep_deliveries()
