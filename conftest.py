"""Points pytest at this checkout's PostgreSQL and Valkey before Django reads its settings, for the whole run."""

import os
from contextlib import ExitStack

import django
import pytest

from precta.devstack import env
from precta.devstack.paths import CHECKOUT

os.environ["CELERY_TASK_ALWAYS_EAGER"] = "true"
os.environ["STATICFILES_BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
os.environ["EMAIL_URL"] = "memorymail://"
env.apply()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "precta.settings")
django.setup()  # tests/conftest.py imports models, and may be loaded before pytest-django sets Django up
_held = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    if not config.option.collectonly:
        _held.enter_context(env.services())
        from precta.management.commands.compile_translations import compile_catalogues

        compile_catalogues(CHECKOUT / "locale")


def pytest_unconfigure() -> None:
    _held.close()
