"""Make .venv and install the pinned packages. Run by the system's own Python: imports the standard library only.

    python3 -I precta/devstack/bootstrap.py [--dev]

Does nothing when the environment is already what the requirements say. One that is not ours (a link) is used as it is.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".precta-requirements"
OLDEST = (3, 11)


def main() -> int:
    if sys.version_info[:2] < OLDEST:
        found = sys.version.split()[0]
        return fail(f"Python 3.11 or later is needed, this is {found}. Name one: make PYTHON=/path/to/python3.12 …")
    dev = "--dev" in sys.argv[1:]
    if VENV.is_symlink():
        return 0
    wanted = fingerprint(dev=dev)
    if STAMP.exists() and PYTHON.exists() and wanted in STAMP.read_text().split():
        return 0
    os.environ.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    os.environ.setdefault("PIP_NO_INPUT", "1")
    if not works(PYTHON):
        say("Making .venv …")
        if not make_venv():
            return 1
    requirements = "requirements-dev.txt" if dev else "requirements.txt"
    say(f"Installing the packages of {requirements} (once; a minute or two) …")
    began = time.monotonic()
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "-r", str(CHECKOUT / requirements)]
    if subprocess.run(command, cwd=CHECKOUT, check=False).returncode != 0:
        return fail(
            "pip could not install the packages. If no package index was reached, check the network (and PIP_INDEX_URL"
            " behind a mirror); if the disk is full, free 1 GB; then run the same command again."
        )
    # The development set contains the other one.
    STAMP.write_text(" ".join({wanted, fingerprint(dev=False)}))
    say(f"Packages installed ({time.monotonic() - began:.0f} s).")
    return 0


def fingerprint(*, dev: bool) -> str:
    """Changes with the pins, the Python and the set asked for."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {dev}".encode())
    for name in ("requirements.txt", *(["requirements-dev.txt"] if dev else [])):
        digest.update((CHECKOUT / name).read_bytes())
    return digest.hexdigest()


def works(python: Path) -> bool:
    """Whether there is an environment of a new enough Python with pip in it."""
    probe = "import sys, pip; sys.exit(sys.version_info[:2] < (3, 11))"
    with contextlib.suppress(OSError):
        return subprocess.run([python, "-c", probe], check=False, capture_output=True).returncode == 0
    return False


def make_venv() -> bool:
    if VENV.exists():
        shutil.rmtree(VENV)
    if venv() or (install_venv_module() and venv()) or venv_with_outside_pip():
        return True
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    fail(
        f"{sys.executable} cannot make a virtual environment. Install its venv module and run the same command again:\n"
        f"  Debian, Ubuntu:  sudo apt-get install python3-venv   (or python{version}-venv)\n"
        "  Fedora, RHEL:    sudo dnf install python3-pip\n"
        "  Alpine:          sudo apk add py3-pip"
    )
    return False


def venv(*options: str) -> bool:
    done = subprocess.run([sys.executable, "-m", "venv", *options, str(VENV)], check=False, capture_output=True)
    if done.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
    return done.returncode == 0 and (bool(options) or works(PYTHON))


def install_venv_module() -> bool:
    """Ask the system's package manager, if we may without a password."""
    become: list[str] = []
    if os.geteuid() != 0:
        become = ["sudo", "-n"]
        if (
            not shutil.which("sudo")
            or subprocess.run([*become, "true"], check=False, capture_output=True).returncode != 0
        ):
            return False
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    ways = {
        "apt-get": [["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", f"python{version}-venv"]],
        "dnf": [["install", "-y", "-q", "python3-pip"]],
        "apk": [["add", "--quiet", "py3-pip"]],
    }
    for manager, steps in ways.items():
        if shutil.which(manager):
            say(f"Python's venv module is missing; installing it with {manager} …")
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            codes = [
                subprocess.run(
                    [*become, manager, *step], check=False, env=environment, stdout=subprocess.DEVNULL
                ).returncode
                for step in steps
            ]
            return codes[-1] == 0
    return False


def venv_with_outside_pip() -> bool:
    """Debian's Python without ensurepip may still have a pip that can fill another environment."""
    probe = subprocess.run([sys.executable, "-m", "pip", "--version"], check=False, capture_output=True)
    if probe.returncode != 0 or not venv("--without-pip"):
        return False
    command = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "pip"]
    return subprocess.run(command, check=False).returncode == 0 and works(PYTHON)


def say(text: str) -> None:
    print(text, flush=True)


def fail(text: str) -> int:
    print(text, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
