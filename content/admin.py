"""The platform's pages for articles, for who writes them, and for reviews."""

from content import report_admin, review_admin
from content.views import article_admin, author_admin

__all__ = ["article_admin", "author_admin", "report_admin", "review_admin"]
