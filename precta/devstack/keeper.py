"""The keeper: one background process per data folder that holds PostgreSQL and Valkey while anybody uses them.

Users (the demo, a test run, a bench) hold a shared lock; when the last one is gone, by whatever death, the keeper stops
both services and ends. A service that dies is started again. `up` leaves a mark that keeps it running without users.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from types import FrameType

from . import postgres, valkey
from .errors import DevstackError
from .locks import FileLock
from .paths import CHECKOUT, Paths
from .processes import alive, spawn, wait_gone

ROUND = 0.25
PATIENCE = 60.0


class Use:
    """One user's claim on the services of a data folder."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self._users = _users_lock(paths)
        self._keeper: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """PostgreSQL and Valkey answer when this returns. Raises DevstackError."""
        self.paths.prepare()
        self._users.acquire(shared=True, wait=True)  # waits while a keeper is on its way out
        try:
            self.ensure()
        except BaseException:
            self.end()
            raise

    def ensure(self) -> None:
        """Start the keeper if there is none, and wait until both services answer."""
        deadline = time.monotonic() + PATIENCE
        while not (keeper_pid(self.paths) and valkey.answers(self.paths) and postgres_ready(self.paths)):
            if keeper_pid(self.paths) is None:
                self._start_keeper()
            if self._keeper is not None and (code := self._keeper.poll()):
                self._keeper = None
                raise DevstackError(
                    _last_words(self.paths)
                    or f"The keeper of the services ended with code {code}; see {self.paths.logs}."
                )
            if time.monotonic() > deadline:
                raise DevstackError(
                    f"The services did not answer within {PATIENCE:.0f} s; see the logs in {self.paths.logs}."
                )
            time.sleep(0.05)

    def kept(self) -> bool:
        """Whether a keeper is alive (cheap: meant to be asked every second)."""
        if self._keeper is not None:
            self._keeper.poll()
        return keeper_pid(self.paths) is not None

    def end(self) -> None:
        """Give the claim up. Returns when the services have stopped, unless somebody else still uses them."""
        self._users.release()
        if (self.paths.locks / "keep").exists():
            return
        alone = self._users.acquire()
        if not alone and self._users.acquire(shared=True):
            self._users.release()
            return  # somebody else uses them
        self._users.release()
        stop_keeper(self.paths)  # or wait for the one that has just noticed by itself
        if self._keeper is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._keeper.wait(timeout=5)
            self._keeper = None

    def _start_keeper(self) -> None:
        if self._keeper is not None and self._keeper.poll() is None:
            return
        (self.paths.locks / "last-words").unlink(missing_ok=True)
        with (self.paths.logs / "keeper.log").open("ab") as log:
            self._keeper = spawn(
                [sys.executable, "-m", "precta.devstack", "keep"],
                log=log,
                cwd=CHECKOUT,
                env={**os.environ, "PRECTA_DATA": str(self.paths.data)},
                death_signal=None,  # it goes by itself once unused; another user may have come meanwhile
            )


def postgres_ready(paths: Paths) -> bool:
    return (paths.locks / "ready").exists() and postgres.answers(paths)


def keeper_pid(paths: Paths) -> int | None:
    """The number of the keeper's process, or None when there is none."""
    lock = _keeper_lock(paths)
    with contextlib.suppress(FileNotFoundError):
        if lock.acquire():
            lock.release()
            return None
        text = lock.read()
        return int(text) if text.isdigit() else -1
    return None


def stop_keeper(paths: Paths) -> None:
    """Stop the services, whoever uses them. Returns when they are gone."""
    with contextlib.suppress(FileNotFoundError):
        (paths.locks / "keep").unlink()
    pid = keeper_pid(paths)
    if pid is not None and pid > 0:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        if not wait_gone(pid, 40) and alive(pid):
            os.kill(pid, signal.SIGKILL)  # its children get their death signal


def keep(paths: Paths) -> int:
    """The keeper's own life. Returns the exit code."""
    paths.prepare()
    lock = _keeper_lock(paths)
    give_up = time.monotonic() + 1
    while not lock.acquire():  # a mere look at the lock may be in the way for an instant
        if time.monotonic() > give_up:
            return 0  # somebody was faster
        time.sleep(0.02)
    lock.write(str(os.getpid()))
    ready = paths.locks / "ready"
    ready.unlink(missing_ok=True)
    stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sig, stop)
    users = _users_lock(paths)
    services = (postgres.Postgres(paths), valkey.Valkey(paths))
    keep_mark = paths.locks / "keep"
    try:
        for service in services:
            service.start()
        ready.touch()
        while not stopping:
            time.sleep(ROUND)
            for service in services:
                if not service.running():
                    print(f"{type(service).__name__} died; starting it again", flush=True)
                    service.start()
            # Kept until this process ends: a user who comes now waits, then starts a keeper of its own.
            if not keep_mark.exists() and users.acquire():
                break
    except DevstackError as error:
        (paths.locks / "last-words").write_text(str(error))
        return 1
    finally:
        ready.unlink(missing_ok=True)
        for service in reversed(services):
            service.stop()
        keep_mark.unlink(missing_ok=True)
    return 0


def _users_lock(paths: Paths) -> FileLock:
    return FileLock(paths.locks / "users.lock")


def _keeper_lock(paths: Paths) -> FileLock:
    return FileLock(paths.locks / "keeper.lock")


def _last_words(paths: Paths) -> str:
    try:
        return (paths.locks / "last-words").read_text()
    except FileNotFoundError:
        return ""
