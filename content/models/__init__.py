from content.models.article import (
    TRANSITIONS,
    Article,
    ArticleCategory,
    ArticleLanguage,
    ArticleRevision,
    ArticleStatus,
    ArticleWords,
    Author,
    ViewBatch,
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
    "ArticleWords",
    "Author",
    "ModerationStatus",
    "ReportReason",
    "Review",
    "ReviewAnswer",
    "ReviewReport",
    "ViewBatch",
]
