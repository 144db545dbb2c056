"""The letters that the running portal has sent."""

import json
import re
import time
from pathlib import Path
from typing import Any


class Letters:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def to(self, address: str) -> list[dict[str, Any]]:
        """Oldest first: sent_at, to, subject, text, html."""
        found = [json.loads(file.read_text()) for file in sorted(self.folder.glob("*.json"))]
        return [letter for letter in found if letter["to"] == address]

    def wait(self, address: str, *, about: str = "", seconds: float = 20) -> dict[str, Any]:
        """The newest letter to `address` with `about` in its subject or text."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for letter in reversed(self.to(address)):
                if about.lower() in (letter["subject"] + letter["text"]).lower():
                    return letter
            time.sleep(0.1)
        subjects = [letter["subject"] for letter in self.to(address)]
        raise AssertionError(f"no letter to {address} about {about!r} within {seconds} s; there are {subjects}")

    def code(self, address: str) -> str:
        """The code alone on its line in the newest letter."""
        text = self.wait(address)["text"]
        found = re.search(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", text, re.MULTILINE)
        assert found, text
        return found.group(1)
