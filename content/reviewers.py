"""What the public is told of a review: its stars, and who wrote it by less than a whole name."""

from django.utils.translation import gettext

from content.models import Review

MOST_STARS = 5


def shown_name(review: Review) -> str:
    """First name and initial of who wrote it, "A patient" for who chose so and for who has no name (any more).

    Needs `written_by__patient` to be loaded.
    """
    person = getattr(review.written_by, "patient", None)
    names = person.first_name.split() if person is not None and not review.is_anonymous else []
    if person is None or not names:
        return gettext("A patient")
    initial = person.last_name.strip()[:1].upper()
    return f"{names[0]} {initial}." if initial else names[0]


def stars_of(rating: int) -> str:
    return "★" * rating + "☆" * (MOST_STARS - rating)
