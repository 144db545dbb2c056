"""Which public pictures the rows of this app name (`precta.files.orphans`)."""

from collections.abc import Iterable

from content.models import Article, Author
from precta.files.orphans import picture_owner

DIGEST = 40


@picture_owner("articles")
def heroes(names: list[str]) -> Iterable[str]:
    """A row names the widest size of its picture; the others of the same digest belong to it."""
    urls = Article.objects.exclude(featured_image_url="").values_list("featured_image_url", flat=True)
    kept = {_digest(url) for url in urls}
    return [name for name in names if _digest(name) in kept]


@picture_owner("authors")
def photos(names: list[str]) -> Iterable[str]:
    kept = {_digest(url) for url in Author.objects.exclude(photo_url="").values_list("photo_url", flat=True)}
    return [name for name in names if _digest(name) in kept]


def _digest(path: str) -> str:
    return path.rpartition("/")[2][:DIGEST]
