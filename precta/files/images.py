"""Pictures are drawn anew: no metadata (a phone writes where it was), nothing hidden behind the picture."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from precta.files.exceptions import UploadRefused

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
MOST_PIXELS = 50_000_000  # the largest that phones make by themselves; decoded it takes 150 MB
LONGEST_SIDE = 3000  # of a paper: 250 dots an inch on A4
PHOTO_SIDE = 512
OPTIONS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 88, "optimize": True}, "PNG": {}, "WEBP": {"quality": 82}}

PIXELS = _("This picture has too many pixels. Choose one of at most 50 megapixels.")
SMALL = _("This picture is too small. Choose one of at least %(width)s × %(height)s pixels.")
UNREADABLE = _("This file cannot be opened; it may be damaged. Choose another one.")


def reencode(data: bytes, *, longest_side: int = LONGEST_SIDE, heic: bool = False) -> tuple[str, bytes]:
    """The picture alone, upright, at most `longest_side` pixels long, as JPEG (or PNG when it is one). A phone's HEIC
    is read only when `heic` says so.

    Returns the content type and the bytes. Raises UploadRefused ("pixels", "unreadable").
    """
    with _hostile():
        picture = _open(data, longest_side, heic=heic)
        as_png = picture.format == "PNG"
        drawn = _upright(picture)
        drawn.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
        return _written(drawn, "PNG" if as_png else "JPEG")


def square(data: bytes, *, side: int = PHOTO_SIDE) -> tuple[str, bytes]:
    """The middle of a picture as a square of `side` pixels, as WebP; of a tall one the upper part, where faces are.

    Returns the content type and the bytes. Raises UploadRefused ("pixels", "unreadable").
    """
    with _hostile():
        drawn = _upright(_open(data, side))
        higher = drawn.height > drawn.width
        fitted = ImageOps.fit(drawn, (side, side), Image.Resampling.LANCZOS, centering=(0.5, 0.3 if higher else 0.5))
        return _written(fitted, "WEBP")


def contained(data: bytes, *, width: int, height: int) -> tuple[str, bytes]:
    """The whole picture within `width` x `height` pixels, as WebP with its transparency: for logos."""
    with _hostile():
        picture = _open(data, max(width, height))
        drawn = ImageOps.exif_transpose(picture)
        drawn = drawn.convert("RGBA" if _is_transparent(drawn) else "RGB")
        drawn.thumbnail((width, height), Image.Resampling.LANCZOS)
        return _written(drawn, "WEBP")


def in_widths(
    data: bytes, *, widths: tuple[int, ...], least: int, ratio: tuple[int, int] = (16, 9)
) -> tuple[int, dict[int, tuple[str, bytes]]]:
    """The middle of a picture in the shape `ratio`, as WebP in each of `widths` that it is wide enough for.

    Returns the widest of them, and by width the content type and the bytes. Raises UploadRefused ("pixels",
    "unreadable", "small" when it does not fill a picture of the width `least`).
    """
    with _hostile():
        widest = max(widths)
        drawn = _upright(_open(data, widest))
        fills = min(drawn.width, drawn.height * ratio[0] // ratio[1])
        fitting = sorted(width for width in widths if width <= fills)
        if fills < least:
            size = {"width": least, "height": least * ratio[1] // ratio[0]}
            raise UploadRefused(SMALL, code="small", params=size)
        return fitting[-1], {
            width: _written(_fitted(drawn, (width, width * ratio[1] // ratio[0])), "WEBP") for width in fitting
        }


def card(data: bytes, *, size: tuple[int, int]) -> tuple[str, bytes]:
    """The middle of a picture in exactly `size`, as JPEG, which every mail program and preview reads."""
    with _hostile():
        return _written(_fitted(_upright(_open(data, max(size))), size), "JPEG")


def _fitted(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return ImageOps.fit(picture, size, Image.Resampling.LANCZOS)


@contextmanager
def _hostile() -> Iterator[None]:
    """Broken metadata makes Pillow fail at any step, and in ways that no list of errors foresees."""
    try:
        yield
    except UploadRefused:
        raise
    except Image.DecompressionBombError:
        raise UploadRefused(PIXELS, code="pixels") from None
    except Exception:
        raise UploadRefused(UNREADABLE, code="unreadable") from None


def _open(data: bytes, needed: int, *, heic: bool = False) -> Image.Image:
    formats = tuple(FORMATS)
    if heic:
        # Here because a web worker that meets no HEIC does without its decoder.
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
        formats = ("HEIF",)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is below
        picture = Image.open(io.BytesIO(data), formats=formats)
    if picture.width * picture.height > MOST_PIXELS:
        raise UploadRefused(PIXELS, code="pixels")
    # A JPEG decodes straight to a half, a quarter or an eighth: a large photo then costs little memory.
    picture.draft("RGB", (needed, needed))
    picture.load()
    return picture


def _upright(picture: Image.Image) -> Image.Image:
    turned = ImageOps.exif_transpose(picture)
    if not _is_transparent(turned):
        return turned.convert("RGB")
    paper = Image.new("RGB", turned.size, "white")
    paper.paste(turned, mask=turned.convert("RGBA").getchannel("A"))
    return paper


def _is_transparent(picture: Image.Image) -> bool:
    return picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info


def _written(picture: Image.Image, form: str) -> tuple[str, bytes]:
    # A copy carries over no profile, text or date of the picture's past.
    picture.info = {}
    out = io.BytesIO()
    picture.save(out, form, **OPTIONS[form])
    return FORMATS[form], out.getvalue()
