from content.models.article import (
    TRANSITIONS,
    Article,
    ArticleCategory,
    ArticleLanguage,
    ArticleRevision,
    ArticleStatus,
    Author,
)
from content.models.review import (
    MODERATION,
    MOST_ATTEMPTS,
    ModerationStatus,
    ReportReason,
    Review,
    ReviewAnswer,
    ReviewReport,
)

__all__ = [
    "MODERATION",
    "MOST_ATTEMPTS",
    "TRANSITIONS",
    "Article",
    "ArticleCategory",
    "ArticleLanguage",
    "ArticleRevision",
    "ArticleStatus",
    "Author",
    "ModerationStatus",
    "ReportReason",
    "Review",
    "ReviewAnswer",
    "ReviewReport",
]
