"""The demo's health articles, out of the folder beside this file: one Markdown file each, with its data in front."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db.models import F

from accounts.models import Doctor, Role, User
from content import pictures, reading
from content.models import Article, ArticleRevision, ArticleStatus, Author
from precta.devstack.demo import heroes
from precta.devstack.demo.dice import Dice

MONTH = timedelta(days=30)
FOLDER = Path(__file__).parent / "articles"
# Published in three days: editors find something that waits, and readers do not see it yet.
WAITS = {"physical-activity": timedelta(days=3)}
# What the picture shows, for those who cannot see it.
SHOWS = {
    "capsule": ("Two capsules above soft hills", "Vidonge viwili juu ya vilima"),
    "drop": ("A drop of water above soft hills", "Tone la maji juu ya vilima"),
    "heart": ("A heart with the line of its beat", "Moyo na mstari wa mapigo yake"),
    "leaf": ("A green plant above soft hills", "Mmea wa kijani juu ya vilima"),
    "lungs": ("A pair of lungs above soft hills", "Mapafu mawili juu ya vilima"),
    "moon": ("The moon and stars over hills at night", "Mwezi na nyota juu ya vilima usiku"),
    "mosquito": ("A bed under a mosquito net", "Kitanda chini ya chandarua"),
    "mother": ("A mother who holds her child", "Mama akimkumbatia mtoto wake"),
    "plate": ("A plate of food in three parts", "Sahani ya chakula yenye sehemu tatu"),
    "runner": ("Somebody who runs", "Mtu anayekimbia"),
    "shield": ("A shield with a tick between two leaves", "Ngao yenye alama ya tiki kati ya majani mawili"),
    "sun": ("The sun above soft hills", "Jua juu ya vilima"),
}
EDITOR = "Nyambura Gathogo"
DRAFT = """Notes so far. To be written out with the county's snake-bite team.

## What to do at once

- Move away from the snake. Nobody should try to catch or kill it.
- Keep the person still and calm; take off rings, watches and tight clothes near the bite.
- Hold the bitten limb still, as one would a broken one, and carry the person to transport.
- Go to a hospital at once, and call ahead so that it can say whether it has antivenom.

## What never to do

- No tight band, no cutting, no sucking, no black stone, no herbs on the wound, no alcohol.

## To check before publishing

- Which county hospitals keep antivenom now?
- A sentence about venom in the eyes: rinse with much clean water.
"""
ARCHIVED = """From this month health facilities no longer ask every visitor for a mask at the gate. Wards for people
with weak defences still do, and staff will hand you one.

## What stays

- Stay at home while you have a fever, and cough into your elbow.
- Wash your hands with soap before eating and after the toilet.
- Whoever coughs in a waiting room is asked to wear a mask, so that others do not catch it.

## Why it changed

The Ministry of Health looks at how many people are ill and how full hospitals are. Both have been low for months. The
rule may come back; this page will then say so.

## Questions

