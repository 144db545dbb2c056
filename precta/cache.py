"""The shared cache, which holds counters of tries and what two pages of a video room say to each other."""

import logging
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

logger = logging.getLogger(__name__)
# Away, or answering that it takes nothing just now: its disk or its memory is full, or it is no primary any more.
DOWN = (RedisConnectionError, RedisTimeoutError, ResponseError)


class ForgivingRedisCache(RedisCache):
    """Answers as if it were empty while the server is away or refuses.

    Limits of tries hang on it, allauth's among them: people must be able to sign in and book while it restarts, and
    argon2 still makes guessing slow. `/readyz` asks `ping`, which does not forgive.
    """

    def ping(self) -> None:
        """Raises what the client raises when the server does not answer."""
        self._cache.get_client().ping()

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        try:
            return super().add(key, value, timeout, version)
        except DOWN as error:
            return _note(error, True)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except DOWN as error:
            return _note(error, default)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        try:
            super().set(key, value, timeout, version)
        except DOWN as error:
            _note(error, None)

    def delete(self, key: str, version: int | None = None) -> bool:
        try:
            return super().delete(key, version)
        except DOWN as error:
            return _note(error, False)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        try:
            return super().incr(key, delta, version)
        except DOWN as error:
            return _note(error, delta)

    def pipeline(self) -> Any:
        """The client's own pipeline, for what Django's interface lacks; keys go through `make_and_validate_key`.

        Unlike everything else here it does not forgive: it raises one of `DOWN`.
        """
        return self._cache.get_client(None, write=True).pipeline(transaction=False)

    def count(self, key: str, *, within: int) -> int:
        """Add one to the counter under `key`, which begins at nothing and is forgotten `within` seconds after; what
        it then says. One trip to the server; 1 while it is away."""
        stored = self.make_and_validate_key(key)
        try:
            pipeline = self._cache.get_client(stored, write=True).pipeline(transaction=False)
            pipeline.set(stored, 0, ex=within, nx=True)
            pipeline.incr(stored)
            return int(pipeline.execute()[-1])
        except DOWN as error:
            return _note(error, 1)


def _note(error: Exception, answer: Any) -> Any:
    logger.warning("the cache does not answer: %s", type(error).__name__)
    return answer
