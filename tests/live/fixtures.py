"""`live`: the running portal, and this process's Django attached to its database."""

from collections.abc import Iterator

import pytest

from tests.live.stack import Stack, remove


@pytest.fixture(scope="session")
def _stack(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("live")
    with django_db_blocker.unblock():
        stack = Stack(folder)
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()
            remove(folder / "outbox")


@pytest.fixture
def live(_stack: Stack, django_db_blocker) -> Iterator[Stack]:
    """Everything is really committed and stays until the end of the run: make people of your own."""
    with django_db_blocker.unblock(), _stack.attached():
        yield _stack
        _stack.standin.faults.clear()


@pytest.fixture
def scene(live: Stack):
    from tests.live.scene import Scene

    return Scene(live)
