"""Addresses of the pages of hours, which have two surroundings."""

from typing import Any

from django import template
from django.template import Context

register = template.Library()


@register.simple_tag(takes_context=True)
def hours_url(context: Context, page: str = "", *args: Any) -> str:
    """`{% hours_url "edit" window.pk %}`: the page beside this one, in the workspace or in the clinic's admin."""
    return context["place"].url(page, *args)
