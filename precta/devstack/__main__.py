"""`python -m precta.devstack COMMAND`, from the checkout."""

import argparse
import shlex
import sys

from . import commands, postgres, valkey
from .env import environment
from .errors import DevstackError
from .keeper import Use, keep, keeper_pid, stop_keeper
from .paths import find_paths
from .runner import demo

COMMANDS = {
    "demo": "run the whole portal until Ctrl-C (`make demo`)",
    "test": "run the test suite; further words go to pytest (`make test`)",
    "check": "linters, types, layers, migrations, deployment (`make check`)",
    "format": "run the formatters (`make format`)",
    "bench": "measure (`make bench`)",
    "up": "start PostgreSQL and Valkey and leave them running until `down`",
    "down": "stop them, whoever uses them",
    "status": "say what is running and where the data is",
    "env": 'print the variables, for `eval "$(python -m precta.devstack env)"`',
    "keep": "(internal) hold the services while somebody uses them",
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m precta.devstack",
        description="This checkout's own PostgreSQL, Valkey and provider stand-ins.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="commands:\n" + "\n".join(f"  {name:8} {text}" for name, text in COMMANDS.items()),
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    chosen, rest = parser.parse_known_args()
    with_words = {
        "test": commands.test,
        "check": commands.check,
        "bench": commands.bench,
        "format": commands.format_sources,
    }
    plain = {"demo": demo, "up": up, "down": down, "status": status, "env": env, "keep": lambda: keep(find_paths())}
    if rest and chosen.command not in with_words:
        parser.error(f"unknown words: {' '.join(rest)}")
    try:
        if chosen.command in with_words:
            return with_words[chosen.command](rest)
        return plain[chosen.command]()
    except DevstackError as error:
        print(error, file=sys.stderr)
        return 1


def up() -> int:
    paths = find_paths()
    use = Use(paths)
    use.begin()
    (paths.locks / "keep").touch()
    use.end()
    return status()


def down() -> int:
    stop_keeper(find_paths())
    return 0


def status() -> int:
    paths = find_paths()
    print(f"data        {paths.data}")
    print(f"keeper      {keeper_pid(paths) or 'not running'}")
    print(f"PostgreSQL  {'answers' if postgres.answers(paths) else 'not running'}  {paths.sockets}")
    print(f"Valkey      {'answers' if valkey.answers(paths) else 'not running'}  {paths.valkey_socket}")
    return 0


def env() -> int:
    for name, value in environment().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
