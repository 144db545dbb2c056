"""The demo's articles are whole: in both languages, long enough, with their sources, and readable."""

import re
from collections import Counter
from urllib.parse import urlsplit

import pytest

from accounts import specialties
from content import markdown, reading, tags
from content.models import ArticleCategory
from precta.devstack.demo import heroes
from precta.devstack.demo.health_articles import SHOWS, written

ARTICLES = list(written())
HEALTH = re.compile(r"World Health Organization|Ministry of Health|Shirika la Afya Duniani|Wizara ya Afya|WHO")


def test_there_are_at_least_twelve_topics_each_in_both_languages():
    languages = {}
    for article in ARTICLES:
        languages.setdefault(article["topic"], []).append(article["language"])
    assert len(languages) >= 12
    assert all(sorted(found) == ["en", "sw"] for found in languages.values()), languages


def test_no_two_share_an_address_or_a_title():
    for name in ("slug", "title"):
        assert Counter(article[name] for article in ARTICLES).most_common(1)[0][1] == 1


@pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article["slug"])
def test_each_article_is_whole(article):
    assert article.file.parent.name == article["language"] and article.file.stem == article["slug"]
    assert re.fullmatch(r"[a-z0-9-]{3,100}", article["slug"]) and re.fullmatch(r"[a-z0-9-]{3,100}", article["topic"])
    assert len(article["title"]) <= 90 and 40 <= len(article["excerpt"]) <= 220
    assert article["category"] in ArticleCategory.values
    assert article["specialty"] in specialties.BY_SLUG
    assert article["hero"] in heroes.MOTIFS and article["hero"] in SHOWS
    assert article["days_ago"] > 0
    assert 3 <= len(article["tags"]) <= 5 and tags.normalised(article["tags"]) == article["tags"]
    assert reading.words(article.body) >= 500


@pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article["slug"])
def test_each_article_names_two_sources_one_of_them_the_who_or_the_ministry(article):
    named = [(source["publisher"], source["title"]) for source in article["sources"]]
    assert len(set(named)) >= 2 and all(publisher and title for publisher, title in named)
    assert any(HEALTH.search(publisher) for publisher, _title in named)
    assert HEALTH.search(article.body)
    for source in article["sources"]:
        assert urlsplit(source["url"]).scheme in {"http", "https"} and urlsplit(source["url"]).netloc


@pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article["slug"])
def test_each_article_is_sound_markdown(article):
    html = markdown.to_html(article.body)
    text = re.sub(r"<[^>]+>", " ", html)
    # What Markdown did not understand is left as signs.
    assert not re.search(r"\*\*|__|^#|\]\(|\|\s*-{2,}|&lt;|```", text, re.MULTILINE), text[:300]
    assert 4 <= html.count("<h2>") <= 9 and "<h1" not in html
    assert "<li>" in html
    assert not re.search(r"(?m)^# ", article.body) and not markdown.has_pictures(article.body)
