"""What has to be done before the portal can run: translations, tables, static files, demo data.

Each step leaves a stamp of what it was made from, so that a second start skips it.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from .errors import DevstackError
from .locks import FileLock
from .paths import CHECKOUT, Paths
from .postgres import explain
from .processes import end, spawn
from .terminal import Progress, say, step

APPS = ("precta", "clinics", "accounts", "appointments", "pharmacy", "content")


def compile_translations() -> None:
    from precta.management.commands.compile_translations import compile_catalogues

    with step("Translations") as progress:
        made = compile_catalogues(CHECKOUT / "locale")
        progress.note = f"{made} compiled" if made else "up to date"


def migrate(paths: Paths, env: Mapping[str, str], *, ours: bool) -> None:
    """Bring the tables of the public schema and of every clinic up to date. `ours`: the database is the embedded one,
    of which the stamp knows what it holds."""
    files = sorted(file for app in APPS for file in (CHECKOUT / app).rglob("migrations/*.py"))
    wanted = {str(file.relative_to(CHECKOUT)): _digest([file]) for file in files}
    wanted["requirements.txt"] = _digest([CHECKOUT / "requirements.txt"])
    stamp = paths.stamps / "migrations.json"
    known = json.loads(stamp.read_text()) if stamp.exists() and ours else {}
    with step("Tables") as progress:
        if known == wanted:
            progress.note = "up to date"
            return
        changed = [name for name in known if name in wanted and known[name] != wanted[name] and name.endswith(".py")]
        if changed:
            say(f"    {', '.join(changed)} changed since this data was made; if pages fail, start afresh with RESET=1.")
        Command(paths, env, "migrate_schemas", "--verbosity", "0").finish(progress)
        stamp.write_text(json.dumps(wanted))


class StaticFiles:
    """Collects and compresses in the background: that needs neither database nor data."""

    def __init__(self, paths: Paths, env: Mapping[str, str]) -> None:
        sources = [
            CHECKOUT / "requirements.txt",
            *(CHECKOUT / "precta" / name for name in ("settings.py", "staticfiles.py")),
        ]
        sources += sorted(file for file in (CHECKOUT / "static").rglob("*") if file.is_file())
        self._wanted = _digest(sources)
        self._stamp = paths.data / "static.stamp"
        manifest = Path(env["STATIC_ROOT"]) / "staticfiles.json"
        self._command: Command | None = None
        self._lock = FileLock(paths.locks / "static.lock")
        self._lock.acquire(wait=True)  # a demo and a test run of one checkout share the folder
        if manifest.exists() and self._stamp.exists() and self._stamp.read_text() == self._wanted:
            self._lock.release()
        else:
            self._command = Command(paths, env, "collectstatic", "--noinput", "--clear", "--verbosity", "0")

    def finish(self) -> None:
        """Complete when this returns. Raises DevstackError."""
        with step("Static files") as progress:
            if self._command is None:
                progress.note = "up to date"
            else:
                self._command.finish(progress)
                self._stamp.write_text(self._wanted)
        self._lock.release()

    def stop(self) -> None:
        if self._command is not None:
            self._command.stop()
        self._lock.release()


def demo_data(paths: Paths, env: Mapping[str, str]) -> None:
    """Quick when the data is there already: the command itself looks. DEMO_DATA=0 leaves the portal empty."""
    if os.environ.get("DEMO_DATA") == "0":
        return
    with step("Demo data") as progress:
        Command(paths, env, "demo").finish(progress, aloud=True)


class Command:
    """A management command on its way, its output in a log of its own."""

    def __init__(self, paths: Paths, env: Mapping[str, str], *arguments: str) -> None:
        self._arguments = arguments
        self._log_file = paths.logs / f"setup-{arguments[0]}.log"
        with self._log_file.open("wb") as log:
            command: list[str | Path] = [sys.executable, CHECKOUT / "manage.py", *arguments]
            self._process = spawn(command, log=log, env=env, cwd=CHECKOUT)

    def finish(self, progress: Progress, *, aloud: bool = False) -> None:
        """Wait for its success; `aloud` repeats its output. Raises DevstackError."""
        try:
            with self._log_file.open("rb") as reader:
                while (code := self._process.poll()) is None:
                    time.sleep(0.05)
                    progress.still()
                    _repeat(reader, aloud=aloud)
                _repeat(reader, aloud=aloud)
        except BaseException:
            self.stop()
            raise
        if code != 0:
            raise DevstackError(f"`manage.py {' '.join(self._arguments)}` failed. {advice(self._log_file)}")

    def stop(self) -> None:
        end(self._process, patience=3)


def _repeat(reader: Iterable[bytes], *, aloud: bool) -> None:
    for line in reader:
        aloud = aloud and not line.startswith(b"Traceback")  # the failure's own message ends with it
        if aloud and line.strip():
            say(f"    {line.decode(errors='replace').strip()}")


def advice(log_file: Path) -> str:
    """What the end of a command's log asks the reader to do."""
    text = log_file.read_text(errors="replace")
    if "ModuleNotFoundError" in text or "ImportError" in text:
        return f"A package is missing: remove .venv and run the same command again.\n{_tail(text)}"
    if "could not connect" in text or "Connection refused" in text or "connection failed" in text:
        return f"The database of DATABASE_URL cannot be reached.\n{_tail(text)}"
    return explain(log_file)


def _tail(text: str) -> str:
    return "\n".join(text.splitlines()[-12:])


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def run(command: list[str], env: Mapping[str, str]) -> int:
    """A command whose output is the reader's to see."""
    return subprocess.run(command, cwd=CHECKOUT, env=dict(env), check=False).returncode
