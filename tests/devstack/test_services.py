"""PostgreSQL and Valkey of a data folder: shared by users, gone without them, back after any kill."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import environ
import psycopg
import pytest
import redis

from precta.devstack import postgres, valkey
from precta.devstack.env import environment
from precta.devstack.errors import DevstackError
from precta.devstack.keeper import Use, keeper_pid, stop_keeper
from precta.devstack.paths import CHECKOUT, SOCKET_PATH_LIMIT, Paths
from precta.devstack.processes import alive

pytestmark = pytest.mark.timeout(180)


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def forget(paths: Paths) -> None:
    stop_keeper(paths)
    for folder in (paths.postgres_home, paths.sockets, paths.valkey_socket.parent):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[Paths]:
    paths = Paths(tmp_path / "data")
    yield paths
    forget(paths)


def rows(paths: Paths) -> int:
    with psycopg.connect(postgres.conninfo(paths, postgres.DATABASE)) as connection:
        return connection.execute("SELECT count(*) FROM kept").fetchone()[0]


def postmaster(paths: Paths) -> int:
    return int((paths.postgres / "postmaster.pid").read_text().split("\n", 1)[0])


def test_what_was_written_is_there_after_every_kill(paths: Paths) -> None:
    use = Use(paths)
    use.begin()
    try:
        with psycopg.connect(postgres.conninfo(paths, postgres.DATABASE), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (id int)")
            connection.execute("INSERT INTO kept VALUES (1)")
        store = redis.Redis.from_url(environment(paths, {})["REDIS_URL"])
        store.set("kept", "yes")

        for victim in (postmaster(paths), int((paths.valkey / "valkey.pid").read_text())):
            os.kill(victim, signal.SIGKILL)
            until(lambda victim=victim: not alive(victim))
        until(lambda: postgres.answers(paths) and valkey.answers(paths))
        assert rows(paths) == 1
        assert store.get("kept") == b"yes"

        keeper, former = keeper_pid(paths), postmaster(paths)
        os.kill(keeper, signal.SIGKILL)
        until(lambda: not alive(former))  # a service does not outlive its keeper
        assert not use.kept()
        use.ensure()
        assert rows(paths) == 1
        assert store.get("kept") == b"yes"
    finally:
        use.end()
    assert keeper_pid(paths) is None
    assert not postgres.answers(paths)
    assert not valkey.answers(paths)


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(paths: Paths) -> None:
    use = Use(paths)
    use.begin()
    use.end()
    (paths.postgres / "postmaster.pid").write_text(f"{os.getpid()}\n{paths.postgres}\n0\n5432\n{paths.sockets}\n\n")
    use.begin()
    assert postgres.answers(paths)
    use.end()


def test_services_end_with_their_last_user_however_it_ends(paths: Paths) -> None:
    program = (
        "import time; from precta.devstack.env import services\n"
        "with services(): print('up', flush=True); time.sleep(60)"
    )
    env = {**os.environ, "PRECTA_DATA": str(paths.data)}
    for name in ("DATABASE_URL", "REDIS_URL"):
        env.pop(name, None)
    users = [
        subprocess.Popen([sys.executable, "-c", program], cwd=CHECKOUT, env=env, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for user in users:
        assert user.stdout.readline() == b"up\n"
    users[0].kill()
    users[0].wait()
    time.sleep(1)
    assert postgres.answers(paths)
    users[1].kill()
    users[1].wait()
    until(lambda: keeper_pid(paths) is None)
    assert not postgres.answers(paths)


def test_two_data_folders_run_side_by_side(paths: Paths, tmp_path: Path) -> None:
    # A path beyond the limit of a socket's address, with a blank in it.
    other = Paths(tmp_path / ("a long folder " * 8) / "data")
    uses = [Use(paths), Use(other)]
    try:
        for use in uses:
            use.begin()
        assert postgres.answers(paths)
        assert postgres.answers(other)
        assert valkey.answers(other)
        assert postmaster(paths) != postmaster(other)
        assert len(os.fsencode(other.sockets / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT
        parsed = environ.Env.db_url_config(environment(other, {})["DATABASE_URL"])
        assert (parsed["HOST"], parsed["NAME"]) == (str(other.sockets), postgres.DATABASE)
    finally:
        for use in uses:
            use.end()
        forget(other)


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    taken = tmp_path / "data"
    taken.symlink_to(tmp_path)
    with pytest.raises(DevstackError, match="belongs to somebody else"):
        Paths(taken).prepare()


def test_what_is_set_outside_wins(paths: Paths) -> None:
    given = {
        "DATABASE_URL": "postgres://db.example/precta",
        "REDIS_URL": "redis://cache.example",
        "PAYSTACK_SECRET_KEY": "sk_test_real",
    }
    added = environment(paths, given)
    assert not set(given) & set(added)
    assert "PAYSTACK_BASE_URL" not in added
    assert "CELERY_BROKER_URL" not in added
