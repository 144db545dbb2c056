"""How fast health articles are listed and found among 100,000.

The list is set against the floor's plain list of fifty rows. A search is set against reading one article by its
address: the same client asks one after the other for both in turn, so that a slow minute slows both, and the 95th
percentiles are compared. The texts are drawn from a vocabulary whose words are as unevenly common as those of a
language (Zipf).
"""

import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from statistics import median
from urllib.parse import quote_plus

from bench import load, stage

DATABASE = "precta_bench_articles"
# Written once each and then repeated: the words of a hundred thousand texts would take ten minutes to count, and a
# search meets as many hits, and as unevenly spread, in eight times the same twelve thousand.
TEXTS, TIMES = 12_500, 8
ARTICLES = TEXTS * TIMES
APART = timedelta(minutes=5)
# Half of them in Swahili. Real articles have 700 words; what a page costs hangs on the words that differ.
WORDS = (250, 650)
VOCABULARY = 25_000
SEARCHES, READS = 400, 400
LIST = "/articles/"
BROWSER = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
CATEGORIES = ("wellness", "prevention", "disease", "nutrition", "mental_health", "fitness", "news")
INDEXES = ("article_words_head", "article_words_all")


def run(rounds: int, seconds: float) -> dict[str, float]:
    with ExitStack() as stack:
        floor, _ = stack.enter_context(stage.server("bench.floor.wsgi", "precta_bench"))
        port, _ = stack.enter_context(stage.server("precta.wsgi", DATABASE))
        host = f"precta.localhost:{port}"
        plain = [load.get("floor", "/people/?city=Nairobi")]
        ours = [
            load.get(host, LIST, User_Agent=BROWSER),
            load.get(host, LIST + "?category=disease", User_Agent=BROWSER),
        ]
        searches, reads = list(search_requests(host)), list(read_requests(host))
        for server, requests in ((floor, plain), (port, ours + searches[:20] + reads[:20])):
            warmed = load.drive(server, load.repeat(requests), seconds=3)
            if set(warmed.statuses) != {200}:
                raise SystemExit(f"a page does not answer: {dict(warmed.statuses)}")
        lists, found = [], []
        for number in range(rounds):
            base = load.drive(floor, load.repeat(plain), seconds=seconds).rate
            lists.append(load.drive(port, load.repeat(ours), seconds=seconds).rate / base)
            turn = slice(number * SEARCHES // rounds, (number + 1) * SEARCHES // rounds)
            found.append(in_turn(port, searches[turn], reads[turn]))
            print(f"articles: round {number + 1} of {rounds}", flush=True)
    took = [sorted(ms for one in found for ms in one[kind]) for kind in (0, 1)]
    search, read = (times[round(0.95 * (len(times) - 1))] for times in took)
    print(f"articles: p95 of a search {search:.1f} ms, of an article {read:.1f} ms", flush=True)
    return {
        "article_list_vs_floor": round(median(lists), 3),
        "article_search_100k_ms_vs_pk_read": round(search / read, 3),
    }


def in_turn(port: int, searches: list[bytes], reads: list[bytes]) -> tuple[list[float], list[float]]:
    """Milliseconds of each request, one at a time over one connection."""
    connection = load._Connection(port)

    def milliseconds(request: bytes) -> float:
        begun = time.perf_counter()
        connection.send(request)
        while (status := connection.read()) is None:
            pass
        if status != 200:
            raise SystemExit(f"{status} for {request[:100]!r}")
        return (time.perf_counter() - begun) * 1000

    took: tuple[list[float], list[float]] = ([], [])
    for search, read in zip(searches, reads, strict=True):
        took[0].append(milliseconds(search))
        took[1].append(milliseconds(read))
    connection.socket.close()
    return took


def search_requests(host: str) -> Iterator[bytes]:
    """One and two words, from the commonest to those that stand in a handful of articles, in both languages."""
    chance = random.Random(7)
    vocabularies = {language: vocabulary(language)[0] for language in ("en", "sw")}
    for number in range(SEARCHES):
        language = ("en", "sw")[number % 2]
        words = vocabularies[language]
        # As many of the hundred commonest as of the next two thousand and of the rare rest.
        ranges = ((0, 100), (100, 2000), (2000, VOCABULARY))
        asked = [words[chance.randrange(*chance.choice(ranges))] for _ in range(1 + number // 2 % 2)]
        path = f"/articles/?language={language}&q={quote_plus(' '.join(asked))}"
        yield load.get(host, path, User_Agent=BROWSER)


def read_requests(host: str) -> Iterator[bytes]:
    """Each another article: none is rendered already."""
    chance = random.Random(11)
    for number in chance.sample(range(ARTICLES), READS):
        yield load.get(host, f"/articles/bench-{number}/", User_Agent=BROWSER)


def prepare(*, keep: bool) -> None:
    """The demo's database with 100,000 articles more, vacuumed."""
    with stage.connect("postgres") as admin:
        there = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if keep and there:
            return
        admin.execute(f'DROP DATABASE IF EXISTS "{DATABASE}" WITH (FORCE)')
        admin.execute(f'CREATE DATABASE "{DATABASE}" TEMPLATE "precta_bench"')
    seed()


def seed() -> None:
    """COPY, with the search's indexes made afterwards: entered one by one, they would take most of the time."""
    with stage.connect(DATABASE) as server:
        server.execute("SET synchronous_commit = off")
        rows = server.execute("SELECT indexname, indexdef FROM pg_indexes WHERE indexname = ANY(%s)", [list(INDEXES)])
        definitions = dict(rows.fetchall())
        author = server.execute("SELECT id FROM content_author ORDER BY slug LIMIT 1").fetchone()
        doctor = server.execute(
            "SELECT id FROM accounts_doctor WHERE verification_status = 'verified' ORDER BY id LIMIT 1"
        ).fetchone()
        for name in definitions:
            server.execute(f'DROP INDEX "{name}"')
        with server.cursor() as cursor, cursor.copy(COPY) as copy:
            for row in articles(author and author[0], doctor and doctor[0]):
                copy.write_row(row)
        server.execute("ALTER TABLE content_article DISABLE TRIGGER article_words_follow")
        server.execute(REPEAT_ARTICLES, {"texts": TEXTS, "last": TIMES - 1, "apart": TEXTS * APART})
        server.execute(REPEAT_WORDS, {"texts": TEXTS})
        server.execute("ALTER TABLE content_article ENABLE TRIGGER article_words_follow")
        server.execute("SET maintenance_work_mem = '512MB'")
        for definition in definitions.values():
            server.execute(definition)
        server.execute("VACUUM ANALYZE")


COPY = """
COPY content_article (
    id, slug, title, language, topic, excerpt, body, category, tags, featured_image_url, featured_image_alt, sources,
    author_id, reviewed_by_id, reviewed_at, status, published_at, reading_minutes
) FROM STDIN
"""
REPEAT_ARTICLES = """
INSERT INTO content_article (
    id, slug, title, language, topic, excerpt, body, category, tags, featured_image_url, featured_image_alt, sources,
    author_id, reviewed_by_id, reviewed_at, status, published_at, reading_minutes
)
SELECT 'benchart' || lpad(number::text, 16, '0'), 'bench-' || number, title, language, 'bench-' || number / 2, excerpt,
       body, category, tags, featured_image_url, featured_image_alt, sources, author_id, reviewed_by_id, reviewed_at,
       status, published_at - turn * %(apart)s, reading_minutes
  FROM content_article, generate_series(1, %(last)s) turn,
       LATERAL (SELECT substr(slug, 7)::int + turn * %(texts)s AS number)
 WHERE id LIKE 'benchart%%'
"""
REPEAT_WORDS = """
INSERT INTO content_articlewords (id, language, category, published_at, head, words)
SELECT again.id, again.language, again.category, again.published_at, first.head, first.words
  FROM content_article again
  JOIN content_articlewords first
    ON first.id = 'benchart' || lpad((substr(again.slug, 7)::int %% %(texts)s)::text, 16, '0')
 WHERE again.id LIKE 'benchart%%' AND substr(again.slug, 7)::int >= %(texts)s
"""
SOURCES = (
    '[{"publisher": "World Health Organization", "title": "Fact sheet", "url": "https://www.who.int/"},'
    ' {"publisher": "Ministry of Health, Kenya", "title": "Guidelines", "url": "https://www.health.go.ke"}]'
)


def articles(author: str | None, doctor: str | None) -> Iterator[tuple]:
    chance = random.Random(2026)
    newest = datetime.now(UTC) - timedelta(minutes=1)
    spoken = {language: vocabulary(language) for language in ("en", "sw")}
    for number in range(TEXTS):
        language = ("en", "sw")[number % 2]
        words, weights = spoken[language]
        drawn = chance.choices(words, cum_weights=weights, k=chance.randint(*WORDS) + 40)
        head, text = drawn[:40], drawn[40:]
        tags = [words[chance.randrange(20, 400)] for _ in range(4)]
        # What an article is about stands in its title, its tags and again and again in its text.
        about = words[min(int(chance.paretovariate(0.6)) + 60, len(words) - 1)]
        text[:: max(1, len(text) // 8)] = [about] * len(text[:: max(1, len(text) // 8)])
        yield (
            f"benchart{number:016d}",
            f"bench-{number}",
            f"{about.capitalize()}: {' '.join(head[:7])}",
            language,
            f"bench-{number // 2}",
            " ".join(head[7:32]).capitalize() + ".",
            body(text),
            chance.choice(CATEGORIES),
            [about, *dict.fromkeys(tags)],
            f"/pictures/articles/{number % 14:040x}-1600.webp",
            "A picture",
            SOURCES,
            author,
            doctor,
            newest.date(),
            "published",
            newest - number * APART,
            max(1, len(text) // 200),
        )


def body(words: list[str]) -> str:
    """Paragraphs of forty words, with a heading before each third one and a list in the middle."""
    parts = []
    for start in range(0, len(words), 40):
        paragraph = words[start : start + 40]
        if start % 120 == 0:
            parts.append("## " + " ".join(paragraph[:4]).capitalize())
        if start == 80:
            parts += ["- " + " ".join(paragraph[n : n + 8]) for n in range(0, len(paragraph), 8)]
        else:
            parts.append(" ".join(paragraph).capitalize() + ".")
    return "\n\n".join(parts)


def vocabulary(language: str) -> tuple[list[str], list[float]]:
    """(words, the commonest first; cumulated weights): the words of the demo's articles, then ones that sound alike."""
    counted: Counter[str] = Counter()
    for file in sorted((stage.ROOT / "precta" / "devstack" / "demo" / "articles" / language).glob("*.md")):
        text = file.read_text().split("+++\n", 2)[2]
        counted.update(word for word in re.findall(r"[a-z]+", text.lower()) if len(word) > 1)
    known = [word for word, _count in counted.most_common()]
    chance = random.Random(f"words {language}")
    syllables = sorted({word[n : n + 3] for word in known for n in range(0, len(word) - 2, 3)})
    seen = set(known)
    while len(known) < VOCABULARY:
        word = "".join(chance.choices(syllables, k=chance.randint(2, 4)))
        if word not in seen:
            seen.add(word)
            known.append(word)
    return known, list(accumulate(1 / (rank + 2.7) for rank in range(len(known))))
