"""Points pytest at this checkout's PostgreSQL and Valkey before Django reads its settings, for the whole run."""

import os
from contextlib import ExitStack

import pytest

from precta.devstack import env

env.apply()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "precta.settings")
_held = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    if not config.option.collectonly:
        _held.enter_context(env.services())


def pytest_unconfigure() -> None:
    _held.close()
