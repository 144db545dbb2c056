"""`make demo` itself: it says what it does, lives through kills, and leaves no process behind."""

import os
import signal
import socket
import subprocess

import psutil
import pytest

from precta.devstack.paths import CHECKOUT
from tests.devstack.running import Demo, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


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
