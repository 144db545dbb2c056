"""What one browser may tell the other through us: checked for shape and size, never for meaning."""

import re
from collections.abc import Mapping
from typing import Any

# An offer of two browsers has 3 to 9 kB, a candidate some 200 bytes.
LONGEST_SDP = 32_000
LONGEST_CANDIDATE = 1_000
MOST_AT_ONCE = 60
PAGE = re.compile(r"[a-z0-9]{8,32}")
KINDS = frozenset({"offer", "answer", "candidate", "bye"})
WISHES = frozenset({"auto", "low", "sound"})


class BadSignal(ValueError):
    """Not something that a page of ours says."""


def checked_page(value: Any) -> str:
    """The name that a page gave itself. Raises BadSignal."""
    if not isinstance(value, str) or not PAGE.fullmatch(value):
        raise BadSignal("page")
    return value


def checked_state(value: Any) -> dict[str, Any]:
    """What the other side's page shows of ours. Raises BadSignal."""
    if not isinstance(value, Mapping):
        raise BadSignal("state")
    wish = value.get("wish", "auto")
    if not isinstance(wish, str) or wish not in WISHES:
        raise BadSignal("wish")
    return {"wish": wish, **{name: value.get(name) is True for name in ("sound", "picture", "screen")}}


def checked_signals(found: Any) -> list[dict[str, Any]]:
    """The signals of one request, with nothing in them but what a signal has. Raises BadSignal."""
    if not isinstance(found, list) or len(found) > MOST_AT_ONCE:
        raise BadSignal("signals")
    return [_checked(one) for one in found]


def _checked(one: Any) -> dict[str, Any]:
    if not isinstance(one, Mapping) or not isinstance(one.get("kind"), str) or one["kind"] not in KINDS:
        raise BadSignal("kind")
    number = one.get("n")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 1_000_000:
        raise BadSignal("n")
    signal: dict[str, Any] = {
        "kind": one["kind"],
        "n": number,
        "to": checked_page(one.get("to")),
        "call": checked_page(one.get("call")),
    }
    if one["kind"] in {"offer", "answer"}:
        signal["sdp"] = _text(one.get("sdp"), LONGEST_SDP)
    elif one["kind"] == "candidate":
        signal["candidate"] = _candidate(one.get("candidate"))
    return signal


def _candidate(found: Any) -> dict[str, Any] | None:
    """RFC 8839's line with its place, as browsers write it; None is the end of them."""
    if found is None:
        return None
    if not isinstance(found, Mapping):
        raise BadSignal("candidate")
    line = found.get("sdpMLineIndex")
    if line is not None and (not isinstance(line, int) or isinstance(line, bool) or not 0 <= line < 16):
        raise BadSignal("sdpMLineIndex")
    kept: dict[str, Any] = {"candidate": _text(found.get("candidate"), LONGEST_CANDIDATE), "sdpMLineIndex": line}
    for name in ("sdpMid", "usernameFragment"):
        if found.get(name) is not None:
            kept[name] = _text(found[name], 256)
    return kept


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise BadSignal("text")
    return value
