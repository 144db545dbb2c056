from content.models.article import (
    TRANSITIONS,
    Article,
    ArticleCategory,
    ArticleLanguage,
    ArticleRevision,
    ArticleStatus,
    Author,
)
from content.models.review import ModerationStatus, ReportReason, Review, ReviewAnswer, ReviewReport

__all__ = [
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
