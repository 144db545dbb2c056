"""Why an article was not changed."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from content.models import Article


class ArticleRefused(Exception):
    """`reasons` are sentences for the person who tried."""

    def __init__(self, *reasons: Any) -> None:
        super().__init__(*reasons)
        self.reasons = reasons

    def __str__(self) -> str:
        return " ".join(map(str, self.reasons))


class NotReady(ArticleRefused):
    """What readers would see is not whole yet."""


class WrongStatus(ArticleRefused):
    """Its status does not lead there; perhaps somebody else has changed it meanwhile."""


class StaleArticle(ArticleRefused):
    """Somebody has saved it since it was read; `current` is what it says now."""

    def __init__(self, current: "Article", *reasons: Any) -> None:
        super().__init__(*reasons)
        self.current = current
