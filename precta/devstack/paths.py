"""Where one checkout keeps its services' data.

Two rules shape this module. PostgreSQL refuses to run as root, so root runs it as an unprivileged user from folders
that user can reach: the checkout may be readable by its owner alone, hence the data lives in the system's folder for
lasting temporary files. And a socket's path may not exceed 107 bytes (nor hold blanks, for the URLs' sake), so sockets
sometimes live apart from the data.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .errors import DevstackError

CHECKOUT = Path(__file__).resolve().parents[2]
NOBODY = 65534
LASTING_TEMPORARY = Path("/var/tmp").resolve()  # noqa: S108 - survives a reboot, every user reaches it; owners are verified
SHORT_TEMPORARY = Path("/tmp")  # noqa: S108 - for sockets only, in a private folder
SOCKET_PATH_LIMIT = 107
POSTGRES_SOCKET = ".s.PGSQL.5432"


def as_root() -> bool:
    return os.geteuid() == 0


@dataclass(frozen=True)
class Paths:
    """The folders of one devstack; `data` is the one that holds (nearly) all others."""

    data: Path

    @cached_property
    def key(self) -> str:
        """A short name for this data folder, the same at every start."""
        return hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]

    @cached_property
    def postgres_home(self) -> Path:
        """Holds the cluster: the data folder, or for root a place that PostgreSQL's own user can reach."""
        if as_root() and not _reachable_by_others(self.data):
            return LASTING_TEMPORARY / f"precta-postgres-{self.key}"
        return self.data

    @property
    def postgres(self) -> Path:
        return self.postgres_home / "postgres"

    @property
    def postgres_programs(self) -> Path:
        """Root's copy of the PostgreSQL programs."""
        return self.postgres_home / "programs"

    @cached_property
    def sockets(self) -> Path:
        """The private folder of PostgreSQL's socket; as root it belongs to PostgreSQL's user."""
        return self._short(self.postgres_home / "run")

    @cached_property
    def valkey_socket(self) -> Path:
        return self._short(self.data / "socket") / "valkey.sock"

    @property
    def valkey(self) -> Path:
        return self.data / "valkey"

    @property
    def paystack(self) -> Path:
        return self.data / "paystack"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def locks(self) -> Path:
        return self.data / "locks"

    @property
    def stamps(self) -> Path:
        return self.data / "stamps"

    def _short(self, wanted: Path) -> Path:
        longest = os.fsencode(wanted / POSTGRES_SOCKET)
        if len(longest) <= SOCKET_PATH_LIMIT and not any(byte in longest for byte in b" \t'\"%,@?#"):
            return wanted
        return SHORT_TEMPORARY / f"precta-{wanted.name}-{os.geteuid()}-{self.key}"

    def prepare(self) -> None:
        """Make the folders that are missing. Raises DevstackError when that is impossible or a folder is not ours."""
        try:
            _own_folder(self.data, 0o711 if as_root() else 0o700)
            if self.postgres_home != self.data:
                _own_folder(self.postgres_home, 0o711)
                if not _same_mark(self.data, self.postgres_home):
                    shutil.rmtree(self.postgres, ignore_errors=True)
            for folder in (self.valkey, self.paystack, self.logs, self.locks, self.stamps, self.valkey_socket.parent):
                _own_folder(folder, 0o700)
            _own_folder(self.sockets, 0o700, owner=NOBODY if as_root() else None)
        except OSError as error:
            raise DevstackError(
                f"Cannot write to {self.data}: {error.strerror}. Choose another folder with PRECTA_DATA=… ."
            ) from error
        free = shutil.disk_usage(self.data).free
        if free < 300 * 1024 * 1024:
            raise DevstackError(
                f"Only {free // 1024**2} MB are free on the disk of {self.data}; 300 MB are needed."
                " Free some, or choose another folder with PRECTA_DATA=… ."
            )

    def wipe(self) -> None:
        """Remove all that was entered; programs and static files stay. Nothing may be running."""
        kept = {"locks", "id", "static", "static.stamp", self.postgres_programs.name}
        for folder in (self.data, self.postgres_home):
            for entry in folder.iterdir() if folder.is_dir() else ():
                if entry.name in kept:
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()


def find_paths() -> Paths:
    """`PRECTA_DATA` when set, else `.data` in the checkout, or for root a lasting temporary folder."""
    chosen = os.environ.get("PRECTA_DATA")
    if chosen:
        return Paths(Path(chosen).expanduser().resolve())
    local = CHECKOUT / ".data"
    if not as_root():
        return Paths(local.resolve())
    key = hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:12]
    data = LASTING_TEMPORARY / f"precta-{key}"
    _forget_former_checkout(local, data)
    return Paths(data)


def _forget_former_checkout(local: Path, data: Path) -> None:
    """Data left in the temporary folder by an earlier checkout at this very path must not greet a fresh clone."""
    try:
        local.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return  # a read-only checkout: the data folder alone decides
    if not data.is_dir():
        _own_folder(data, 0o711)
    if not _same_mark(local, data):
        from .keeper import stop_keeper

        former = Paths(data)
        stop_keeper(former)
        former.wipe()


def _same_mark(ours: Path, theirs: Path) -> bool:
    """Whether both folders carry the same mark; afterwards they do. Only the first may invent one."""
    mark = ours / "id"
    with contextlib.suppress(FileExistsError), mark.open("x") as file:
        file.write(secrets.token_hex(8))
    wanted, other = mark.read_text(), theirs / "id"
    if other.exists() and other.read_text() == wanted:
        return True
    other.write_text(wanted)
    return False


def _own_folder(folder: Path, mode: int, *, owner: int | None = None) -> None:
    """A folder of ours, made when missing. One that somebody else put in its place is refused, never taken over."""
    if not folder.parent.exists():
        folder.parent.mkdir(parents=True)
    uid = os.geteuid() if owner is None else owner
    try:
        folder.mkdir(mode=mode)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {uid, os.geteuid()}:
            raise DevstackError(
                f"{folder} belongs to somebody else. Remove it, or choose another place with PRECTA_DATA=… ."
            ) from None
    else:
        folder.chmod(mode)  # the umask may have taken more away
    if folder.stat().st_uid != uid:
        os.chown(folder, uid, uid)


def _reachable_by_others(folder: Path) -> bool:
    """Whether a user without any rights may enter every existing folder on the way (ours will be made so)."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.parents if parent.exists())
