"""The list of articles: what is shown, to whom, in which order and language."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.content.conftest import NOW, make_article, titles


def ask(at_platform, query="", **headers):
    response = at_platform().get("/articles/" + query, **headers)
    assert response.status_code == 200, response.status_code
    return response


def test_the_newest_stand_first_in_the_readers_language(at_platform, shelf):
    assert titles(ask(at_platform)) == [shelf.pressure.title, shelf.malaria.title, shelf.heart.title]
    assert titles(ask(at_platform, HTTP_ACCEPT_LANGUAGE="sw")) == [shelf.presha.title]


def test_a_chosen_language_outweighs_the_readers_own_and_the_other_one_is_offered(at_platform, shelf):
    response = ask(at_platform, "?language=sw")
    assert titles(response) == [shelf.presha.title]
    assert 'href="/articles/?language=en"' in response.content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?category=prevention", ["malaria"]),
        ("?tag=heart", ["pressure", "heart"]),
        ("?tag=HEART", ["pressure", "heart"]),
        ("?tag=heart&category=fitness", ["heart"]),
        ("?author=wairimu-kamau", ["pressure"]),
        ("?q=malaria&category=prevention", ["malaria"]),
        ("?q=walking&tag=heart", ["heart"]),
        ("?q=salt&author=wairimu-kamau", ["pressure"]),
        ("?tag=chumvi&language=sw", ["presha"]),
    ],
)
def test_each_filter_keeps_what_fits(at_platform, shelf, query, expected):
    assert titles(ask(at_platform, query)) == [getattr(shelf, name).title for name in expected]


@pytest.mark.parametrize("page", ["", "?q=malaria", "?tag=heart", "?category=disease"])
def test_drafts_scheduled_and_archived_ones_are_nowhere(at_platform, shelf, page):
    found = titles(ask(at_platform, page))
    assert not {shelf.hidden.draft.title, shelf.hidden.scheduled.title, shelf.hidden.archived.title} & set(found)


def test_a_scheduled_article_appears_by_itself(at_platform, shelf, monkeypatch):
    monkeypatch.setattr("precta.clock.now", lambda: NOW + timedelta(minutes=2))
    assert titles(ask(at_platform))[0] == shelf.hidden.scheduled.title
    assert titles(ask(at_platform, "?q=soon")) == [shelf.hidden.scheduled.title]


@pytest.mark.parametrize(
    "query",
    [
        "?page=-1",
        "?page=0",
        "?page=99999999999999999999",
        "?page=²",
        "?page=x",
        "?category=x",
        "?category=disease%00",
        "?language=fr",
        "?language=",
        "?q=%00",
        "?q=%20",
        "?q=%27%22%5C%3A*%26%7C%21",
        "?q=%ED%A0%80",
        "?tag=%00",
        "?author=%00",
        "?author=../..",
        "?q[]=a&sort=x",
    ],
)
def test_what_makes_no_sense_is_as_if_it_had_not_been_asked(at_platform, shelf, query):
    assert titles(ask(at_platform, query)) == [shelf.pressure.title, shelf.malaria.title, shelf.heart.title]


@pytest.mark.parametrize("name", ["q", "tag", "category", "author", "page", "language"])
def test_a_megabyte_is_no_question(at_platform, shelf, name):
    ask(at_platform, f"?{name}=" + "a " * 500_000)


def test_the_list_is_paged_and_a_page_beyond_the_last_is_the_last(at_platform, shelf):
    for number in range(30):
        make_article(f"More {number:02}", published_at=NOW - timedelta(days=100 + number))
    first, last = ask(at_platform), ask(at_platform, "?page=3")
    assert "33 articles, page 1 of 3" in first.content.decode()
    assert len(titles(first)) == 12 and len(titles(last)) == 9
    assert titles(ask(at_platform, "?page=40")) == titles(last)
    assert not set(titles(first)) & set(titles(last))
    assert 'href="/articles/?category=disease&amp;page=2"' in ask(at_platform, "?category=disease").content.decode()


def test_pages_name_their_own_address_and_search_results_stay_out_of_search_engines(at_platform, shelf):
    html = ask(at_platform, "?category=disease&language=sw").content.decode()
    assert 'rel="canonical" href="http://precta.localhost' in html
    assert "/articles/?category=disease&amp;language=sw" in html
    assert 'hreflang="en"' in html
    assert '<meta name="robots" content="noindex">' in ask(at_platform, "?q=malaria").content.decode()


def test_an_empty_list_says_what_to_do(at_platform, shelf):
    for query in ("?category=news", "?q=zzzzqqqq", "?tag=nothing"):
        html = ask(at_platform, query).content.decode()
        assert "No article fits" in html
        assert "Kiswahili" in html


@pytest.mark.parametrize(
    ("query", "most"),
    [
        ("", 2),
        ("?page=2", 2),
        ("?tag=heart", 2),
        ("?q=walking", 3),
        ("?q=more&page=2", 3),
        ("?author=wairimu-kamau", 3),
    ],
)
def test_a_list_costs_as_little_for_fifty_as_for_one(at_platform, shelf, query, most):
    for number in range(50):
        make_article(f"More {number:02} walking", tags=["heart"], published_at=NOW - timedelta(days=100 + number))
    client = at_platform()
    client.get("/articles/")
    with CaptureQueriesContext(connection) as seen:
        client.get("/articles/" + query)
    assert len([q for q in seen if "search_path" not in q["sql"]]) <= most, [q["sql"][:200] for q in seen]


def test_reading_the_list_starts_no_session(at_platform, shelf):
    response = ask(at_platform)
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")


def test_the_home_page_shows_the_newest_in_one_statement(at_platform, shelf):
    client = at_platform()
    client.get("/")
    with CaptureQueriesContext(connection) as seen:
        html = client.get("/").content.decode()
    assert len([q for q in seen if "content_" in q["sql"]]) == 1
    assert shelf.pressure.title in html
    assert shelf.hidden.scheduled.title not in html
    assert shelf.presha.title in client.get("/", HTTP_ACCEPT_LANGUAGE="sw").content.decode()


def test_an_author_has_a_page_in_both_languages(at_platform, shelf):
    response = at_platform().get("/articles/authors/wairimu-kamau/")
    assert titles(response) == [shelf.pressure.title]
    assert "She edits." in response.content.decode()
    assert "Yeye ni mhariri." in at_platform().get("/articles/authors/wairimu-kamau/?language=sw").content.decode()
    assert at_platform().get("/articles/authors/nobody/").status_code == 404
    assert at_platform().get("/articles/authors/wairimu-kamau/?page=-1&language=%00").status_code == 200
