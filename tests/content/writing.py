"""Articles for tests."""

from typing import Any

from content.models import Article, Author
from content.services.articles import save_article

BODY = "## What it is\n\n" + " ".join(["Blood pressure is the force of the blood on the walls."] * 20)
SOURCES = [
    {"publisher": "World Health Organization", "title": "Hypertension", "url": "https://www.who.int/hypertension"},
    {"publisher": "Ministry of Health, Kenya", "title": "Guidelines", "url": "https://www.health.go.ke/guidelines"},
]


def make_author(user: Any, name: str = "Njeri Mwangi", slug: str = "njeri-mwangi", **extra: Any) -> Author:
    return Author.objects.get_or_create(user=user, defaults={"name": name, "slug": slug, **extra})[0]


def draft(**changes: Any) -> Article:
    """A whole article in memory, ready to be saved and published."""
    values = {
        "title": "High blood pressure",
        "slug": "high-blood-pressure",
        "language": "en",
        "topic": "hypertension",
        "excerpt": "Why it hides, and how to keep it down.",
        "body": BODY,
        "category": "disease",
        "tags": ["heart", "salt"],
        "sources": SOURCES,
    }
    return Article(**values | changes)


def write(by_user: Any = None, **changes: Any) -> Article:
    return save_article(article=draft(**changes), by_user=by_user)
