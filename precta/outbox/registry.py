"""Who acts on which kind of event."""

from collections import defaultdict
from collections.abc import Callable

from precta.outbox.models import OutboxEvent

Handler = Callable[[OutboxEvent], None]

_handlers: dict[str, list[Handler]] = defaultdict(list)


def on(*kinds: str) -> Callable[[Handler], Handler]:
    """Register a handler of `kinds`. It runs in the event's schema, outside any transaction, perhaps more than once:
    it must leave the same result when repeated, and raise when it could not do its work."""

    def register(handler: Handler) -> Handler:
        for kind in kinds:
            if handler not in _handlers[kind]:
                _handlers[kind].append(handler)
        return handler

    return register


def handlers_of(kind: str) -> list[Handler]:
    return list(_handlers.get(kind, ()))
