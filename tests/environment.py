"""Loaded before Django's settings are read: points the suite at this checkout's services and starts them."""

import os
from contextlib import ExitStack

from precta.devstack import env

_stack = ExitStack()
os.environ.setdefault("CELERY_TASK_ALWAYS_EAGER", "true")
os.environ.setdefault(
    "STATICFILES_BACKEND", "django.contrib.staticfiles.storage.StaticFilesStorage"
)
os.environ.setdefault("EMAIL_URL", "memorymail://")
env.apply()
_stack.enter_context(env.services())
