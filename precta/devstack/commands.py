"""`make test`, `make check` and `make bench`: the same services, another command."""

import os
import shlex
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from . import env, steps
from .chromium import require_chromium
from .paths import CHECKOUT, find_paths
from .terminal import complain, say

PROGRAMS = Path(sys.executable).parent
SOURCES = ("precta", "clinics", "accounts", "appointments", "pharmacy", "content")
PRODUCTION = {
    "DEBUG": "false",
    "DEVSTACK": "false",
    "PUBLIC_SCHEME": "https",
    "PUBLIC_PORT": "0",
    "PLATFORM_HOST": "precta.example",
    "EMAIL_URL": "smtp+tls://user:password@mail.example:587",
    "AFRICASTALKING_USERNAME": "precta",
    "AFRICASTALKING_API_KEY": "for_the_check_only",
    "PAYSTACK_SECRET_KEY": "sk_live_for_the_check_only",
    "PAYSTACK_BASE_URL": "https://api.paystack.co",
}


def test(arguments: list[str]) -> int:
    """The whole suite, or what `arguments` select. conftest.py holds the services."""
    if not arguments or any("e2e" in argument for argument in arguments):
        os.environ["CHROMIUM"] = require_chromium()
    env.apply()
    steps.compile_translations()
    # conftest.py names the settings, once it has set what they read.
    inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return steps.run([sys.executable, "-m", "pytest", *arguments], inherited)


def check(_arguments: list[str]) -> int:
    """What can be found without running the portal. Goes on after a failure and names them all at the end."""
    env.apply()
    steps.compile_translations()
    with env.services():
        failed = [name for name, command, extra in _checks() if not _passes(name, command, extra)]
    if failed:
        complain(f"\nFailed: {', '.join(failed)}")
        return 1
    say("\nAll checks pass.")
    return 0


def format_sources(_arguments: list[str]) -> int:
    """Let the formatters rewrite what they would complain about."""
    commands = (
        [_program("ruff"), "check", "--fix", "--quiet", "."],
        [_program("ruff"), "format", "."],
        [_program("djade"), "--target-version", "5.2", *_templates()],
    )
    for command in commands:
        steps.run(command, os.environ)  # djade's code 1 says that it changed something
    return 0


def bench(arguments: list[str]) -> int:
    """The figures, on this checkout's own services."""
    env.apply()
    paths = find_paths()
    with env.services():
        steps.compile_translations()
        steps.StaticFiles(paths, os.environ).finish()
        return steps.run([sys.executable, "-m", "bench", *arguments], os.environ)


def _checks() -> list[tuple[str, list[str], Mapping[str, str]]]:
    manage = [sys.executable, "manage.py"]
    return [
        ("style", [_program("ruff"), "check", "."], {}),
        ("format", [_program("ruff"), "format", "--check", "."], {}),
        ("templates", [_program("djade"), "--target-version", "5.2", "--check", *_templates()], {}),
        ("types", [_program("mypy"), *SOURCES], {}),
        ("layers", [_program("lint-imports")], {}),
        ("security", [_program("bandit"), "-q", "-r", "-lll", "-c", "pyproject.toml", *SOURCES], {}),
        ("migrations", [*manage, "makemigrations", "--check", "--dry-run"], {}),
        ("deployment", [*manage, "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
        ("translations", [*manage, "check_translations"], {}),
    ]


def _passes(name: str, command: list[str], extra: Mapping[str, str]) -> bool:
    shown = shlex.join(command).replace(str(PROGRAMS) + "/", "")
    say(f"\n== {name}: {shown if len(shown) < 110 else shown[:100] + ' …'}")
    began = time.monotonic()
    code = steps.run(command, {**os.environ, **extra})
    say(f"-- {name}: {'passes' if code == 0 else 'FAILS'} ({time.monotonic() - began:.1f} s)")
    return code == 0


def _templates() -> list[str]:
    return sorted(str(file.relative_to(CHECKOUT)) for file in (CHECKOUT / "templates").rglob("*.html"))


def _program(name: str) -> str:
    return str(PROGRAMS / name)
