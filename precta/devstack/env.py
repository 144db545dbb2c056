"""The environment variables that point the project at this checkout's services.

A variable that is already set wins, and the service it names is then somebody else's: nothing is started for it.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from urllib.parse import quote

from .keeper import Use
from .paths import Paths, find_paths
from .postgres import DATABASE

DEFAULT_PORT = 8000
PLATFORM_HOST = "precta.localhost"


def environment(paths: Paths | None = None, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables to add to `given` (default: the process's own). Makes the data folder and its secrets."""
    given = os.environ if given is None else given
    paths = paths or find_paths()
    paths.prepare()
    port = given.get("PORT") or given.get("PUBLIC_PORT") or str(DEFAULT_PORT)
    wanted = {
        "DATABASE_URL": f"postgres://postgres@/{quote(str(paths.sockets))}/{DATABASE}",
        "SECRET_KEY": secret(paths, "secret-key"),
        "FILES_KEY": secret(paths, "files-key"),
        "DEBUG": "false",
        "DEVSTACK": "true",
        "PLATFORM_HOST": PLATFORM_HOST,
        "PUBLIC_SCHEME": "http",
        "PUBLIC_PORT": port,
        "PRECTA_DATA": str(paths.data),
        "STATIC_ROOT": str(paths.data / "static"),
        "MEDIA_ROOT": str(paths.data / "media"),
    }
    if not given.get("REDIS_URL"):
        socket = quote(str(paths.valkey_socket))
        wanted["REDIS_URL"] = f"unix://{socket}?db=0"
        wanted["CELERY_BROKER_URL"] = f"redis+socket://{socket}?virtual_host=1"  # Celery's own spelling of the same
    if uses_paystack_stand_in(given):
        wanted["PAYSTACK_SECRET_KEY"] = "sk_test_" + secret(paths, "paystack-key")
        wanted["PAYSTACK_BASE_URL"] = f"http://127.0.0.1:{paystack_port(given)}"
    return {name: value for name, value in wanted.items() if not given.get(name)}


def apply(target: MutableMapping[str, str] | None = None) -> None:
    """Fill the missing variables of this very process in, before Django reads its settings."""
    target = os.environ if target is None else target
    target.update(environment(given=target))


@contextmanager
def services(paths: Paths | None = None) -> Iterator[dict[str, str]]:
    """PostgreSQL and Valkey answer inside; yields the variables that point at them. Other users may share them.

    Raises DevstackError when they cannot be started.
    """
    paths = paths or find_paths()
    variables = environment(paths)
    if not any(uses_embedded(paths, name) for name in ("DATABASE_URL", "REDIS_URL")):
        yield variables
        return
    use = Use(paths)
    use.begin()
    try:
        yield variables
    finally:
        use.end()


def uses_embedded(paths: Paths, name: str, given: Mapping[str, str] | None = None) -> bool:
    """Whether the service that DATABASE_URL or REDIS_URL names is ours to start: unset, or set to our own socket."""
    value = (os.environ if given is None else given).get(name)
    folder = paths.sockets if name == "DATABASE_URL" else paths.valkey_socket.parent
    return not value or quote(str(folder)) in value


def uses_paystack_stand_in(given: Mapping[str, str]) -> bool:
    """A secret key or an address from outside means the real provider (or somebody else's stand-in)."""
    return not given.get("PAYSTACK_SECRET_KEY") and not given.get("PAYSTACK_BASE_URL")


def paystack_port(given: Mapping[str, str]) -> int:
    """The stand-in's port: the one after the portal's own, unless PAYSTACK_PORT says otherwise."""
    chosen = given.get("PAYSTACK_PORT")
    return int(chosen) if chosen else int(given.get("PORT") or DEFAULT_PORT) + 1


def secret(paths: Paths, name: str) -> str:
    """A random secret that stays the same for this data folder."""
    file = paths.data / name
    if not file.exists():
        draft = paths.data / f".{name}.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)  # whole or not at all, and never over somebody else's
        draft.unlink()
    return file.read_text()
