"""A Chromium for the browser tests: the one that CHROMIUM names, the system's, or one installed from its packages."""

import os
import shutil
import subprocess

from .errors import DevstackError
from .terminal import step

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# The fonts are what the pages and the screenshots need to look like anywhere else.
INSTALL = {
    "apt-get": [
        ["apt-get", "update", "-q"],
        [
            "apt-get",
            "install",
            "-y",
            "-q",
            "--no-install-recommends",
            "chromium",
            "fonts-dejavu-core",
            "fonts-noto-core",
        ],
    ],
    "dnf": [["dnf", "install", "-y", "-q", "chromium-headless", "dejavu-sans-fonts"]],
    "apk": [["apk", "add", "--quiet", "chromium", "font-dejavu"]],
}
HELP = (
    "The browser tests need Chromium. Install it (Debian, Ubuntu: sudo apt-get install chromium; Fedora: sudo dnf"
    " install chromium), or name one that you have: make test CHROMIUM=/path/to/chrome"
)


def find_chromium() -> str | None:
    """The path of a Chromium that starts, or None. Raises DevstackError when CHROMIUM names one that does not."""
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        if not _starts(chosen):
            raise DevstackError(f"CHROMIUM={chosen} does not start. {HELP}")
        return chosen
    paths = (shutil.which(name) for name in NAMES)
    return next((path for path in paths if path and _starts(path)), None)


def require_chromium() -> str:
    """Like `find_chromium`, but installs one when there is none and we may. Raises DevstackError."""
    found = find_chromium()
    if found is None and _install():
        found = find_chromium()
    if found is None:
        raise DevstackError(HELP)
    return found


def _starts(path: str) -> bool:
    try:  # Ubuntu's `chromium-browser` may be a mere hint to install a snap
        done = subprocess.run([path, "--version"], check=False, capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _install() -> bool:
    become: list[str] = []
    if os.geteuid() != 0:
        become = ["sudo", "-n"]
        if (
            not shutil.which("sudo")
            or subprocess.run([*become, "true"], check=False, capture_output=True).returncode != 0
        ):
            return False
    for manager, commands in INSTALL.items():
        if shutil.which(manager):
            with step(f"Installing Chromium with {manager}"):
                environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
                for command in commands:
                    code = subprocess.run(
                        [*become, *command], check=False, env=environment, stdout=subprocess.DEVNULL
                    ).returncode
            return code == 0
    return False
