"""Telling several people of one thing, each in their own language."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils import translation

from precta.notifications.models import Channel, NotificationType
from precta.notifications.services import notify

EVERYWHERE = (Channel.PUSH, Channel.EMAIL)
INBOX = (Channel.PUSH,)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A User and the language that they read."""

    user: Any
    language: str


@dataclass(frozen=True, slots=True)
class Words:
    """A notice in one language. `action` is the label of its button; `sms` goes to a phone instead of the title."""

    title: str
    body: str
    action: str
    sms: str = ""


def tell(
    event_id: str,
    people: Iterable[Recipient],
    words: Callable[[], Words],
    *,
    url: str,
    type: str = NotificationType.GENERAL,
    channels: Iterable[str] = EVERYWHERE,
) -> None:
    """`notify` each of `people` in the words that `words` gives while their language is active.

    Without a `url` the notice has no button. `channels` are those of `notify`, which tells nobody of one event twice.
    """
    for person in people:
        with translation.override(person.language):
            said = words()
        notify(
            event_id=event_id,
            user=person.user,
            type=type,
            title=said.title,
            body=said.body,
            data={"url": url, "action": said.action} if url else None,
            language=person.language,
            channels=channels,
            sms=said.sms,
        )
