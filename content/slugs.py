"""Addresses of articles and authors, made from what they are called."""

from typing import Any

from django.db import models
from django.utils.text import slugify

from content.models import Article

LONGEST = 80
# Below /articles/ there are other pages than articles.
RESERVED = frozenset({"authors", "categories", "category", "feed", "page", "search", "tag", "tags"})


def free_slug(
    title: str, *, model: type[models.Model] = Article, column: str = "slug", but: Any = "", **among: Any
) -> str:
    """An address like the title that no other row of `model` has (or none of those `among`), cut between words.

    Empty when the title has no letter that an address may have.
    """
    slug = slugify(title)
    if len(slug) > LONGEST:
        slug = slug[: LONGEST + 1].rpartition("-")[0] or slug[:LONGEST]
    if not slug:
        return ""
    others = model._default_manager.filter(**among, **{f"{column}__startswith": slug}).exclude(pk=but)
    taken = set(others.values_list(column, flat=True)) | RESERVED
    number, found = 1, slug
    while found in taken:
        number += 1
        found = f"{slug}-{number}"
    return found
