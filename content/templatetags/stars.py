from django import template

from content.reviewers import stars_of

register = template.Library()


@register.filter
def stars(rating: int) -> str:
    """Four of five as text: ★★★★☆. Say it in words beside it."""
    return stars_of(rating)
