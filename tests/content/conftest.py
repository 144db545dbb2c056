"""A small shelf of articles: three in English, one of them in Swahili too, and some that nobody may see."""

from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace

import pytest

from content.models import Article, Author
from tests import factories

# A Monday, 08:00 in Nairobi.
NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
SOURCES = [
    {"publisher": "World Health Organization", "title": "Hypertension", "url": "https://www.who.int/hypertension"},
    {"publisher": "Ministry of Health, Kenya", "title": "Guidelines", "url": ""},
]
_numbers = count(1)


@pytest.fixture
def _clock(monkeypatch):
    monkeypatch.setattr("precta.clock.now", lambda: NOW)


def make_article(title: str = "", body: str = "Plain words.", **extra) -> Article:
    number = next(_numbers)
    extra.setdefault("status", "published")
    extra.setdefault("published_at", NOW - timedelta(days=number))
    extra.setdefault("category", "disease")
    extra.setdefault("sources", SOURCES)
    extra.setdefault("slug", f"article-{number}")
    return Article.objects.create(title=title or f"Article {number}", body=body, **extra)


def make_author(name: str = "Wairimu Kamau", **extra) -> Author:
    user = extra.pop("user", None) or factories.make_user()
    return Author.objects.create(user=user, name=name, slug=extra.pop("slug", "wairimu-kamau"), **extra)


@pytest.fixture
def shelf(cast, _clock):
    author = make_author(role="Editor", bio_en="She edits.", bio_sw="Yeye ni mhariri.")
    pressure = make_article(
        "High blood pressure: why it hides",
        "Most people feel **nothing**. Eat less salt and keep exercising.\n\n## Babies\n\nBabies are measured, too.",
        slug="high-blood-pressure",
        topic="hypertension",
        tags=["blood pressure", "heart", "salt"],
        excerpt="What the two numbers mean.",
        author=author.user,
        reviewed_by=cast.doctor,
        reviewed_at=NOW.date() - timedelta(days=9),
        published_at=NOW - timedelta(days=3),
    )
    presha = make_article(
        "Shinikizo la damu: kwa nini hujificha",
        "Wengi hawahisi lolote. Punguza chumvi. Watoto wa ng'ombe hawana habari.",
        slug="shinikizo-la-damu",
        topic="hypertension",
        language="sw",
        tags=["moyo", "chumvi"],
        excerpt="Maana ya namba mbili.",
        published_at=NOW - timedelta(days=4),
    )
    malaria = make_article(
        "Preventing malaria at home",
        "Sleep under a net every night. Malaria kills children.",
        slug="preventing-malaria",
        category="prevention",
        tags=["malaria", "children"],
        excerpt="Nets, spraying and medicine in pregnancy.",
        published_at=NOW - timedelta(days=5),
    )
    heart = make_article(
        "Walking for your heart",
        "Half an hour a day.",
        slug="walking",
        category="fitness",
        tags=["heart", "exercise"],
        excerpt="Thirty minutes count.",
        published_at=NOW - timedelta(days=6),
    )
    hidden = SimpleNamespace(
        draft=make_article("Malaria draft", slug="draft", status="draft", published_at=None, tags=["heart"]),
        scheduled=make_article("Malaria soon", slug="soon", published_at=NOW + timedelta(minutes=1), tags=["heart"]),
        archived=make_article(
            "Malaria once", slug="once", status="archived", published_at=NOW - timedelta(days=90), tags=["heart"]
        ),
    )
    return SimpleNamespace(
        author=author, pressure=pressure, presha=presha, malaria=malaria, heart=heart, hidden=hidden, doctor=cast.doctor
    )


def titles(response) -> list[str]:
    """The titles of a list's cards, in its order."""
    import re
    from html import unescape

    html = response.content.decode()
    found = re.findall(r'class="h3"><a href="/articles/[^"]+">(.*?)</a>', html)
    return [unescape(re.sub(r"</?mark>", "", title)) for title in found]
