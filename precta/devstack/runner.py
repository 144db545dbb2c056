"""`make demo`: the whole portal on this machine, until Ctrl-C.

Every process is in a group of its own, is started again when it dies, and is told by the kernel when this one dies; so
no way of ending the demo leaves a process behind.
"""

import contextlib
import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

from . import steps
from .env import DEFAULT_PORT, PLATFORM_HOST, environment, paystack_port, uses_embedded
from .errors import DevstackError
from .keeper import Use, stop_keeper
from .locks import FileLock
from .paths import CHECKOUT, Paths, find_paths
from .processes import die_with_parent
from .supervision import Child, stop_all
from .terminal import complain, say, step

WEBHOOK_PATH = "/payments/paystack/webhook/"
WEB_PATIENCE = 60.0
ROUND = 0.1


class Stopped(BaseException):
    """Ctrl-C, a polite kill, or the terminal went away."""


def demo() -> int:
    """Run until told to stop. Returns the exit code."""
    _listen_to_signals()
    if "MAKELEVEL" in os.environ:
        die_with_parent()  # make may be killed as well
    try:
        _demo()
    except DevstackError as error:
        complain(f"\n{error}")
        return 1
    except Stopped:
        pass
    say("Stopped.")
    return 0


def _demo() -> None:
    began = time.monotonic()
    port = _port()
    paths = find_paths()
    paths.prepare()
    lock = _only_demo(paths, port)
    try:
        say(f"Starting Precta; its data and logs are in {paths.data}")
        if os.environ.get("RESET", "") not in {"", "0", "no", "false"}:
            with step("Forgetting the former data"):
                stop_keeper(paths)
                paths.wipe()
                paths.prepare()
        _require_free(port)
        with _services(paths) as use:
            env = _child_environment(paths, port)
            steps.compile_translations()
            static = steps.StaticFiles(paths, env)
            try:
                steps.migrate(paths, env, ours=uses_embedded(paths, "DATABASE_URL"))
                steps.demo_data(paths, env)
                static.finish()
            except BaseException:
                static.stop()
                raise
            children = _children(paths, env, port)
            try:
                _start(children, port)
                _greet(env, port, time.monotonic() - began)
                _watch(children, use)
            finally:
                _deaf_to_signals()
                say("Stopping …")
                stop_all(children)
    finally:
        lock.release()


def _port() -> int:
    text = os.environ.get("PORT") or str(DEFAULT_PORT)
    if not text.isdigit() or not 0 < int(text) < 65535:
        raise DevstackError(f"PORT={text} is not a port: choose a number from 1024 to 65534.")
    return int(text)


def _only_demo(paths: Paths, port: int) -> FileLock:
    lock = FileLock(paths.locks / "demo.lock")
    if not lock.acquire():
        raise DevstackError(
            f"This checkout's demo is running already ({lock.read()}). Stop it with Ctrl-C where it was started;"
            " a second one needs a data folder and a port of its own: make demo PRECTA_DATA=/some/folder PORT=8100"
        )
    lock.write(f"process {os.getpid()}, port {port}")
    return lock


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise DevstackError(f"Port {port} is reserved for root. Choose another: make demo PORT=8100") from None
        except OSError:
            raise DevstackError(
                f"Port {port} is taken by another program. Choose another: make demo PORT=8100"
            ) from None


@contextlib.contextmanager
def _services(paths: Paths) -> Iterator[Use | None]:
    """PostgreSQL and Valkey, unless both were given from outside."""
    if not uses_embedded(paths, "DATABASE_URL") and not uses_embedded(paths, "REDIS_URL"):
        yield None
        return
    use = Use(paths)
    with step("PostgreSQL and Valkey"):
        use.begin()
    try:
        yield use
    finally:
        _deaf_to_signals()
        use.end()


