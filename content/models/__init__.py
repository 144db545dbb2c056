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
from content.models.review import ModerationStatus, ReportReason, Review, ReviewAnswer, ReviewReport

__all__ = [
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
