"""A `make demo` of a test's own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from precta.devstack.paths import CHECKOUT, Paths


class Demo:
    """One run of the runner with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.paths = Paths(folder / "data")
        self.output = folder / "output"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {
            **kept,
            "PRECTA_DATA": str(self.paths.data),
            "PORT": str(self.port),
            "DEMO_DATA": "0",
            "HOME": "/nonexistent",
        }

    def start(self) -> None:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                self.command(), cwd=CHECKOUT, env=self.environment(), stdout=output, stderr=output
            )

    def command(self) -> list[str]:
        return [sys.executable, "-m", "precta.devstack", "demo"]

    def said(self) -> str:
        return self.output.read_text()

    def left_processes(self) -> list[int]:
        """Everything that carries our data folder in its environment or on its command line."""
        mark = os.fsencode(self.paths.data)
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                seen = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if (
                (mark in seen or os.fsencode(self.paths.postgres) in seen)
                and state != "Z"
                and int(folder.name) != os.getpid()
            ):
                found.append(int(folder.name))
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition: Callable[[], object], seconds: float, what: str | Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.1)