def _child_environment(paths: Paths, port: int) -> dict[str, str]:
    given = {**os.environ, "PORT": str(port), "PUBLIC_PORT": str(port)}
    wanted = environment(paths, given)
    if "PAYSTACK_BASE_URL" in wanted:
        wanted["PAYSTACK_BASE_URL"] = f"http://127.0.0.1:{_free_port(paystack_port(given))}"
    ours = {"PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "precta.settings", "C_FORCE_ROOT": "1"}
    return {**given, **wanted, **ours}


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise DevstackError("No port is free for the payments stand-in.")


def _children(paths: Paths, env: Mapping[str, str], port: int) -> list[Child]:
    programs = Path(sys.executable).parent
    commands: dict[str, list[str | Path]] = {}
    if env["PAYSTACK_BASE_URL"].startswith("http://127.0.0.1:") and not os.environ.get("PAYSTACK_BASE_URL"):
        commands["paystack"] = [
            *(sys.executable, "-m", "precta.devstack.paystack"),
            *("--port", env["PAYSTACK_BASE_URL"].rpartition(":")[2]),
            *("--webhook-url", f"http://{env['PLATFORM_HOST']}:{port}{WEBHOOK_PATH}"),
            *("--file", paths.paystack / "ledger.sqlite3"),
        ]
    binds = [f"127.0.0.1:{port}", *([f"[::1]:{port}"] if _has_ipv6() else [])]
    commands["web"] = [
        *(programs / "gunicorn", "precta.wsgi:application", "--no-control-socket"),
        *(part for bind in binds for part in ("--bind", bind)),
        *("--worker-class", "gthread", "--workers", "2", "--threads", "2"),
        *("--graceful-timeout", "5", "--keep-alive", "5"),
    ]
    celery = (programs / "celery", "-A", "precta")
    commands["worker"] = [
        *celery,
        "worker",
        "--concurrency",
        "2",
        "--loglevel",
        "INFO",
        "--without-gossip",
        "--without-mingle",
    ]
    commands["beat"] = [*celery, "beat", "--loglevel", "INFO", "--pidfile=", "--schedule", paths.data / "beat-schedule"]
    return [
        Child(name, command, env=env, cwd=CHECKOUT, log=paths.logs / f"{name}.log")
        for name, command in commands.items()
    ]


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _start(children: list[Child], port: int) -> None:
    with step("Web, worker, timer and payments stand-in") as progress:
        for child in children:
            child.start()
        while not _answers(port):
            for child in children:
                child.watch()
                if child.deaths >= 3:
                    raise DevstackError(f"The {child.name} process does not stay up. {steps.advice(child.log)}")
            if progress.seconds > WEB_PATIENCE:
                web = next(child for child in children if child.name == "web")
                raise DevstackError(f"The portal did not answer within {WEB_PATIENCE:.0f} s. {steps.advice(web.log)}")
            progress.still()
            time.sleep(ROUND)


def _answers(port: int) -> bool:
    host = os.environ.get("PLATFORM_HOST") or PLATFORM_HOST
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/healthz", headers={"Host": f"{host}:{port}"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False


def _greet(env: Mapping[str, str], port: int, seconds: float) -> None:
    from .logins import DEMO_LOGINS

    host = env["PLATFORM_HOST"]
    say(f"\nReady: http://{host}:{port}")
    say(f"(started in {seconds:.0f} s)")
    if DEMO_LOGINS:
        widths = [max(len(str(login[column])) for login in DEMO_LOGINS) for column in range(3)]
        say("\nSign in as")
        for role, email, password, url, _totp in DEMO_LOGINS:
            where = url.format(host=f"{host}:{port}")
            say(f"  {role:{widths[0]}}  {email:{widths[1]}}  {password:{widths[2]}}  {where}")
        say(f"\nThe second step of all but the patient: http://{host}:{port}/dev/authenticator/ shows the codes.")
        say("Or keep these keys in an authenticator app of your own:")
        for login in DEMO_LOGINS:
            if login.totp:
                say(f"  {login.email:{widths[1]}}  {login.totp}")
    if "127.0.0.1" in env["PAYSTACK_BASE_URL"]:
        say(f"\nPhones with an M-Pesa prompt: {env['PAYSTACK_BASE_URL']}/mpesa/")
    if not env.get("EMAIL_URL") or not env.get("AFRICASTALKING_API_KEY"):
        say(f"E-mails and SMS that were sent: http://{host}:{port}/dev/outbox/")
    say("Ctrl-C stops everything; the data stays. Start afresh with: make demo RESET=1\n")


def _watch(children: list[Child], use: Use | None) -> None:
    looked = 0.0
    while True:
        time.sleep(ROUND)
        for child in children:
            child.watch()
        if use is not None and time.monotonic() - looked > 1:
            looked = time.monotonic()
            if not use.kept():
                say("  The keeper of PostgreSQL and Valkey ended; starting it again.")
                use.ensure()


def _listen_to_signals() -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        _deaf_to_signals()
        raise Stopped

    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, stop)
    if os.isatty(0):
        # A terminal that closes tells its session's leader only; when that is make, make waits for us instead.
        signal.signal(signal.SIGALRM, lambda number, frame: None if os.isatty(0) else stop(number, frame))
        signal.setitimer(signal.ITIMER_REAL, 2, 2)


def _deaf_to_signals() -> None:
    """While stopping: a second Ctrl-C must not leave half of it running."""
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(sig, signal.SIG_IGN)
