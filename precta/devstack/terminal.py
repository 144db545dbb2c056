"""Lines for the person who waits. A terminal that has gone away is no reason to fail."""

import contextlib
import sys
import time
from collections.abc import Iterator


def say(text: str = "") -> None:
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


class Progress:
    """One step's line: what it is, then how long it took."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.began = time.monotonic()
        self._told = self.began
        self.note = ""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def still(self) -> None:
        """Say every ten seconds that the step goes on."""
        if time.monotonic() - self._told >= 10:
            self._told = time.monotonic()
            say(f"    still at it ({self.seconds:.0f} s)")


@contextlib.contextmanager
def step(what: str) -> Iterator[Progress]:
    progress = Progress(what)
    say(f"  {what} …")
    yield progress
    say(f"  {what}: {progress.note or 'done'} ({progress.seconds:.1f} s)")


def complain(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)
