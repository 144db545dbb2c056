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
        manage(paths, env, progress, "migrate_schemas", "--verbosity", "0")
        stamp.write_text(json.dumps(wanted))


def collect_static(paths: Paths, env: Mapping[str, str]) -> None:
    sources = [CHECKOUT / "requirements.txt", CHECKOUT / "precta" / "settings.py"]
    folders = [CHECKOUT / "static", *(CHECKOUT / app / "static" for app in APPS)]
    sources += sorted(file for folder in folders if folder.is_dir() for file in folder.rglob("*") if file.is_file())
    wanted = _digest(sources)
    target = Path(env.get("STATIC_ROOT") or os.environ.get("STATIC_ROOT", ""))
    stamp = paths.stamps / "static"
    with step("Static files") as progress:
        if (target / "staticfiles.json").exists() and stamp.exists() and stamp.read_text() == wanted:
            progress.note = "up to date"
            return
        manage(paths, env, progress, "collectstatic", "--noinput", "--clear", "--verbosity", "0")
        stamp.write_text(wanted)


def demo_data(paths: Paths, env: Mapping[str, str]) -> None:
    """Quick when the data is there already: the command itself looks. DEMO_DATA=0 leaves the portal empty."""
    if os.environ.get("DEMO_DATA") == "0":
        return
    if not any(
        (CHECKOUT / app / "management" / "commands" / "demo.py").exists() for app in ("precta", "precta/devstack")
    ):
        return
    with step("Demo data") as progress:
        manage(paths, env, progress, "demo", aloud=True)


def manage(paths: Paths, env: Mapping[str, str], progress: Progress, *arguments: str, aloud: bool = False) -> None:
    """Run one management command, its output in the log `setup`; `aloud` also repeats it. Raises DevstackError."""
    log_file = paths.logs / "setup.log"
    with log_file.open("wb") as log:
        process = spawn([sys.executable, CHECKOUT / "manage.py", *arguments], log=log, env=env, cwd=CHECKOUT)
        try:
            with log_file.open("rb") as reader:
                while (code := process.poll()) is None:
                    time.sleep(0.05)
                    progress.still()
                    _repeat(reader, aloud=aloud)
                _repeat(reader, aloud=aloud)
        except BaseException:
            end(process, patience=3)
            raise
    if code != 0:
        raise DevstackError(f"`manage.py {' '.join(arguments)}` failed. {advice(log_file)}")


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
