"""Long-running children: started, watched, started again when they die, ended together."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from .processes import end, kill_group, spawn
from .terminal import say

SETTLED = 20.0
LONGEST_PAUSE = 10.0


class Child:
    def __init__(
        self, name: str, command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, log: Path
    ) -> None:
        self.name = name
        self.command = command
        self.env = env
        self.cwd = cwd
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths = 0
        self._began = 0.0
        self._not_before = 0.0

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = spawn(self.command, log=log, env=self.env, cwd=self.cwd)
        self._began = time.monotonic()

    def watch(self) -> None:
        """Start it again if it has died; ever more slowly when it dies at once each time."""
        if self.process is None:
            if time.monotonic() >= self._not_before:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        kill_group(self.process)  # its own children, if it was killed
        self.process = None
        lived = time.monotonic() - self._began
        self.deaths = 1 if lived > SETTLED else self.deaths + 1
        pause = min(LONGEST_PAUSE, 0.1 * 3 ** (self.deaths - 1))
        self._not_before = time.monotonic() + pause
        say(f"  {self.name} ended ({ending(code)}); starting it again. Its log: {self.log}")

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)

    def stop(self, patience: float) -> None:
        if self.process is not None:
            end(self.process, patience=patience)
            self.process = None


def stop_all(children: Sequence[Child], *, patience: float = 8.0) -> None:
    """Ask all at once, then wait for each; what is left after `patience` seconds is killed."""
    deadline = time.monotonic() + patience
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop(max(0.1, deadline - time.monotonic()))


def ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
