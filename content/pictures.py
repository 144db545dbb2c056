"""The pictures of articles and authors: drawn anew in the sizes that pages need, for everybody."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from precta.files.store import put_picture_set, put_public_image

if TYPE_CHECKING:
    from content.models import Article

FOLDER = "articles"
# Phones, tablets and two columns, the widest page on a fine screen; all 16:9, so that the page knows their height.
WIDTHS = (480, 960, 1600)
NARROWEST = 960
CARD = (1200, 630)  # what Open Graph asks for
SIZES = "(min-width: 60rem) 50rem, 100vw"
KEPT = re.compile(r"(?P<base>/pictures/articles/[0-9a-f]{40})-(?P<width>[0-9]{3,4})\.webp")


@dataclass(frozen=True, slots=True)
class Hero:
    """What an <img> needs; `card` is the JPEG of 1200 × 630 for previews elsewhere. Addresses are paths."""

    src: str
    srcset: str
    sizes: str
    width: int
    height: int
    alt: str
    card: str

    @property
    def small(self) -> str:
        """The narrowest size, for lists and e-mails."""
        return self.srcset.partition(" ")[0]


def hero_of(article: "Article") -> Hero | None:
    """The article's picture; None when it has none."""
    kept = KEPT.fullmatch(article.featured_image_url)
    if kept is None:
        return None
    base, widest = kept["base"], int(kept["width"])
    widths = [width for width in WIDTHS if width <= widest]
    return Hero(
        src=f"{base}-{NARROWEST}.webp",
        srcset=", ".join(f"{base}-{width}.webp {width}w" for width in widths),
        sizes=SIZES,
        width=NARROWEST,
        height=NARROWEST * 9 // 16,
        alt=article.featured_image_alt,
        card=f"{base}-card.jpg",
    )


def store_hero(data: bytes) -> str:
    """Draw and keep a picture in all sizes; returns what `Article.featured_image_url` holds, the path of the widest.

    Raises UploadRefused ("pixels", "unreadable", "small" for less than 960 × 540 pixels).
    """
    from precta.files import images  # a web worker that draws no picture does without what does

    widest, drawn = images.in_widths(data, widths=WIDTHS, least=NARROWEST)
    parts = {str(width): picture for width, picture in drawn.items()}
    parts["card"] = images.card(data, size=CARD)
    return put_picture_set(parts, folder=FOLDER, stem=drawn[widest][1])[str(widest)]


def store_photo(data: bytes) -> str:
    """Draw and keep an author's photo as a square; returns its path. Raises UploadRefused."""
    from precta.files import images

    return put_public_image(*images.square(data), folder="authors")
