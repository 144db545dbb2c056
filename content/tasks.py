import logging

from celery import shared_task
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


@shared_task
def flush_views() -> None:
    """Every minute: add the views that were counted in the cache to the articles."""
    from content.counting import flush

    try:
        flush()
    except RedisError as error:
        # What was counted waits there for the next minute.
        logger.warning("views were not added: %s", type(error).__name__)
