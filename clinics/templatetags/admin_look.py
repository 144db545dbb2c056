"""Filters of the admin's own templates."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django import template
from django.template.context import Context
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from clinics import trail_words
from clinics.admin_menu import Site, name_of

register = template.Library()

START = re.compile(r"^<(t[dh])")


@register.simple_tag(takes_context=True)
def list_name(context: Context, opts: Any) -> str:
    """What the menu calls the list of a model (`opts` is its `_meta`)."""
    kind: Site = "clinic" if getattr(context.get("request"), "host_kind", "") == "clinic" else "platform"
    return capfirst(str(name_of(kind, opts.label_lower, opts.verbose_name_plural)))


@register.simple_tag
def menu_place(path: str, groups: Iterable[dict[str, Any]]) -> str:
    """The address in the menu to which the page at `path` belongs: the longest that leads to it, or ""."""
    addresses = [entry["admin_url"] or "" for group in groups for entry in group["models"]]
    return max((url for url in addresses if url and path.startswith(url)), key=len, default="")


@register.filter
def labelled(cells: Iterable[str], headers: Sequence[dict[str, Any]]) -> list[SafeString]:
    """A row's cells with their column's words in `data-label`, for phones, where a row is a card."""
    found = []
    for cell, header in zip(cells, headers, strict=False):
        label = escape(capfirst(str(header.get("text", "")))) if "action-checkbox" not in str(cell)[:60] else ""
        found.append(mark_safe(START.sub(rf'<\1 data-label="{label}"', str(cell), count=1)))  # noqa: S308
    return found


@register.filter
def chosen(choices: Iterable[dict[str, Any]]) -> str:
    """What a filter is set to; empty when it is at its first choice, which lets everything through."""
    for number, choice in enumerate(choices):
        if choice.get("selected"):
            return "" if number == 0 else str(choice["display"])
    return ""


@register.filter
def act(action: str) -> str:
    """An action of the trail in words."""
    return trail_words.act(action)


@register.filter
def told(value: Any) -> Any:
    """A cell of a list: times on the page's clock, "–" for nothing."""
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "D j M Y, H:i")
    return "–" if value in (None, "") else value
