"""The words that articles are found by."""

import re
from collections.abc import Iterable

LONGEST = 50
MOST = 8


def normalised(tags: str | Iterable[str]) -> list[str]:
    """Lower case, single spaces, each once, in the order in which they came; a text is split at commas and lines."""
    parts = re.split(r"[,;\n]", tags) if isinstance(tags, str) else tags
    cleaned = (" ".join(part.casefold().strip().lstrip("#").split()) for part in parts)
    return list(dict.fromkeys(tag for tag in cleaned if tag))
