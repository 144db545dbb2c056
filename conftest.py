"""Points pytest at this checkout's PostgreSQL and Valkey before Django reads its settings, for the whole run."""

import atexit
import os
import shutil
import tempfile
from contextlib import ExitStack

import django
import pytest
from django.conf import settings

from precta.devstack import env
from precta.devstack.paths import CHECKOUT, find_paths

os.environ["CELERY_TASK_ALWAYS_EAGER"] = "true"
os.environ["STATICFILES_BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
os.environ["EMAIL_URL"] = "memorymail://"
os.environ["SMS_BACKEND"] = "precta.sms.memory.send"
FIRST_CACHE = 6  # the demo has 0 and 1, the running portal of tests/live 4 and 5

if "PYTEST_XDIST_WORKER" not in os.environ and not os.environ.get("MEDIA_ROOT"):
    os.environ["MEDIA_ROOT"] = tempfile.mkdtemp(prefix="precta-files-")
    atexit.register(shutil.rmtree, os.environ["MEDIA_ROOT"], ignore_errors=True)
env.apply()
os.environ["PAYSTACK_BASE_URL"] = "http://127.0.0.1:9"  # nobody: a running demo knows nothing of the suite's payments
if env.uses_embedded(find_paths(), "REDIS_URL"):
    # A cache for each process of the suite: a running demo keeps its own, and workers do not empty each other's.
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].partition('?')[0]}?db={FIRST_CACHE + number}"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "precta.settings")
settings.WHITENOISE_AUTOREFRESH = True  # or every test client reads the whole folder of static files once more
django.setup()  # tests/conftest.py imports models, and may be loaded before pytest-django sets Django up
_held = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    # A worker that inherited this would read the settings before its own conftest.py has named its cache.
    if getattr(session.config.option, "numprocesses", None):
        os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "_stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("live"))  # one running portal is enough for two cores


def pytest_configure(config: pytest.Config) -> None:
    if not config.option.collectonly:
        _held.enter_context(env.services())
        from precta.management.commands.compile_translations import compile_catalogues

        compile_catalogues(CHECKOUT / "locale")


def pytest_unconfigure() -> None:
    _held.close()
