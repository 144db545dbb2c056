"""Advisory file locks: the kernel drops them when their holder dies, however it dies."""

import fcntl
import os
from pathlib import Path


class FileLock:
    """A lock on one file. `shared` locks count users; an exclusive one is had only when there is no user."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def acquire(self, *, shared: bool = False, wait: bool = False) -> bool:
        path_fd = self._fd if self._fd is not None else os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(path_fd, mode if wait else mode | fcntl.LOCK_NB)
        except BlockingIOError:
            if self._fd is None:
                os.close(path_fd)
            return False
        self._fd = path_fd
        return True

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def write(self, text: str) -> None:
        assert self._fd is not None, "only the holder writes"
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, text.encode(), 0)

    def read(self) -> str:
        try:
            return self.path.read_text()
        except FileNotFoundError:
            return ""
