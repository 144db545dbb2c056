"""What moderators should not overlook is marked, in both languages, and nothing of a text is ever markup."""

import pytest

from content.review_marks import Kind, abusive, findings, marked

NAMES = ("Achieng Njoroge", "Juma Wa Kamau", "Hassan")


def found(text):
    return [(text[one.start : one.end], one.kind) for one in findings(text, NAMES)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr Achieng was kind", [("Achieng", Kind.NAME)]),
        ("ACHIÉNG’s hands, and NJOROGE", [("ACHIÉNG’s", Kind.NAME), ("NJOROGE", Kind.NAME)]),
        ("kamau, not Kamaus", [("kamau", Kind.NAME)]),
        ("Wa is too short", []),
        ("call 0712 345 678", [("0712 345 678", Kind.PHONE)]),
        ("+254-712-345.678!", [("+254-712-345.678", Kind.PHONE)]),
        ("٠٧١٢٣٤٥٦٧٨", [("٠٧١٢٣٤٥٦٧٨", Kind.PHONE)]),
        ("on 2026-03-02 at 14:30, KES 2,500", []),
        ("me.x@example.co.ke", [("me.x@example.co.ke", Kind.EMAIL)]),
        ("me at gmail dot com", [("me at gmail dot com", Kind.EMAIL)]),
        ("see https://t.me/x and wa.me/254", [("https://t.me/x", Kind.LINK), ("wa.me/254", Kind.LINK)]),
        ("go to daktari.co.ke now", [("daktari.co.ke", Kind.LINK)]),
        ("an IDIOT", [("IDIOT", Kind.ABUSE)]),
        ("stup1d, stuuupid, stu*id", [("stup1d", Kind.ABUSE), ("stuuupid", Kind.ABUSE), ("stu*id", Kind.ABUSE)]),
        ("s t u p i d", [("s t u p i d", Kind.ABUSE)]),
        ("Daktari ni mjinga na MWIZI", [("mjinga", Kind.ABUSE), ("MWIZI", Kind.ABUSE)]),
        ("mavi ya kuku", [("mavi ya kuku", Kind.ABUSE)]),
        ("ng'ombe", [("ng'ombe", Kind.ABUSE)]),
        ("a class, assessed as classic; a passing glass", []),
        ("shukrani nyingi, alinisikiliza vizuri", []),
        ("", []),
    ],
)
def test_what_is_marked(text, expected):
    assert found(text) == expected


def test_every_part_is_escaped():
    html = marked('<img src=x onerror=alert(1)> <b>Achieng</b> "idiot"\n& more', NAMES)
    assert "<img" not in html and "<b>" not in html
    assert '<mark class="name" title="name">Achieng</mark>' in html
    assert "&quot;<mark" in html and "<br>&amp; more" in html


@pytest.mark.parametrize(
    "text", ["a" * 2000, "1 " * 1000, "a.b@" * 500, "x@" + "a-" * 900, "*" * 2000, "a " * 1000, "..." * 600]
)
def test_no_text_takes_long(text):
    from time import perf_counter

    start = perf_counter()
    findings(text, NAMES)
    assert perf_counter() - start < 1


def test_both_lists_are_read_folded():
    words, _short, phrases = abusive()
    assert {"idiot", "mjinga", "nyangau"} <= words
    assert ("kuma", "nina") in phrases
    assert all(word == word.casefold() and " " not in word for word in words)
