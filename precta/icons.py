"""Inline SVG icons from the lucide package, stripped to what our CSS does not say already."""

import re
from functools import cache
from importlib.resources import files
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

_NAMESPACE = re.compile(r"\{[^}]*\}")


class UnknownIcon(LookupError):
    """The lucide set has no icon of that name."""


@cache
def _archive() -> ZipFile:
    return ZipFile(BytesIO((files("lucide") / "lucide.zip").read_bytes()))


@cache
def icon_body(name: str) -> SafeString:
    """The shapes inside the icon's 24 × 24 box. Raises UnknownIcon."""
    try:
        source = _archive().read(f"{name}.svg")
    except KeyError as error:
        raise UnknownIcon(name) from error
    parts = []
    for shape in ElementTree.fromstring(source):  # noqa: S314 - the file comes out of a pinned package
        attributes = "".join(f' {key}="{escape(value)}"' for key, value in shape.attrib.items())
        parts.append(f"<{_NAMESPACE.sub('', shape.tag)}{attributes}/>")
    return mark_safe("".join(parts))  # noqa: S308 - built above from escaped values


@cache
def icon(name: str, css: str = "") -> SafeString:
    """An inline icon that screen readers skip: the words beside it carry the meaning. Raises UnknownIcon."""
    return format_html(
        '<svg class="icon{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>',
        f" {css}" if css else "",
        icon_body(name),
    )
