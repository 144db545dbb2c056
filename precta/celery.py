"""The Celery application; see `precta.tenancy.TenantTask` for how a task finds its clinic."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "precta.settings")

app = Celery("precta", task_cls="precta.tenancy:TenantTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _log_as_the_web_does(**_: Any) -> None:
    """Celery's own set-up would write exceptions whole, and with them what a patient typed."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
