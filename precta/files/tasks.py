import logging

from celery import shared_task

from precta.fanout import each_clinic
from precta.files import orphans

logger = logging.getLogger(__name__)


@shared_task
def sweep_orphans() -> None:
    removed = orphans.sweep()
    if removed:
        logger.warning("%s files that no row names were removed", removed)


@shared_task
def sweep_orphans_all() -> None:
    """Every night, in suspended clinics and for the platform too."""
    each_clinic(sweep_orphans, public_too=True)
