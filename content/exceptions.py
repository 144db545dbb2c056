"""Why an article, a review, its answer or a report of it was not taken."""

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


class DecidedMeanwhile(Exception):
    """A moderator has decided, or somebody else has: what was meant to change stands as it was decided."""


class TakenBack(Exception):
    """Its author has taken the review back."""


class ChangedMeanwhile(Exception):
    """The text is another one than the moderator was shown."""


class NotPublished(Exception):
    """Only a published review is answered and reported."""


class OwnReview(Exception):
    """Nobody reports what they wrote themselves."""


class ReportedBefore(Exception):
    """Each person reports a review once."""
