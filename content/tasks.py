from celery import shared_task

from precta.cache import DOWN


@shared_task
def flush_views() -> None:
    """Every minute: add the views that were counted in the cache to the articles."""
    from content.counting import flush

    try:
        flush()
    except DOWN:
        return  # what was counted waits there for the next minute
