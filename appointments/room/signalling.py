"""How the two pages of a room find each other without a socket: each asks again and again, and Valkey is the post box.

Per visit and side: a stream of signals for that side, which page of it holds the call, and whether it is there. All of
it is forgotten within minutes and belongs to the clinic whose schema is active, like every key of the cache.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from django.core.cache import caches

from appointments.room.access import Side
from precta.cache import DOWN, ForgivingRedisCache

# A page that is open asks every 2.5 seconds at least, a hidden one every 6; this many seconds later it is gone.
HERE_SECONDS = 16
SIGNAL_SECONDS = 120
PAGE_SECONDS = 6 * 3600
MOST_SIGNALS = 400
BEGINNING = "0-0"
_POSITION = re.compile(r"[0-9]{1,15}-[0-9]{1,10}")


class Away(RuntimeError):
    """Valkey does not answer. A call that stands goes on without it."""


class Where(StrEnum):
    AWAY = "away"
    LOBBY = "lobby"  # checks the camera, or waits
    ROOM = "room"


@dataclass(frozen=True, slots=True)
class Other:
    """What one side is told of the other."""

    where: Where
    page: str = ""
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    other: Other
    signals: list[dict[str, Any]]
    position: str
    is_taken: bool  # another window of the same person holds the call
    is_new: bool = False  # nobody of this side held the call, and this page does from now on


def checked_position(value: Any) -> str:
    """Where a page has read to. Anything else is the beginning."""
    return value if isinstance(value, str) and _POSITION.fullmatch(value) else BEGINNING


def take_over(visit_id: str, side: Side, page: str) -> None:
    """From now on this page holds the side's call; what was said to the page before it is dropped. Raises Away."""
    _send(
        lambda pipe, key: (
            pipe.delete(key("signals", side)),
            pipe.set(key("page", side), page, ex=PAGE_SECONDS),
            pipe.delete(key("lobby", side)),
            pipe.set(key("here", side), json.dumps({"page": page, "state": {}}), ex=HERE_SECONDS),
        ),
        visit_id,
    )


def leave(visit_id: str, side: Side, page: str) -> bool:
    """The page hangs up. False when it did not hold the call, and nothing changed then. Raises Away."""
    if _holder(visit_id, side) != page:
        return False
    _send(lambda pipe, key: pipe.delete(key("page", side), key("here", side), key("signals", side)), visit_id)
    return True


def empty(visit_id: str) -> None:
    """Forget everything of this room, because the visit is over. Raises Away."""
    names = [(name, side) for name in ("signals", "page", "here", "lobby") for side in Side]
    _send(lambda pipe, key: pipe.delete(*(key(*name) for name in names)), visit_id)


def wait(visit_id: str, side: Side) -> Other:
    """This side has the page open but is not in the call; where the other one is. Raises Away."""
    answers = _send(
        lambda pipe, key: (
            pipe.set(key("lobby", side), "1", ex=HERE_SECONDS),
            pipe.get(key("here", side.other)),
            pipe.get(key("lobby", side.other)),
        ),
        visit_id,
    )
    return _other(*answers[1:])


def exchange(
    visit_id: str, side: Side, *, page: str, state: dict[str, Any], signals: Sequence[dict[str, Any]], after: str
) -> Heard:
    """Say `signals` to the other side, show that this page is there, and hear what was said to it since `after`.

    A page that another window of the same person has taken over says and hears nothing. Raises Away.
    """
    holder = _holder(visit_id, side)
    if holder not in {None, page}:
        return Heard(Other(Where.AWAY), [], after, is_taken=True)

    def ask(pipe: Any, key: Any) -> None:
        pipe.get(key("here", side.other))
        pipe.get(key("lobby", side.other))
        pipe.xrange(key("signals", side), min=f"({after}", max="+", count=MOST_SIGNALS)
        # Never over another page's name: one that takes over between the look and this is not thrown out again.
        pipe.set(key("page", side), page, ex=PAGE_SECONDS, nx=True)
        pipe.expire(key("page", side), PAGE_SECONDS)
        pipe.set(key("here", side), json.dumps({"page": page, "state": state}), ex=HERE_SECONDS)
        for signal in signals:
            told = {"signal": json.dumps({**signal, "page": page})}
            pipe.xadd(key("signals", side.other), told, maxlen=MOST_SIGNALS, approximate=True)
        if signals:
            pipe.expire(key("signals", side.other), SIGNAL_SECONDS)

    here, lobby, entries, is_new, *_rest = _send(ask, visit_id)
    heard = [json.loads(fields[b"signal"]) for _position, fields in entries]
    position = entries[-1][0].decode() if entries else after
    return Heard(_other(here, lobby), heard, position, is_taken=False, is_new=bool(is_new))


def who_is_here(visit_ids: Iterable[str]) -> dict[str, set[Side]]:
    """Visit → who has its room open. Empty while Valkey is away: this is a courtesy."""
    asked = [(visit_id, side) for visit_id in visit_ids for side in Side]
    cache = _cache()
    keys = [cache.make_and_validate_key(_name(visit_id, what, side)) for visit_id, side in asked for what in HERE]
    if not keys:
        return {}
    try:
        found = cache.pipeline().mget(keys).execute()[0]
    except DOWN:
        return {}
    there: dict[str, set[Side]] = {}
    for number, (visit_id, side) in enumerate(asked):
        if any(found[number * len(HERE) : (number + 1) * len(HERE)]):
            there.setdefault(visit_id, set()).add(side)
    return there


HERE = ("here", "lobby")


def _other(here: bytes | None, lobby: bytes | None) -> Other:
    if here is not None:
        return Other(Where.ROOM, **json.loads(here))
    return Other(Where.LOBBY if lobby is not None else Where.AWAY)


def _holder(visit_id: str, side: Side) -> str | None:
    found = _send(lambda pipe, key: pipe.get(key("page", side)), visit_id)[0]
    return None if found is None else found.decode()


def _send(ask: Any, visit_id: str) -> list[Any]:
    """One trip to Valkey: `ask(pipeline, key)` puts the commands together."""
    cache = _cache()
    pipe = cache.pipeline()
    ask(pipe, lambda what, side: cache.make_and_validate_key(_name(visit_id, what, side)))
    try:
        return pipe.execute()
    except DOWN as error:
        raise Away from error


def _name(visit_id: str, what: str, side: Side) -> str:
    return f"room:{visit_id}:{what}:{side}"


def _cache() -> ForgivingRedisCache:
    return cast(ForgivingRedisCache, caches["default"])