Ask at the front desk of your clinic. If you have trouble breathing, do not wait in a queue: tell the first member of
staff whom you see.
"""


@dataclass(frozen=True, slots=True)
class Written:
    """A file: its data and its text."""

    file: Path
    data: dict[str, Any]
    body: str

    def __getitem__(self, name: str) -> Any:
        return self.data[name]


def written() -> Iterator[Written]:
    """All of them, in the order of their addresses."""
    for file in sorted(FOLDER.glob("*/*.md"), key=lambda found: found.name):
        _before, data, body = file.read_text().split("+++\n", 2)
        yield Written(file, tomllib.loads(data), body.strip() + "\n")


class Library:
    """Authors and articles in bulk; pictures through the real store."""

    def __init__(self, dice: Dice, doctors: list[Doctor], now: datetime) -> None:
        self.dice, self.now = dice, now
        # Those whom the directory shows: a reviewer's name leads to a profile.
        ids = [doctor.pk for doctor in doctors]
        self.doctors = list(Doctor.objects.public().filter(pk__in=ids).order_by("pk"))
        self.pictures: dict[tuple[str, str], str] = {}

    def build(self) -> None:
        authors = self._authors()
        articles = [self._article(found, authors) for found in written()]
        articles += self._for_editors(authors[0])
        Article.objects.bulk_create(articles)
        # A few have been brought up to date since.
        public = Article.objects.filter(published_at__lte=self.now)
        public.update(updated_at=F("published_at"))
        old = [article.pk for article in articles if article.published_at and article.published_at < self.now - MONTH]
        public.filter(pk__in=self.dice.sample(old, len(old) // 4)).update(
            updated_at=F("published_at") + timedelta(days=15)
        )
        ArticleRevision.objects.bulk_create(self._revision(article) for article in articles)

    def _authors(self) -> list[Author]:
        """An editor of the platform and two doctors who write."""
        editor = User.objects.filter(role=Role.ADMIN).order_by("email").last()
        assert editor is not None
        authors = [
            Author(
                user=editor,
                name=EDITOR,
                slug="nyambura-gathogo",
                role="Health editor",
                bio_en="Nyambura edits Precta's health articles. She was a nurse in Nyeri for nine years before she "
                "began to write, and reads every article to somebody at home before it is published.",
                bio_sw="Nyambura ni mhariri wa makala za afya za Precta. Alikuwa muuguzi Nyeri kwa miaka tisa kabla ya "
                "kuanza kuandika, na kila makala huisomea familia yake kabla ya kuchapishwa.",
            )
        ]
        for field, lines in (
            ("paediatrics", ("writes about children and their parents", "huandika kuhusu watoto na wazazi wao")),
            (
                "general-practice",
                ("writes about what people ask most", "huandika kuhusu yale ambayo watu huuliza zaidi"),
            ),
        ):
            doctor = self._doctor(field, avoid={author.user_id for author in authors})
            authors.append(
                Author(
                    user_id=doctor.pk,
                    name=doctor.display_name,
                    slug=f"dr-{doctor.first_name}-{doctor.last_name}".lower().replace("'", "").replace(" ", "-"),
                    role="Doctor",
                    bio_en=f"{doctor.display_name} sees patients every week and {lines[0]}.",
                    bio_sw=f"{doctor.display_name} huwaona wagonjwa kila wiki na {lines[1]}.",
                )
            )
        return Author.objects.bulk_create(authors)

    def _doctor(self, field: str, avoid: set[str]) -> Doctor:
        fitting = [doctor for doctor in self.doctors if doctor.pk not in avoid]
        return next((doctor for doctor in fitting if field in doctor.specialties), fitting[0])

    def _article(self, found: Written, authors: list[Author]) -> Article:
        children = found["specialty"] in {"paediatrics", "obstetrics-gynaecology"}
        author = authors[1] if children else authors[2 * (len(found["topic"]) % 2)]
        reviewer = self._doctor(found["specialty"], avoid={author.user_id})
        at = (self.now - timedelta(days=found["days_ago"])).replace(hour=5, minute=30)
        reviewed = at.date() - timedelta(days=2)
        if found["topic"] in WAITS:
            at, reviewed = self.now + WAITS[found["topic"]], self.now.date()
        is_english = found["language"] == "en"
        return Article(
            id=self.dice.id(),
            title=found["title"],
            slug=found["slug"],
            language=found["language"],
            topic=found["topic"],
            excerpt=found["excerpt"],
            body=found.body,
            category=found["category"],
            tags=found["tags"],
            sources=found["sources"],
            featured_image_url=self._picture(found["hero"], found["topic"]),
            featured_image_alt=SHOWS[found["hero"]][0 if is_english else 1],
            author_id=author.user_id,
            reviewed_by=reviewer,
            reviewed_at=reviewed,
            status=ArticleStatus.PUBLISHED,
            published_at=at,
            reading_minutes=reading.minutes(found.body),
            view_count=0 if at > self.now else round(self.dice.lognormvariate(5.6 if is_english else 5.2, 0.8)),
        )

    def _picture(self, motif: str, topic: str) -> str:
        """One for a topic, in both languages."""
        if (motif, topic) not in self.pictures:
            self.pictures[motif, topic] = pictures.store_hero(heroes.drawn(motif, topic))
        return self.pictures[motif, topic]

    def _for_editors(self, editor: Author) -> list[Article]:
        """What no reader sees: a draft, and an article that has been put away."""
        shared: dict[str, Any] = {"language": "en", "author_id": editor.user_id}
        return [
            Article(
                id=self.dice.id(),
                title="Snake bite: what to do before the hospital",
                slug="snake-bite-first-aid",
                category="prevention",
                tags=["first aid", "snake bite"],
                body=DRAFT,
                sources=[
                    {
                        "publisher": "World Health Organization",
                        "title": "Snakebite envenoming (fact sheet)",
                        "url": "https://www.who.int/news-room/fact-sheets/detail/snakebite-envenoming",
                    }
                ],
                reading_minutes=reading.minutes(DRAFT),
                **shared,
            ),
            Article(
                id=self.dice.id(),
                title="Masks at the clinic gate: what has changed",
                slug="masks-at-the-clinic-gate",
                category="news",
                tags=["clinic", "masks"],
                excerpt="Visitors are no longer asked for a mask at every gate. What stays, and why.",
                body=ARCHIVED,
                sources=[
                    {"publisher": "Ministry of Health, Kenya", "title": "Notices", "url": "https://www.health.go.ke"},
                    {
                        "publisher": "World Health Organization",
                        "title": "Coronavirus disease (COVID-19)",
                        "url": "https://www.who.int/health-topics/coronavirus",
                    },
                ],
                status=ArticleStatus.ARCHIVED,
                published_at=self.now - timedelta(days=700),
                reading_minutes=reading.minutes(ARCHIVED),
                view_count=412,
                **shared,
            ),
        ]

    def _revision(self, article: Article) -> ArticleRevision:
        return ArticleRevision(
            id=self.dice.id(),
            article=article,
            number=1,
            title=article.title,
            excerpt=article.excerpt,
            body=article.body,
            tags=article.tags,
            sources=article.sources,
            saved_by_id=article.author_id,
        )
