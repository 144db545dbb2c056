"""Counting who reads: no write for a view, each view once, whatever fails."""

import threading

import pytest
from django.core.cache import caches
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError

from content import counting
from content.models import Article, ViewBatch
from content.tasks import flush_views
from tests.content.conftest import make_article

PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
PAGE = "/articles/malaria/"


@pytest.fixture
def malaria(db):
    return make_article("Malaria", slug="malaria", published_at="2026-01-01T00:00Z")


@pytest.fixture
def read(at_platform):
    def ask(agent=PHONE, address="192.0.2.1", user=None, **more):
        response = at_platform(user, HTTP_USER_AGENT=agent, REMOTE_ADDR=address).get(PAGE, **more)
        assert response.status_code == 200

    return ask


def views() -> int:
    return Article.objects.get(slug="malaria").view_count


def test_a_view_is_counted_without_a_write_and_added_by_the_next_flush(read, malaria):
    with CaptureQueriesContext(connection) as seen:
        read()
    assert not [q for q in seen if not q["sql"].startswith(("SELECT", "SET"))]
    assert views() == 0
    before = Article.objects.get(slug="malaria").updated_at
    assert counting.flush() == 1
    assert views() == 1
    assert Article.objects.get(slug="malaria").updated_at == before
    assert counting.flush() == 0


def test_one_person_counts_once_a_day(read, malaria, monkeypatch, cast):
    for _ in range(3):
        read()
    read(address="192.0.2.2")
    read(agent=PHONE + " Edg/1")
    read(user=cast.patient.user, address="192.0.2.1")
    read(user=cast.patient.user, address="192.0.2.77")  # the same person on another network
    assert counting.flush() == 4
    from datetime import timedelta

    from precta import clock

    tomorrow = clock.now() + timedelta(days=1)
    monkeypatch.setattr("precta.clock.now", lambda: tomorrow)
    read()
    assert counting.flush() == 1


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0)",
        "curl/8.1",
        "python-requests/2",
        "WhatsApp/2.23 A",
        "facebookexternalhit/1.1",
        "Mozilla/5.0 AhrefsBot/7.0",
        "Scrapy/2.11 (+https://scrapy.org)",
        "okhttp/4.12.0",
        "axios/1.7",
        "PostmanRuntime/7.39",
        "HTTPie/3.2",
        "TelegramBot (like TwitterBot)",
    ],
)
def test_machines_are_not_counted(read, malaria, agent):
    read(agent=agent)
    assert counting.flush() == 0


@pytest.mark.parametrize("phone", ["Mozilla/5.0 (Linux; Android 14; CUBOT X30)", f"{PHONE} Telegram-Android/11"])
def test_people_with_odd_phones_and_programs_are_counted(read, malaria, phone):
    read(agent=phone)
    assert counting.flush() == 1


def test_one_network_counts_only_so_often_and_who_is_signed_in_always(read, malaria, cast, monkeypatch):
    monkeypatch.setattr(counting, "MOST_OF_A_NETWORK", 3)
    for number in range(6):
        read(agent=f"{PHONE} {number}")
    read(user=cast.patient.user)
    read(address="192.0.2.2")
    assert counting.flush() == 5
    client = caches["default"]._cache.get_client(None)
    assert len(client.keys("*views:seen*")) == 5


def test_neither_a_head_nor_a_page_fetched_ahead_nor_one_that_is_not_there_is_counted(at_platform, read, malaria):
    client = at_platform(HTTP_USER_AGENT=PHONE)
    client.head(PAGE)
    client.get("/articles/nothing/")
    read(HTTP_SEC_PURPOSE="prefetch;prerender")
    assert counting.flush() == 0


def test_nothing_that_names_a_visitor_is_kept(read, malaria):
    read()
    client = caches["default"]._cache.get_client(None)
    keys = [key.decode() for key in client.keys("*views*")]
    assert len(keys) == 3
    assert not any("192.0.2.1" in key or "Android" in key for key in keys)


@pytest.mark.parametrize("error", [RedisConnectionError, OutOfMemoryError, ReadOnlyError, ResponseError("MISCONF")])
def test_without_the_cache_the_page_is_read_all_the_same(read, malaria, monkeypatch, error):
    """Away, or not taking anything."""

    def away(*_args):
        raise error

    monkeypatch.setattr(counting, "_run", away)
    read()
    flush_views()
    assert views() == 0


def test_a_flush_that_fails_before_the_commit_leaves_everything_for_the_next(read, malaria, monkeypatch):
    read()
    with monkeypatch.context() as broken:
        broken.setattr(counting, "ADD", "SELECT no_such_thing(%s, %s)")
        with pytest.raises(Exception, match="no_such_thing"):
            counting.flush()
    assert views() == 0 and not ViewBatch.objects.exists()
    read(address="192.0.2.2")  # counted beside the batch that waits
    assert counting.flush() == 1
    assert counting.flush() == 1
    assert views() == 2


def test_a_flush_that_dies_after_the_commit_is_not_added_again(read, malaria, monkeypatch):
    read()
    real = counting._run

    def dies(script, *rest):
        if script == counting.FORGET:
            raise RedisConnectionError
        return real(script, *rest)

    with monkeypatch.context() as broken:
        broken.setattr(counting, "_run", dies)
        with pytest.raises(RedisConnectionError):
            counting.flush()
    assert views() == 1
    read(address="192.0.2.2")
    assert counting.flush() == 0  # the batch that was written already is only cleared away
    assert counting.flush() == 1
    assert views() == 2


@pytest.mark.django_db(transaction=True)
def test_flushes_at_the_same_time_add_each_view_once(read, malaria):
    total = 0
    for number in range(5):
        for reader in range(4):
            read(address=f"192.0.{number}.{reader + 1}")
        total += 4
        barrier = threading.Barrier(4)

        def run(barrier=barrier):
            try:
                barrier.wait()
                counting.flush()
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    while counting.flush():
        pass
    assert views() == total


def test_an_article_that_went_away_meanwhile_does_not_hinder_the_others(read, malaria):
    caches["default"]._cache.get_client(None, write=True).hincrby(
        caches["default"].make_and_validate_key(counting.COUNTED), "gone" * 6, 5
    )
    read()
    counting.flush()
    assert views() == 1
