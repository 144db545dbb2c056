"""Finding articles by words, in the order in which they answer the question.

A common word stands in half of all articles, and to rank an article its words have to be read. So the newest MOST that
have the words in their title, tags or summary are candidates, then, if there is room, the newest that have them in the
text; only these are ranked, and their number is "over MOST" when there are more. `ArticleWords` is made for that: its
rows are narrow, and the text's words are read of candidates only.

English is looked up by stems and as typed, Swahili by its plain words; the last word may be unfinished. Other names of
the same thing (`content.synonyms`) are looked for too. When nothing is found, an unfinished word is cut to where its
stem may end, then words are taken for slips of known ones, then any of the words will do.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.directory.words import LONGEST_QUERY, closest, typed, words
from content import synonyms
from content.models import Article, ArticleLanguage, ArticleStatus

MOST = 200
MOST_WORDS = 6
# What is typed of a word before its beginning is looked for: one or two letters begin half of all words.
LEAST_PREFIX = 3
# Of D, C, B, A: as typed in the head, text, tags and summary, title.
WEIGHTS = "{0.1, 0.15, 0.5, 1.0}"
# What people type around the words that matter; some are names themselves ("WHO"), so alone they count. The English
# ones are PostgreSQL's, which a text's stems leave out, and a few more.
STOP = frozenset(
    """
    a about above after again against all am an and any are as at be because been before being below between both but by
    can could did do does doing down during each few for from further get had has have having he her here hers herself
    him himself his how i if in into is it its itself just me more most my myself no nor not now of off on once only or
    other our ours ourselves out over own same she should so some such than that the their theirs them themselves then
    there these they this those through to too under until up very was we were what when where which while who whom why
    will with would you your yours yourself yourselves
    ama au bila cha gani hii hiyo huu huo ili jinsi kama katika kila kuhusu kuwa kwa kwamba la lakini mimi na nami ni
    nini pia sana si tu ule vipi vya wa wangu ya yake yangu yako yule za zangu
    """.split()
)
# Swahili puts number in front: who asks for one asks for several, too (mtoto, watoto; kidonda, vidonda).
CLASSES = (
    ("mw", ("w", "mi")),
    ("m", ("wa", "mi")),
    ("wa", ("m", "mw")),
    ("mi", ("m",)),
    ("ki", ("vi",)),
    ("vi", ("ki",)),
    ("ji", ("ma", "me")),
    ("u", ("ma", "")),
    ("ma", ("", "ji", "u")),
)
_LEXEME = re.compile(r"'((?:[^']|'')+)'(:\*)?")
# What English puts behind a stem: health is no form of heal, and not every word with a c is one of vitamin C.
_ENDINGS = (
    r"(?:e[drs]?|es|ers|s|ing|y|ies|ied|est|at|it|ic|al|ly|i[vzs]|is|ions?|[ai]b[il]l?|ity|ous|ful|ment|ness|less"
    r"|ors?|[ae]nc|[ae]nt|ism)"
)

_ROWS = """
SELECT id FROM content_articlewords
 WHERE language = %s AND published_at <= %s AND {column} @@ {query}{more}
 ORDER BY published_at DESC, id LIMIT %s
"""
_RANKED = """
SELECT article.id, article.title, article.slug, article.language, article.excerpt, article.category, article.tags,
       article.featured_image_url, article.featured_image_alt, article.published_at, article.reading_minutes,
       article.body, found.lexemes
  FROM (SELECT id, ts_rank(%s, words, {query}) AS rank, published_at, ({query})::text AS lexemes
          FROM content_articlewords WHERE id = ANY(%s)
         ORDER BY rank DESC, published_at DESC, id OFFSET %s LIMIT %s) found
  JOIN content_article article USING (id)
 WHERE article.status = %s AND article.published_at <= %s
 ORDER BY found.rank DESC, found.published_at DESC, found.id
