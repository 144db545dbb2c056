"""The phone that a person has just proved at this desk, kept in the desk's session for a quarter of an hour."""

from datetime import timedelta

from django.http import HttpRequest

from precta import clock
from precta.ids import new_id

KEY = "desk_phone"
PROVEN_FOR = timedelta(minutes=15)


def ask_for(request: HttpRequest, phone: str) -> str:
    """Begin anew with `phone`; the subject that its code is bound to: this clinic and this session."""
    subject = f"{request.clinic.pk}:{new_id()}"
    request.session[KEY] = {"clinic": request.clinic.pk, "phone": phone, "subject": subject, "until": None}
    return subject


def asked_phone(request: HttpRequest) -> tuple[str, str]:
    """The phone whose code is awaited and the code's subject; two empty texts when there is none."""
    state = _state(request)
    return (state["phone"], state["subject"]) if state else ("", "")


def note_proof(request: HttpRequest) -> None:
    state = _state(request)
    if state:
        request.session[KEY] = state | {"until": (clock.now() + PROVEN_FOR).timestamp()}


def proven_phone(request: HttpRequest) -> str:
    """The phone that was proved here a moment ago, or ""."""
    state = _state(request)
    return state["phone"] if state and state["until"] and state["until"] > clock.now().timestamp() else ""


def forget(request: HttpRequest) -> None:
    request.session.pop(KEY, None)


def _state(request: HttpRequest) -> dict | None:
    """What was begun at this very clinic: the session is shared by all hosts, the proof is not."""
    state = request.session.get(KEY)
    return state if isinstance(state, dict) and state.get("clinic") == request.clinic.pk else None
