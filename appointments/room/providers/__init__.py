"""Whose service carries the picture: our own room, or a provider's behind the same few calls."""

from typing import Protocol

from django.conf import settings

from appointments.models import Appointment
from appointments.room.access import Place


class VideoProvider(Protocol):
    """`is_own`: the call runs in our page. `records`: there may be a recording, so both sides are asked."""

    name: str
    is_own: bool
    records: bool

    def open_room(self, visit: Appointment) -> str:
        """Make the visit's room, or find it again; the provider's id of it, empty where there is none."""

    def join_url(self, place: Place, room_id: str) -> str:
        """Where this person goes to be in it; empty where the call runs in our page."""

    def close_room(self, visit: Appointment, room_id: str) -> None:
        """Nobody gets in any more; doing it again is harmless."""


def video_provider() -> VideoProvider:
    """As VIDEO_PROVIDER says. A client each time: it keeps one deadline over all that it asks."""
    from appointments.room.providers.builtin import BuiltIn
    from appointments.room.providers.hundredms import HundredMs

    return HundredMs() if settings.VIDEO_PROVIDER == "hundredms" else BuiltIn()
