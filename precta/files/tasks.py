import logging

from celery import shared_task
from django_tenants.utils import get_public_schema_name

from precta.fanout import each_clinic
from precta.files import orphans
from precta.tenancy import current_schema

logger = logging.getLogger(__name__)


@shared_task
def sweep_orphans() -> None:
    removed = orphans.sweep()
    if current_schema() == get_public_schema_name():
        removed += orphans.sweep_pictures()
    if removed:
        logger.warning("%s files that no row names were removed", removed)


@shared_task
def sweep_orphans_all() -> None:
    """Every night, in suspended clinics and for the platform too."""
    each_clinic(sweep_orphans, public_too=True)
