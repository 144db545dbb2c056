import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from precta.devstack.keeper import stop_keeper
from tests.devstack.running import Demo


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(tmp_path)
    yield demo
    if demo.process is not None and demo.process.poll() is None:
        demo.process.kill()
        demo.process.wait()
    stop_keeper(demo.paths)
    shutil.rmtree(demo.paths.postgres_home, ignore_errors=True)
