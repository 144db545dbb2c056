"""The newest articles of a language for feed readers (RSS 2.0)."""

from datetime import datetime
from typing import Any

from django.contrib.syndication.views import Feed
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.feedgenerator import Rss201rev2Feed
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from content import cards, selectors
from content.models import Article, ArticleLanguage
from precta import hosts
from precta.text import printable

NEWEST = 30


class ArticlesFeed(Feed):
    """`obj` is the language. Addresses are the platform's own, whatever host was asked; characters that XML cannot
    hold are left out."""

    feed_type = Rss201rev2Feed

    def get_object(self, request: HttpRequest) -> str:
        asked = request.GET.get("language")
        return asked if asked in ArticleLanguage.values else ArticleLanguage.ENGLISH

    def title(self, obj: str) -> str:
        return gettext("Health articles") + " · Precta"

    def link(self, obj: str) -> str:
        return hosts.platform_url("content:public:articles") + f"?language={obj}"

    def feed_url(self, obj: str) -> str:
        return hosts.platform_url("content:public:feed") + f"?language={obj}"

    def description(self, obj: str) -> str:
        return gettext("Written plainly for Kenya, with their sources.")

    def get_feed(self, obj: str, request: HttpRequest) -> Any:
        with translation.override(obj):
            return super().get_feed(obj, request)

    def items(self, obj: str) -> list[Article]:
        return selectors.latest(language=obj, number=NEWEST)

    def item_title(self, item: Any) -> str:
        return printable(item.title)

    def item_description(self, item: Any) -> str:
        return printable(item.excerpt)

    def item_link(self, item: Article) -> str:
        return hosts.platform_url("content:public:article", item.slug)

    def item_guid(self, item: Article) -> str:
        return item.pk

    item_guid_is_permalink = False

    def item_pubdate(self, item: Article) -> datetime | None:
        return item.published_at

    def item_categories(self, item: Article) -> list[str]:
        return [printable(name) for name in (cards.category_name(item.category), *item.tags)]


_feed = ArticlesFeed()


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    return _feed(request)
