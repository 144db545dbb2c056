"""For tests: messages are kept in this process."""

from typing import NamedTuple


class Message(NamedTuple):
    to: str
    text: str


outbox: list[Message] = []


def send(*, to: str, text: str) -> None:
    outbox.append(Message(to, text))
