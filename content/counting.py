"""Counting views without a write for each.

A view is one line in a hash of the cache, one for each visitor, article and day: who came is kept as a keyed hash
that changes with the day, so that nothing can be read from it. Every minute `flush` takes the hash away under a name
of its own with an id in it, and adds its sums to the articles in one UPDATE, together with a row that keeps the id.
Only then the hash is deleted. Whatever stops in between leaves the named hash where it is: the next flush finds it
before it takes a new one, and the row tells whether its sums are written already. So a view is never added twice, and
lost only with the cache itself (docs/decisions/0019-articles.md).
"""

import logging
import re
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.core.cache import caches
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

from content.models import ViewBatch
from precta import clock
from precta.cache import ForgivingRedisCache
from precta.client import client_ip, network_of
from precta.ids import new_id
from precta.tenancy import PORTAL_WIDE

logger = logging.getLogger(__name__)
COUNTED, TAKEN = f"{PORTAL_WIDE}views:counted", f"{PORTAL_WIDE}views:taken"
BATCH = "batch"  # no article's id is that short
A_DAY = 24 * 3600
# A batch is given out again within minutes; its row need not be kept longer than a cache is ever brought back.
KEPT = timedelta(days=60)
# The readers whom one network has of one article in one day: enough for the many who share a mobile operator's
# address, and an end to a program that gives itself another name each time.
MOST_OF_A_NETWORK = 200
# Cubot makes phones.
MACHINES = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|scrap[ey]|preview|fetch|curl|wget|python|java/|go-http|libwww|httpclient|okhttp"
    r"|axios|aiohttp|httpx|httpie|undici|postman|phantomjs|scan|monitor|uptime|probe|feed|rss"
    r"|facebookexternalhit|whatsapp|lighthouse",
    re.IGNORECASE,
)
# The first view of a visitor's day adds one, unless too many came from there. KEYS: seen, counted and, of who is not
# signed in, the network's number; ARGV: seconds, article, most of a network.
COUNT = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if KEYS[3] then
  redis.call('SET', KEYS[3], 0, 'NX', 'EX', ARGV[1])
  if redis.call('INCR', KEYS[3]) > tonumber(ARGV[3]) then return 0 end
end
redis.call('SET', KEYS[1], '', 'EX', ARGV[1])
return redis.call('HINCRBY', KEYS[2], ARGV[2], 1)
"""
# KEYS: counted, taken; ARGV: field of the id, id.
TAKE = """
if redis.call('EXISTS', KEYS[2]) == 0 then
  if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
  redis.call('RENAME', KEYS[1], KEYS[2])
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
end
return redis.call('HGETALL', KEYS[2])
"""
# Only the batch that was written: another worker may have taken the next one. KEYS: taken; ARGV: field of the id, id.
FORGET = "if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return redis.call('DEL', KEYS[1]) end return 0"
ADD = """
UPDATE content_article SET view_count = least(content_article.view_count + counted.views, 2147483647)
  FROM unnest(%s::text[], %s::bigint[]) AS counted (id, views) WHERE content_article.id = counted.id
"""


def count_view(request: HttpRequest, *, article_id: str) -> None:
    """Count a person's reading of the article, once a day; nothing happens while the cache is away or refuses."""
    if not is_reading(request):
        return
    who, network = _visitor(request)
    names = [f"{PORTAL_WIDE}views:seen:{who}:{article_id}", COUNTED]
    if network:
        names.append(f"{PORTAL_WIDE}views:from:{network}:{article_id}")
    keys = [_cache().make_and_validate_key(name) for name in names]
    try:
        _run(COUNT, keys, [A_DAY, article_id, MOST_OF_A_NETWORK])
    except RedisError as error:
        logger.warning("a view was not counted: %s", type(error).__name__)


def is_reading(request: HttpRequest) -> bool:
    """Whether a person has opened the page: no HEAD, no machine by its own word, no page fetched ahead."""
    agent = request.META.get("HTTP_USER_AGENT", "")
    ahead = request.META.get("HTTP_SEC_PURPOSE", "") or request.META.get("HTTP_PURPOSE", "")
    return request.method == "GET" and bool(agent) and not MACHINES.search(agent) and "prefetch" not in ahead


def flush() -> int:
    """Add what was counted since the last time to the articles; the number of views. Raises what the client raises."""
    cache = _cache()
    counted, taken = (cache.make_and_validate_key(key) for key in (COUNTED, TAKEN))
    answer = [part.decode() for part in _run(TAKE, [counted, taken], [BATCH, new_id()])]
    sums = dict(zip(answer[::2], answer[1::2], strict=True))
    batch = sums.pop(BATCH, "")
    if not batch:
        return 0
    written = _write(batch, {article: int(views) for article, views in sums.items()})
    _run(FORGET, [taken], [BATCH, batch])
    return written


def _write(batch: str, sums: dict[str, int]) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO content_viewbatch (id) VALUES (%s) ON CONFLICT DO NOTHING", [batch])
        if not cursor.rowcount:
            return 0
        cursor.execute(ADD, [list(sums), list(sums.values())])
        ViewBatch.objects.filter(written_at__lt=clock.now() - KEPT).delete()
    return sum(sums.values())


def _visitor(request: HttpRequest) -> tuple[str, str]:
    """Who reads, for this day only: the person who is signed in, else browser and network, and then the network by
    itself. (A visitor without a session is not asked for one: that would mark the page as personal.)"""
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        return _hashed(f"user {request.user.pk}"), ""
    network = network_of(client_ip(request))
    return _hashed(f"{network} {request.META.get('HTTP_USER_AGENT', '')}"), _hashed(network)


def _hashed(who: str) -> str:
    return salted_hmac(f"content.views {clock.now():%Y-%m-%d}", who, algorithm="sha256").hexdigest()[:24]


def _cache() -> ForgivingRedisCache:
    return cast(ForgivingRedisCache, caches["default"])


def _run(script: str, keys: list[str], arguments: list[Any]) -> Any:
    pipeline = _cache().pipeline()
    pipeline.eval(script, len(keys), *keys, *arguments)
    return pipeline.execute()[0]
