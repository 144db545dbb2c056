"""`make demo` itself: it says what it does, lives through kills, and leaves no process behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from precta.devstack.keeper import stop_keeper
from precta.devstack.paths import CHECKOUT, Paths

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


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


def until(condition: Callable[[], object], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(tmp_path)
    yield demo
    if demo.process is not None and demo.process.poll() is None:
        demo.process.kill()
        demo.process.wait()
    stop_keeper(demo.paths)
    shutil.rmtree(demo.paths.postgres_home, ignore_errors=True)


def test_a_demo_runs_survives_a_kill_refuses_a_second_one_and_stops_clean(demo: Demo) -> None:
    demo.start()
    until(lambda: "Ready:" in demo.said() or demo.process.poll() is not None, 180, demo.said())
    assert f"Ready: http://precta.localhost:{demo.port}" in demo.said()

    second = subprocess.run(
        demo.command(), cwd=CHECKOUT, env=demo.environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert second.returncode == 1
    assert "running already" in second.stderr

    children = psutil.Process(demo.process.pid).children()
    web = next(child.pid for child in children if any("gunicorn" in word for word in child.cmdline()))
    os.kill(web, signal.SIGKILL)
    until(lambda: "web ended (SIGKILL)" in demo.said(), 20, demo.said())

    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(timeout=40) == 0
    assert demo.said().endswith("Stopped.\n")
    until(lambda: not demo.left_processes(), 5, str(demo.left_processes()))


def test_a_demo_killed_in_the_middle_of_its_preparations_leaves_nothing(demo: Demo) -> None:
    demo.start()
    until(lambda: "Tables" in demo.said() or demo.process.poll() is not None, 60, demo.said())
    demo.process.kill()
    demo.process.wait()
    until(lambda: not demo.left_processes(), 20, str(demo.left_processes()))


def test_a_taken_port_is_named_with_the_way_out(demo: Demo) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", demo.port))
        other.listen()
        demo.start()
        assert demo.process.wait(timeout=30) == 1
    assert f"Port {demo.port} is taken" in demo.said()
    assert "make demo PORT=" in demo.said()
