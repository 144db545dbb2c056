"""A phone that has just been proved in this browser, kept in its session for a quarter of an hour."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest

from precta import clock
from precta.ids import new_id

PROVEN_FOR = timedelta(minutes=15)


class PhoneProof:
    """`name` keeps one use apart from another; `scope` keeps hosts apart, which share their sessions."""

    def __init__(self, request: HttpRequest, name: str, scope: str = "") -> None:
        self._session = request.session
        self._key = f"phone_proof_{name}"
        self._scope = scope

    def begin(self, phone: str) -> str:
        """Begin anew with `phone` (E.164); the subject that its code is to be bound to: this session's."""
        subject = f"{self._scope}:{new_id()}" if self._scope else new_id()
        self._session[self._key] = {"scope": self._scope, "phone": phone, "subject": subject, "until": None}
        return subject

    def note(self, **facts: str) -> None:
        """The right code was typed; or, later on, further `facts` of what was found."""
        if state := self._state():
            until = state["until"] or (clock.now() + PROVEN_FOR).timestamp()
            self._session[self._key] = state | {"until": until} | facts

    def forget(self) -> None:
        self._session.pop(self._key, None)

    @property
    def asked(self) -> tuple[str, str]:
        """The phone whose code is awaited and the code's subject; two empty texts when there is none."""
        state = self._state()
        return (state["phone"], state["subject"]) if state else ("", "")

    @property
    def phone(self) -> str:
        """The proven phone, or ""."""
        state = self._state()
        return state["phone"] if state and state["until"] and state["until"] > clock.now().timestamp() else ""

    def fact(self, name: str) -> str:
        """What `note` was told by that name, while the proof holds."""
        return (self._state() or {}).get(name, "") if self.phone else ""

    def _state(self) -> dict[str, Any] | None:
        state = self._session.get(self._key)
        return state if isinstance(state, dict) and state.get("scope") == self._scope else None
