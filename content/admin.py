"""The platform's pages for reviews."""

from content import review_admin  # noqa: F401 - registers itself
