"""What a text becomes, and what no text can make of a page."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content import markdown, reading
from content.markdown import ATTRIBUTES, MOST_CHARACTERS, TAGS, has_pictures, to_html, to_text


class Opened(HTMLParser):
    """Every element with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def assert_harmless(html: str) -> None:
    for tag, attributes in Opened(html).found:
        assert tag in TAGS, (tag, html)
        assert set(attributes) <= ATTRIBUTES.get(tag, set()), (tag, attributes)
        address = attributes.get("href")
        assert address is None or markdown.is_allowed(address), address


def test_the_highest_heading_is_an_h2_and_no_level_is_left_out():
    assert re.findall(r"<h\d>", to_html("# One\n\n## Two\n\n##### Deep\n\n# Three")) == ["<h2>", "<h3>", "<h4>", "<h2>"]
    assert re.findall(r"<h\d>", to_html("## One\n\n### Two\n\n## Three")) == ["<h2>", "<h3>", "<h2>"]
    assert re.findall(r"</?h\d>", to_html("### Only\n\nwords")) == ["<h2>", "</h2>"]


def test_a_table_scrolls_by_itself_and_aligns_without_styles():
    html = to_html("| Food | mg |\n| --- | ---: |\n| Omena | 5 |")
    assert '<div class="table" tabindex="0"><table>' in html
    assert '<th scope="col" class="end">mg</th>' in html or '<th class="end" scope="col">mg</th>' in html
    assert '<td class="end">5</td>' in html and "style" not in html


def test_links_to_others_are_noopener_and_ours_are_plain():
    html = to_html("[WHO](https://www.who.int/x) [ours](/articles/x/) [part](#y) <https://moh.go.ke>")
    assert html.count('rel="noopener"') == 2 and "nofollow" not in html and "target" not in html
    assert '<a href="/articles/x/">ours</a>' in html and '<a href="#y">part</a>' in html


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "&#106;avascript:alert(1)"),
        *("data:text/html,<script>alert(1)</script>", "data:image/png;base64,AAAA", "vbscript:x", "file:///etc/passwd"),
        *("//evil.test/x", "\\\\evil.test", "https:evil", "https://", "http:///x", "ftp://x.test/"),
        *("x.html", "../up", "https://[::1", "mailto:", "\x01javascript:alert(1)"),
    ],
)
def test_a_link_that_leads_astray_is_none(address):
    for text in (f"[words](<{address}>)", f"[words]({address})", f"<{address}>", f"[words][1]\n\n[1]: {address}"):
        html = to_html(text)
        assert "<a " not in html, (text, html)
        assert_harmless(html)


def test_a_backslash_leads_to_no_other_host():
    assert to_html("[x](</\\evil.test>)") == '<p><a href="/%5Cevil.test">x</a></p>\n'
    assert not markdown.is_allowed("/\\evil.test")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "words <b onclick=x>bold</b> words",
        "<!-- hidden --> <style>body{display:none}</style>",
        "<svg/onload=alert(1)>",
        "`<script>`\n\n```html\n<script>alert(1)</script>\n```\n\n    <script>",
        '[a](https://x.test "\\"><script>alert(1)</script>")',
        '[a](https://x.test/"onmouseover=alert(1)//)',
        "<a href=javascript:alert(1)>x</a>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    ],
)
def test_html_in_a_text_is_text(text):
    html = to_html(text)
    assert_harmless(html)
    assert "<script" not in html and "<img" not in html and "<svg" not in html and "<iframe" not in html


def test_pictures_are_their_words_and_are_noticed():
    text = "before ![a **red** heart](https://evil.test/pixel.gif) after"
    html = to_html(text)
    assert "<img" not in html and "evil.test" not in html and "a red heart" in html
    assert has_pictures(text) and not has_pictures("`![not](one)` and \\![neither](https://x.test)")


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("<>[]()!*_`~#|-+:&;\"'/\\\n\t ajx1=.")), max_size=120))
def test_no_text_becomes_anything_but_what_is_allowed(text):
    assert_harmless(to_html(text))


NESTED = {
    "quotes": ">" * 20_000,
    "quotes with spaces": "> " * 20_000 + "x",
    "lists": "- " * 20_000 + "x",
    "numbered lists": "1. " * 15_000 + "x",
    "lists that indent": "\n".join("  " * n + "- x" for n in range(300)),
    "brackets": "[" * 50_000,
    "brackets both": "[" * 25_000 + "]" * 25_000,
    "links half open": "[a](" * 15_000,
    "links in angle brackets": "[a](<b" * 9_000,
    "stars": "*" * 50_000,
    "stars with words": "*a " * 20_000,
    "stars of two kinds": "*a **b " * 8_000,
    "underscores": "_a __b " * 8_000,
    "ticks": "".join("`" * n + " " for n in range(1, 300)),
    "pictures": "![" * 25_000,
    "entities": "&" * 50_000,
    "angles": "<" * 50_000,
    "angles with letters": "<a " * 19_000,
    "declarations": "<!A " * 14_000,
    "comments": "<!--" * 14_000,
    "backslashes": "\\" * 50_000,
    "references": "".join(f"[a{n}]: /x\n" for n in range(4_000)),
    "references used": "[a]: /x\n\n" + "[a]" * 15_000,
    "references to a long address": "[a]: /" + "a" * 30_000 + "\n\n" + "[a] " * 7_400,
    "references with a long title": "[a]: /x '" + "a" * 30_000 + "'\n\n" + "[a] " * 7_000,
    "tables of empty cells": "|" * 1_000 + "\n" + "|-" * 1_000 + "|\n" + "a\n" * 20_000,
    "tables": "|" * 1_000 + "\n" + "|-" * 1_000 + "|\n" + ("|" * 1_000 + "\n") * 40,
    "rules": "---\n" * 12_000,
    "headings": "# a\n" * 12_000,
    "lines": "\n" * 59_000,
    "underlined": "a\n=\n" * 12_000,
    "spaces": " " * 59_000 + "x",
    "one letter": "a" * 59_000,
}


@pytest.mark.parametrize("kind", NESTED)
def test_a_text_made_to_be_slow_is_not(kind):
    began = time.process_time()
    html = to_html(NESTED[kind])
    took = time.process_time() - began
    assert_harmless(html)
    # A common article takes some milliseconds; what is made to hurt may take a second of the processor, not a minute.
    assert took < 3, f"{took:.1f} s"
    assert len(html) < 50 * MOST_CHARACTERS, len(html)


def test_beyond_the_most_nothing_is_read():
    began = time.process_time()
    assert "THE END" not in to_html("word " * 300_000 + "THE END")
    assert time.process_time() - began < 3
    assert len(to_text("a" * 100_000)) == MOST_CHARACTERS


def test_the_words_alone():
    text = (
        "## Head *ing*\n\n- one [link](https://x.test/far/away)\n- two  \n\n| a | b |\n| - | - |\n| c | d |\n\n`code`"
    )
    assert to_text(text).split("\n") == ["Head ing", "one link", "two", "a", "b", "c", "d", "code"]


@pytest.mark.parametrize(("count", "minutes"), [(0, 1), (1, 1), (299, 1), (300, 2), (700, 4), (2000, 10)])
def test_the_reading_time_is_whole_minutes_of_two_hundred_words(count, minutes):
    assert reading.minutes("maji " * count) == minutes


def test_marks_and_addresses_are_no_words():
    assert (
        reading.words("## One **two**\n\n- [three](https://a.test/four/five) – six\n\n---\n\n| seven | 8 |\n|---|---|")
        == 6
    )
