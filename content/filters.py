"""What may be asked of the list of articles. Whatever makes no sense is as if it had not been asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils.translation import get_language

from accounts.directory.words import typed
from content.models import ArticleCategory, ArticleLanguage

LAST_PAGE = 50
LONGEST_TAG = 50
_SLUG = re.compile(r"[a-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a list. An empty string or 1 (page) means: not asked. `language` is what is listed; it stands in
    an address only if it `is_chosen`, else the list follows the reader's language."""

    q: str = ""
    category: str = ""
    tag: str = ""
    author: str = ""
    language: str = ArticleLanguage.ENGLISH
    is_chosen: bool = False
    page: int = 1

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> "Filters":
        chosen = asked.get("language") or ""
        is_chosen = chosen in ArticleLanguage.values
        author = asked.get("author") or ""
        return cls(
            q=typed(asked.get("q") or ""),
            category=category if (category := asked.get("category") or "") in ArticleCategory.values else "",
            tag=typed(asked.get("tag") or "")[:LONGEST_TAG].lower(),
            author=author if _SLUG.fullmatch(author) else "",
            language=chosen if is_chosen else reader_language(),
            is_chosen=is_chosen,
            page=_page(asked.get("page") or ""),
        )

    def without(self, *names: str) -> "Filters":
        """The same question with some filters dropped, from the first page on."""
        dropped: dict[str, Any] = dict.fromkeys(names, "")
        return replace(self, page=1, **dropped)

    def having(self, **changed: Any) -> "Filters":
        """The same question with some filters set, from the first page on unless the page is what is set."""
        return replace(self, **{"page": 1, **changed})

    def within(self, language: str) -> "Filters":
        return self.having(language=language, is_chosen=True)

    @property
    def narrows(self) -> bool:
        return bool(self.q or self.category or self.tag or self.author)

    @property
    def query_string(self) -> str:
        return _query_string(self.asked)

    @property
    def canonical_query_string(self) -> str:
        """The part by which search engines should know the page: the language stands in it, for they bring none."""
        kept = self.asked | {"language": self.language if self.language != settings.LANGUAGE_CODE else ""}
        return _query_string({name: kept[name] for name in ("category", "tag", "language", "page") if kept.get(name)})

    @property
    def asked(self) -> dict[str, str]:
        """The filters that are set, as they stand in an address."""
        values = {
            "q": self.q,
            "category": self.category,
            "tag": self.tag,
            "author": self.author,
            "language": self.language if self.is_chosen else "",
            "page": str(self.page) if self.page > 1 else "",
        }
        return {name: value for name, value in values.items() if value}


def reader_language() -> str:
    """The language of the page, as articles know it."""
    language = (get_language() or settings.LANGUAGE_CODE).partition("-")[0]
    return language if language in ArticleLanguage.values else ArticleLanguage.ENGLISH


def _query_string(asked: Mapping[str, str]) -> str:
    return "?" + urlencode(asked) if asked else ""


def _page(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 12:
        return 1
    return min(max(int(value), 1), LAST_PAGE)