"""


@dataclass(frozen=True, slots=True)
class Term:
    """Names of one thing; one of them has to be there, all words of it. `open`: the first name's last word is a
    beginning."""

    names: tuple[synonyms.Name, ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Within:
    """Where is looked: what else the reader chose."""

    language: str
    category: str = ""
    tag: str = ""
    author_id: str = ""


@dataclass(slots=True)
class Found:
    """One page of answers, the best first; each has its `body` and `lexemes`, by which its hits are shown.

    `total` stops at one over MOST. `corrected` are the words that were looked for instead, when what was typed led
    nowhere; `any_word` tells that some of the words had to do.
    """

    articles: list[Article]
    total: int = 0
    corrected: str = ""
    any_word: bool = False

    @property
    def is_capped(self) -> bool:
        return self.total > MOST


def wanted(text: str) -> tuple[str, ...]:
    """The words of a query, empty when it has none; of a long one only as many as hold MOST_WORDS that matter."""
    found = words(text[: LONGEST_QUERY * 4])
    telling = [at for at, word in enumerate(found) if word not in STOP]
    if not telling:
        return tuple(dict.fromkeys(found))[:MOST_WORDS]
    return tuple(found[: telling[MOST_WORDS]] if len(telling) > MOST_WORDS else found)


def find(q: str, within: Within, *, now: datetime, page: int, page_size: int) -> Found:
    """The page of published articles that have all words of `q`; a page that does not exist is empty.

    At most three statements when something is found.
    """
    looked_for = wanted(typed(q))
    if not looked_for:
        return Found([])
    found = _page(terms(looked_for), within, now, page, page_size)
    if found.total:
        return found
    for instead, label, any_word in _instead(looked_for):
        found = _page(instead, within, now, page, page_size, any_word=any_word)
        if found.total:
            found.corrected, found.any_word = label, any_word
            return found
    return found


def terms(looked_for: tuple[str, ...]) -> list[Term]:
    """The words that matter as things with all their names, the last one open; several words may be one name, with
    words in it that matter to nothing else (shinikizo la damu)."""
    found: list[Term] = []
    at = 0
    known = synonyms.by_first_word()
    says_something = any(word not in STOP for word in looked_for)
    while at < len(looked_for):
        for name, names in known.get(looked_for[at], ()):
            if looked_for[at : at + len(name)] == name:
                found.append(Term((name, *(other for other in names if other != name))))
                at += len(name)
                break
        else:
            if looked_for[at] not in STOP or not says_something:
                found.append(Term(((looked_for[at],),)))
            at += 1
    found = list(dict.fromkeys(found))[:MOST_WORDS]
    return [*found[:-1], *(replace(last, open=True) for last in found[-1:])]


def _instead(looked_for: tuple[str, ...]) -> Iterator[tuple[list[Term], str, bool]]:
    """What to try when nothing was found: (terms, words to tell the reader, whether any of them will do)."""
    at = max((at for at, word in enumerate(looked_for) if word not in STOP), default=len(looked_for) - 1)
    last = looked_for[at]
    cut = tuple((last[:-letters],) for letters in (1, 2, 3) if len(last) - letters > LEAST_PREFIX)
    if cut:
        before = looked_for[:at] if set(looked_for[:at]) - STOP else ()
        yield [*terms(before), Term(cut)], "", False
    close = tuple(
        closest(word, synonyms.vocabulary()) or word if len(word) > 3 and word not in STOP else word
        for word in looked_for
    )
    if close != looked_for:
        yield terms(close), " ".join(close), False
    asked = terms(looked_for)
    if len(asked) > 1:
        yield asked, "", True


def _page(
    asked: list[Term], within: Within, now: datetime, page: int, page_size: int, *, any_word: bool = False
) -> Found:
    query, values = _query(asked, within.language, any_word=any_word)
    ids = dict.fromkeys(_candidates("head", query, values, within, now))
    if len(ids) <= MOST:
        ids.update(dict.fromkeys(_candidates("words", query, values, within, now)))
    candidates, total = list(ids)[:MOST], min(len(ids), MOST + 1)
    start = (page - 1) * page_size
    if start >= len(candidates):
        return Found([], total)
    ranked = Article.objects.raw(
        _RANKED.format(query=query),
        [WEIGHTS, *values, *values, candidates, start, page_size, ArticleStatus.PUBLISHED, now],
    )
    return Found(list(ranked), total)


def _candidates(column: str, query: str, values: list[str], within: Within, now: datetime) -> list[str]:
    more, further = _narrowed(within)
    statement = _ROWS.format(column=column, query=query, more=more)
    with connection.cursor() as cursor:
        cursor.execute(statement, [within.language, now, *values, *further, MOST + 1])
        return [row[0] for row in cursor.fetchall()]


def _narrowed(within: Within) -> tuple[str, list[Any]]:
    more, values = "", []
    if within.category:
        more += " AND category = %s"
        values.append(within.category)
    if within.tag:
        more += " AND id IN (SELECT id FROM content_article WHERE tags @> ARRAY[%s]::varchar[])"
        values.append(within.tag)
    if within.author_id:
        more += " AND id IN (SELECT id FROM content_article WHERE author_id = %s)"
        values.append(within.author_id)
    return more, values


def _query(asked: list[Term], language: str, *, any_word: bool) -> tuple[str, list[str]]:
    """A tsquery as an expression of constants and its values: PostgreSQL folds it before it plans, and so knows how
    common the words are. Words are letters and digits only (`words`), so that no quote can stand in one."""
    parts, values = [], []
    for term in asked:
        ways: list[str] = []
        for number, name in enumerate(term.names):
            exact = " & ".join(f"'{word}'" for word in name)
            if language == ArticleLanguage.ENGLISH:
                ways.append("to_tsquery('english', %s)")
                values.append(exact)
                if number:
                    continue
            begun = term.open and number == 0 and len(name[-1]) >= LEAST_PREFIX
            ways.append("%s::tsquery")
            values.append(exact + ":*" if begun else exact)
            if language == ArticleLanguage.SWAHILI and len(name) == 1:
                for other in numbers(name[0]):
                    ways.append("%s::tsquery")
                    values.append(f"'{other}'")
        parts.append("(" + " || ".join(ways) + ")")
    return "(" + (" || " if any_word else " && ").join(parts) + ")", values


def numbers(word: str) -> list[str]:
    """Other forms that a Swahili word may have: one or several of it, and without the ending that says where."""
    forms = []
    for prefix, others in CLASSES:
        if word.startswith(prefix) and len(word) - len(prefix) >= LEAST_PREFIX:
            forms += [other + word[len(prefix) :] for other in others]
            break
    else:
        if len(word) >= LEAST_PREFIX:
            forms.append("ma" + word)
    if word.endswith("ni") and len(word) > 6:
        forms.append(word[:-2])
    return [form for form in forms if form != word]


def pattern_of(lexemes: str, language: str) -> re.Pattern[str] | None:
    """What a tsquery in PostgreSQL's spelling finds, for a text that `highlights.flat` has made plain."""
    alternatives = set()
    for lexeme, is_open in _LEXEME.findall(lexemes):
        known = re.escape(lexeme).replace("ng", "ng['’]?")
        if is_open:
            alternatives.add(known + r"\w*")
        elif language == ArticleLanguage.ENGLISH:
            # Its stemmer turns a last y into i: babi stands for baby and babies.
            known = known[:-1] + "[iy]" if known.endswith("i") else known
            alternatives.add(known + _endings(lexeme) + r"(?!\w)")
        else:
            alternatives.add(known + r"(?!\w)")
    if not alternatives:
        return None
    return re.compile(r"(?<!\w)(?:" + "|".join(sorted(alternatives, key=len, reverse=True)) + ")", re.IGNORECASE)


def _endings(stem: str) -> str:
    """What may follow it in a word of English that has it; nothing after a number or a letter or two."""
    if len(stem) < 3 or not stem.isalpha():
        return ""
    doubled = f"{stem[-1]}?" if stem[-1] in "bdfgklmnprtz" else ""
    if len(stem) == 3:
        return rf"(?:e?s|{doubled}(?:ed|ing)|ness)?"
    return rf"{doubled}{_ENDINGS}{{0,4}}"
