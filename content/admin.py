"""Articles and who writes them, in the platform's admin."""

from content.views import article_admin, author_admin

__all__ = ["article_admin", "author_admin"]
