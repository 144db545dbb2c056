"""A web worker stays as big as it was after its first pages."""

import subprocess
import sys

from django.conf import settings

PROBE = "import gc, precta.wsgi; print(gc.get_freeze_count(), len(gc.get_objects()))"


def test_the_collector_of_a_web_worker_looks_only_at_what_came_after_its_start():
    output = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROBE], cwd=settings.BASE_DIR, check=True, capture_output=True, text=True
    )
    frozen, watched = map(int, output.stdout.split())
    assert frozen > 100 * watched
