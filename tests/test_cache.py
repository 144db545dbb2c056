"""Nobody meets an error because the cache is away or refuses what it is asked."""

import pytest
from django.core.cache import caches
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from precta.cache import ForgivingRedisCache

ANSWERS = [
    (lambda cache: cache.get("a", "none"), "none"),
    (lambda cache: cache.add("a", 1), True),
    (lambda cache: cache.set("a", 1), None),
    (lambda cache: cache.delete("a"), False),
    (lambda cache: cache.incr("a"), 1),
    (lambda cache: cache.count("a", within=60), 1),
]


@pytest.fixture(
    params=[RedisConnectionError, RedisTimeoutError, OutOfMemoryError, ReadOnlyError, ResponseError("MISCONF")]
)
def refusing(request, monkeypatch):
    def refuse(*args, **kwargs):
        raise request.param

    monkeypatch.setattr("redis.connection.AbstractConnection.send_packed_command", refuse)
    return ForgivingRedisCache(caches["default"]._servers, {})


@pytest.mark.parametrize(("ask", "answer"), ANSWERS, ids=["get", "add", "set", "delete", "incr", "count"])
def test_a_cache_that_refuses_is_as_one_that_is_empty(refusing, ask, answer):
    assert ask(refusing) == answer
