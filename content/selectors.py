"""Articles as readers may see them. Every page, feed and list of the public side begins at `published`."""

from datetime import datetime

from django.db.models import QuerySet

from content.models import Article, ArticleStatus
from precta import clock


def published(*, language: str = "", now: datetime | None = None) -> QuerySet[Article]:
    """Published and not scheduled for later, of one language or of all; the newest first."""
    articles = Article.objects.filter(status=ArticleStatus.PUBLISHED, published_at__lte=now or clock.now())
    if language:
        articles = articles.filter(language=language)
    return articles.order_by("-published_at", "pk")
