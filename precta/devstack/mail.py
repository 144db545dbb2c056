"""Mail and short messages of the devstack: each becomes a file that `/dev/outbox/` shows, so that codes can be read."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage

from precta.devstack.paths import find_paths
from precta.ids import new_id

KEPT = 500


def folder() -> Path:
    path = find_paths().data / "outbox"
    path.mkdir(parents=True, exist_ok=True)
    return path


@dataclass(frozen=True, slots=True)
class StoredMessage:
    name: str
    sent_at: datetime
    to: str
    subject: str
    text: str
    html: str
    is_sms: bool = False

    @property
    def code(self) -> str:
        """A sign-up or reset code alone on its line, when there is one; in a short message any six digits."""
        if self.is_sms:
            found = re.search(r"\b([0-9]{6})\b", self.text)
            return found.group(1) if found else ""
        found = re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", self.text, re.MULTILINE)
        return found.group(1) if found else ""


class OutboxBackend(BaseEmailBackend):
    def send_messages(self, email_messages: list[EmailMessage]) -> int:
        for message in email_messages:
            html = next((str(a[0]) for a in getattr(message, "alternatives", []) if a[1] == "text/html"), "")
            _keep(to=", ".join(message.to), subject=str(message.subject), text=str(message.body), html=html)
        return len(email_messages)


def keep_sms(*, to: str, text: str) -> None:
    """The `SMS_BACKEND` of the devstack."""
    _keep(to=to, subject="SMS", text=text, is_sms=True)


def _keep(**content: Any) -> None:
    now = datetime.now(UTC)
    content["sent_at"] = now.isoformat()
    name = f"{now:%Y%m%dT%H%M%S%f}-{new_id()}.json"
    partial = folder() / (name + ".part")
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.rename(folder() / name)
    for old in sorted(folder().glob("*.json"))[:-KEPT]:
        old.unlink(missing_ok=True)


def stored_messages(*, to: str = "", most: int = 100) -> list[StoredMessage]:
    """Newest first; only those to an address that contains `to` when it is given."""
    found = []
    for path in sorted(folder().glob("*.json"), reverse=True):
        message = read_message(path.stem)
        if message is not None and to.lower() in message.to.lower():
            found.append(message)
        if len(found) >= most:
            break
    return found


def read_message(name: str) -> StoredMessage | None:
    path = folder() / f"{name}.json"
    if not re.fullmatch(r"[0-9T]+-[a-z0-9]+", name) or not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    return StoredMessage(
        name=name,
        sent_at=datetime.fromisoformat(content["sent_at"]),
        to=content["to"],
        subject=content["subject"],
        text=content["text"],
        html=content.get("html", ""),
        is_sms=content.get("is_sms", False),
    )
