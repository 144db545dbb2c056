"""The Celery application; see `precta.tenancy.TenantTask` for how a task finds its clinic."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "precta.settings")

app = Celery("precta", task_cls="precta.tenancy:TenantTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
