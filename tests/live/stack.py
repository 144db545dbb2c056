"""The whole portal in real processes: gunicorn, a Celery worker, the payments stand-in, a database of its own.

Django in the test's process looks at the same database while a test uses `live`, so the cast and the services work as
everywhere else; what it commits, the running portal sees.
"""

import base64
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from celery import Celery
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from kombu import Connection

from precta.devstack import steps
from precta.devstack.paths import CHECKOUT, find_paths
from precta.devstack.paystack import PaystackStandIn
from precta.devstack.processes import end, spawn
from precta.sessions import AdminSessionStore
from precta.tenancy import TenantTask
from tests import sessions
from tests.live import databases
from tests.live.mail import Letters

PATIENCE = 60.0
SECRET = "sk_test_live_stack"
CACHE_DB, QUEUE_DB = 4, 5


def until(condition: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
    """What `condition` returns once it is true; fails with `what` after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what() if callable(what) else what}"
        time.sleep(0.1)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stack:
    """Started once a session. `url(path, host=…)`, `standin`, `letters`, `worker`, `web` are what tests use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.name = f"{connection.settings_dict['NAME']}_live"
        self.letters = Letters(folder / "outbox")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.standin = PaystackStandIn(
            webhook_url=f"http://{settings.PLATFORM_HOST}:{self.port}/payments/paystack/webhook/", secret_key=SECRET
        )
        # What several tests only look at, whoever comes first makes it.
        self.world: Any = None

    # Life

    def start(self) -> None:
        databases.make_copy(self.name)
        self.standin.start()
        self.env = self._environment()
        self._empty_queue()
        paths = find_paths()
        steps.compile_translations()
        steps.StaticFiles(paths, self.env).finish()
        self.start_worker()
        self.start_web()

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            end(process, patience=5)
        self.standin.stop()
        databases.drop(self.name)

    def start_web(self, **environment: str) -> None:
        """`environment` differs from the stack's own for this start only."""
        programs = Path(sys.executable).parent
        self._spawn(
            "web",
            *(programs / "gunicorn", "precta.wsgi:application", "--no-control-socket"),
            *("--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread", "--workers", "2", "--threads", "4"),
            *("--graceful-timeout", "3", "--keep-alive", "5"),
            **environment,
        )
        until(self._answers, lambda: f"the portal answers\n{self.log('web')}", PATIENCE)

    def start_worker(self) -> None:
        programs = Path(sys.executable).parent
        self._spawn(
            "worker",
            *(programs / "celery", "-A", "precta", "worker", "--concurrency", "2", "--loglevel", "INFO"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        )

    def kill(self, name: str) -> None:
        """As a power cut would: the process and its children, at once."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-4000:]

    def _spawn(self, name: str, *command: str | Path, **environment: str) -> None:
        env = {**self.env, **environment}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = spawn(["nice", *command], log=log, env=env, cwd=CHECKOUT)

    def _answers(self) -> bool:
        assert self.processes["web"].poll() is None, self.log("web")
        try:
            return self.request("GET", "/readyz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def _environment(self) -> dict[str, str]:
        ours = dict(os.environ)
        for name in ("EMAIL_URL", "SMS_BACKEND", "STATICFILES_BACKEND", "CELERY_TASK_ALWAYS_EAGER"):
            ours.pop(name, None)
        database, redis = ours["DATABASE_URL"], settings.REDIS_URL
        self.cache_url = re.sub(r"db=\d+", f"db={CACHE_DB}", redis)
        self.queue_url = settings.CELERY_BROKER_URL.replace("virtual_host=1", f"virtual_host={QUEUE_DB}")
        assert self.cache_url != redis, "REDIS_URL must name its database for these tests"
        assert self.queue_url != settings.CELERY_BROKER_URL
        return ours | {
            "DATABASE_URL": database.rpartition("/")[0] + "/" + self.name,
            "REDIS_URL": self.cache_url,
            "CELERY_BROKER_URL": self.queue_url,
            "PUBLIC_PORT": str(self.port),
            "PORT": str(self.port),
            "PRECTA_DATA": str(self.folder),
            "PAYSTACK_BASE_URL": self.standin.url,
            "PAYSTACK_SECRET_KEY": SECRET,
            "C_FORCE_ROOT": "1",
            "PYTHONUNBUFFERED": "1",
        }

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """This process's Django works on the live database meanwhile, and its links lead to the live portal."""
        wanted = {
            "PUBLIC_PORT": self.port,
            "PAYSTACK_BASE_URL": self.standin.url,
            "PAYSTACK_SECRET_KEY": SECRET,
        }
        kept = {name: getattr(settings, name) for name in wanted}
        with databases.attached(self.name):
            for name, value in wanted.items():
                setattr(settings, name, value)
            try:
                yield
            finally:
                for name, value in kept.items():
                    setattr(settings, name, value)

    # The queue

    def send_task(self, name: str, *args: Any, schema: str = "public") -> None:
        """As beat would: a task for the running worker."""
        # Not the project's own application, which runs tasks at once in tests.
        beat = Celery("beat", set_as_current=False)
        with Connection(self.queue_url) as link:
            beat.send_task(name, args=args, headers={TenantTask.header: schema}, connection=link)

    def queued(self) -> int:
        with Connection(self.queue_url) as link, link.channel() as channel:
            return channel.client.llen("celery")

    def messages(self) -> str:
        """Everything in the queue, as it is kept there and as it reads once decoded."""
        with Connection(self.queue_url) as link, link.channel() as channel:
            raw = [entry.decode(errors="replace") for entry in channel.client.lrange("celery", 0, -1)]
        bodies = [base64.b64decode(json.loads(entry)["body"]).decode(errors="replace") for entry in raw]
        return "\n".join(raw + bodies)

    def lose_queue(self) -> None:
        """Everything that waits, or was taken and not finished, is gone."""
        with Connection(self.queue_url) as link, link.channel() as channel:
            channel.client.flushdb()

    def _empty_queue(self) -> None:
        self.lose_queue()
        import redis

        redis.Redis.from_url(self.cache_url).flushdb()

    # Requests without a browser

    def url(self, path: str = "/", host: str = settings.PLATFORM_HOST) -> str:
        return f"http://{host}:{self.port}{path}"

    def request(
        self,
        method: str,
        path: str,
        *,
        host: str = settings.PLATFORM_HOST,
        data: dict[str, Any] | bytes | None = None,
        session: str = "",
        headers: dict[str, str] | None = None,
        timeout: float = 30,
    ) -> "Answer":
        """One request. A posted form brings its CSRF token along, as a browser with the page open would."""
        sent = {"Host": f"{host}:{self.port}", **(headers or {})}
        cookies = {}
        body: bytes | None = None
        if session:
            cookies[settings.SESSION_COOKIE_NAME] = session
        if isinstance(data, dict):
            token = "a" * 32
            cookies[settings.CSRF_COOKIE_NAME] = token
            body = urlencode({"csrfmiddlewaretoken": token, **data}, doseq=True).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            sent["Origin"] = f"http://{host}:{self.port}"
        elif data is not None:
            body = data
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with contextlib.closing(link):
            link.request(method, path, body, sent)
            response = link.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())

    def session_of(self, user: Any, *, at_admin: bool = False, factor: bool = True) -> str:
        """The key of a fresh session of `user`, past the second factor; call it while attached."""
        store = AdminSessionStore() if at_admin else SessionStore()
        store.update(sessions.signed_in(user, factor=factor))
        store.save()
        return store.session_key

    def webhook(self, event: dict[str, Any], *, signature: str | None = None) -> int:
        """Deliver an event now, rightly signed unless a signature is given; the status of the answer."""
        return self.standin.webhooks.post(json.dumps(event).encode(), signature=signature)


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
