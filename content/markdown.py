"""What the Markdown of an article becomes. The only place that turns a text into HTML.

CommonMark without reference links, and tables. HTML in the text is shown as the text that it is, pictures are their
words, links lead to the web, an address, a telephone or a page of ours. What comes out is washed once more by `nh3`, so
that a fault of the renderer is no hole.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# Over ten thousand words: three times the longest article that anybody would read. It bounds what a text can cost.
MOST_CHARACTERS = 60_000
# Lists in lists and quotes in quotes: what stands deeper is not shown, and no text makes the renderer dig.
DEEPEST = 12
TAGS = {
    *("h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "strong", "em", "a", "code", "pre"),
    *("ul", "ol", "li", "blockquote", "div", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {
    "a": {"href", "title", "rel"},
    "ol": {"start"},
    "div": {"class", "tabindex"},
    "th": {"class", "scope"},
    "td": {"class"},
}
SCHEMES = {"http", "https", "mailto", "tel"}
OURS = re.compile(r"(?:/(?![/\\])|#)[^\s\\]*")
ALIGNED = {"text-align:right": "end", "text-align:center": "middle"}


def to_html(text: str) -> SafeString:
    """The text as HTML for a page whose h1 is the title: its highest heading is an h2, and no level is left out.

    Links to other hosts get `rel="noopener"`; not `nofollow`, for the editors answer for what they cite. Beyond
    MOST_CHARACTERS nothing is read: forms refuse a longer text.
    """
    # Here, like what draws pictures: a web worker that shows no article does without.
    import nh3

    tokens = _tokens(text)
    _close_up_headings(tokens)
    for token in tokens:
        if token.type == "fence":
            token.info = ""  # would become a class
    markdown = _markdown()
    html = markdown.renderer.render(tokens, markdown.options, {})
    washed = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel=None)
    return mark_safe(washed)  # noqa: S308 - washed


def to_text(text: str) -> str:
    """The words alone, a line for each paragraph, heading, point of a list and cell of a table."""
    lines = ("".join(_words(token.children or ())) for token in _tokens(text) if token.type == "inline")
    fenced = (token.content.strip() for token in _tokens(text) if token.type in {"fence", "code_block"})
    return "\n".join(line for line in (*lines, *fenced) if line)


def has_pictures(text: str) -> bool:
    """Whether the text asks for a picture, of which readers would see only the words."""
    return any(part.type == "image" for token in _tokens(text) for part in token.children or ())


def is_allowed(address: str) -> bool:
    """Whether a link may lead there: the web, an e-mail, a telephone, or a page of ours by its path."""
    if OURS.fullmatch(address):
        return True
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme.lower() in {"mailto", "tel"}:
        return bool(parts.path)
    return parts.scheme.lower() in SCHEMES and bool(parts.hostname)


def _tokens(text: str) -> "list[Token]":
    return _markdown().parse(text[:MOST_CHARACTERS])


def _words(parts: "Any") -> Iterator[str]:
    for part in parts:
        if part.type in {"softbreak", "hardbreak"}:
            yield " "
        elif part.type == "image":
            yield from _words(part.children or ())
        else:
            yield part.content


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    # No `[name]: address`: a name of three letters may stand for an address of 30,000, a thousand times in one text.
    markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": DEEPEST}).enable("table").disable("reference")
    markdown.validateLink = is_allowed  # type: ignore[method-assign, assignment]
    markdown.add_render_rule("image", _image)
    markdown.add_render_rule("link_open", _link_open)
    markdown.add_render_rule("table_open", lambda *_args: '<div class="table" tabindex="0"><table>\n')
    markdown.add_render_rule("table_close", lambda *_args: "</table></div>\n")
    markdown.add_render_rule("th_open", _cell)
    markdown.add_render_rule("td_open", _cell)
    return markdown


def _image(self: Any, tokens: "list[Token]", index: int, options: Any, env: Any) -> str:
    from markdown_it.common.utils import escapeHtml

    return escapeHtml("".join(_words(tokens[index].children or ())))


def _link_open(self: Any, tokens: "list[Token]", index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    if str(token.attrGet("href") or "").lower().startswith("http"):
        token.attrSet("rel", "noopener")
    return str(self.renderToken(tokens, index, options, env))


def _cell(self: Any, tokens: "list[Token]", index: int, options: Any, env: Any) -> str:
    """Alignment by a class: our policy lets no style in."""
    token = tokens[index]
    aligned = ALIGNED.get(str(token.attrs.pop("style", "")))
    if aligned:
        token.attrSet("class", aligned)
    if token.tag == "th":
        token.attrSet("scope", "col")
    return str(self.renderToken(tokens, index, options, env))


def _close_up_headings(tokens: "list[Token]") -> None:
    headings = [token for token in tokens if token.type in {"heading_open", "heading_close"}]
    highest = min((int(token.tag[1]) for token in headings), default=2)
    last = 1
    for token in headings:
        if token.type == "heading_open":
            last = min(int(token.tag[1]) - highest + 2, last + 1, 6)
        token.tag = f"h{last}"
