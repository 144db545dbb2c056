"""Lines of the platform's dashboard: what waits for moderators."""

from content import review_waits  # noqa: F401 - registers itself
