"""The page of an article, its feed and its place in the site map."""

import re
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.directory import sitemap
from accounts.models import Doctor
from content.models import Article
from tests import factories
from tests.content.conftest import NOW, make_article, make_author

pytestmark = pytest.mark.usefixtures("_clock")


def body(response) -> str:
    return response.content.decode()


def test_the_page_shows_the_text_who_wrote_it_who_reviewed_it_and_what_it_rests_on(at_platform, shelf):
    response = at_platform().get("/articles/high-blood-pressure/")
    html = body(response)
    assert response.status_code == 200
    assert "<strong>nothing</strong>" in html and "<h2>Babies</h2>" in html
    assert 'href="/articles/authors/wairimu-kamau/"' in html
    assert f'href="/doctors/{shelf.doctor.pk}/"' in html and "Dr Achieng Njoroge" in html and "Paediatrician" in html
    assert "14 Nov 2026" in html  # reviewed
    assert "World Health Organization" in html and 'href="https://www.who.int/hypertension"' in html
    assert "does not replace a visit" in html
    assert "1&nbsp;minute" in html or "1 minute" in html
    assert 'href="/articles/?tag=blood%20pressure&amp;language=en"' in html
    assert shelf.heart.title in html  # a related one: it shares a tag
    assert "Content-Security-Policy" in response and "unsafe-inline" not in response["Content-Security-Policy"]
    assert not re.findall(r"<script(?![^>]+src=)", html) and " style=" not in html


def test_search_engines_and_previews_get_absolute_addresses(at_platform, shelf):
    html = body(at_platform().get("/articles/high-blood-pressure/?utm_source=x"))
    origin = re.search(
        r'rel="canonical" href="(http://precta\.localhost(?::\d+)?)/articles/high-blood-pressure/"', html
    )
    assert origin is not None
    assert f'<link rel="alternate" hreflang="sw" href="{origin[1]}/articles/shinikizo-la-damu/">' in html
    assert f'<link rel="alternate" hreflang="en" href="{origin[1]}/articles/high-blood-pressure/">' in html
    assert f'property="og:url" content="{origin[1]}/articles/high-blood-pressure/"' in html
    assert 'property="og:type" content="article"' in html and 'name="twitter:card"' in html
    assert 'itemtype="https://schema.org/Article"' in html and 'itemprop="datePublished"' in html


def test_a_picture_comes_in_sizes_and_as_a_card_for_previews(at_platform, shelf):
    base = "/pictures/articles/" + "a" * 40
    Article.objects.filter(pk=shelf.malaria.pk).update(
        featured_image_url=f"{base}-1600.webp", featured_image_alt="A net over a bed"
    )
    html = body(at_platform().get("/articles/preventing-malaria/"))
    assert f'srcset="{base}-480.webp 480w, {base}-960.webp 960w, {base}-1600.webp 1600w"' in html
    assert 'alt="A net over a bed"' in html
    assert re.search(rf'property="og:image" content="http://precta\.localhost(:\d+)?{base}-card\.jpg"', html)


def test_the_translation_is_one_link_away_unless_nobody_may_see_it(at_platform, shelf):
    assert 'href="/articles/shinikizo-la-damu/"' in body(at_platform().get("/articles/high-blood-pressure/"))
    Article.objects.filter(pk=shelf.presha.pk).update(status="draft")
    html = body(at_platform().get("/articles/high-blood-pressure/"))
    assert "shinikizo" not in html and "hreflang" not in html


def test_the_article_keeps_its_language_on_a_page_of_another(at_platform, shelf):
    html = body(at_platform().get("/articles/shinikizo-la-damu/"))
    assert '<html lang="en"' in html and '<article class="reading" lang="sw"' in html


def test_drafts_and_scheduled_ones_are_not_there_and_archived_ones_are_gone(at_platform, shelf, cast):
    for user in (None, cast.patient.user, cast.admin):
        client = at_platform(user)
        assert client.get("/articles/draft/").status_code == 404
        assert client.get("/articles/soon/").status_code == 404
        gone = client.get("/articles/once/")
        assert gone.status_code == 410 and "put away" in body(gone) and "Plain words" not in body(gone)


def test_an_archived_draft_that_was_never_seen_is_not_there(at_platform, shelf):
    Article.objects.filter(pk=shelf.hidden.archived.pk).update(published_at=None)
    assert at_platform().get("/articles/once/").status_code == 404


def test_other_spellings_of_an_address(at_platform, shelf):
    client = at_platform()
    capital = client.get("/articles/High-Blood-PRESSURE/")
    assert (capital.status_code, capital["Location"]) == (301, "/articles/high-blood-pressure/")
    assert client.get("/articles/high-blood-pressure").status_code == 301
    assert client.get("/articles/DRAFT/").status_code == 404
    for address in ("/articles/no-such/", "/articles/a%00b/", "/articles/..%2f/", "/articles/" + "a" * 9000 + "/"):
        assert client.get(address).status_code == 404
    assert client.post("/articles/high-blood-pressure/").status_code in {403, 405}
    assert client.head("/articles/high-blood-pressure/").status_code == 200


def test_a_reviewer_who_left_is_named_but_not_linked(at_platform, shelf):
    Doctor.objects.filter(pk=shelf.doctor.pk).update(verification_status="rejected")
    html = body(at_platform().get("/articles/high-blood-pressure/"))
    assert "Dr Achieng Njoroge" in html and f"/doctors/{shelf.doctor.pk}/" not in html


def test_whatever_is_in_an_article_is_text(at_platform, shelf):
    make_article(
        '"><script>alert(1)</script>',
        "<script>alert(2)</script> [x](javascript:alert(3))",
        slug="bad",
        excerpt='"><img src=x onerror=alert(4)>',
        tags=["<b>&"],
        sources=[{"publisher": "<i>", "title": "</a><script>", "url": 'https://a.test/"onclick=x'}],
    )
    html = body(at_platform().get("/articles/bad/"))
    assert (
        "<script>alert" not in html
        and 'href="javascript:' not in html
        and "<img src=x" not in html
        and "<i>" not in html
    )


def test_related_ones_share_most_tags_or_the_category(at_platform, shelf):
    two = make_article("Two tags", tags=["heart", "salt"], category="news", published_at=NOW - timedelta(days=400))
    html = body(at_platform().get("/articles/high-blood-pressure/"))
    related = html[html.index("Read on") :]
    assert related.index(two.title) < related.index(shelf.heart.title)
    assert shelf.hidden.draft.title not in related and shelf.presha.title not in related
    for number in range(60):
        make_article(f"Many {number}", tags=["heart", "salt"])
    with CaptureQueriesContext(connection) as seen:
        at_platform().get("/articles/high-blood-pressure/")
    assert len([q for q in seen if "search_path" not in q["sql"]]) <= 4, [q["sql"][:150] for q in seen]


# For feed readers


def test_the_feed_of_each_language(at_platform, shelf):
    make_article('Cholera & "water" <now>', excerpt="Line \x0b of & <b>", tags=["a & b"], published_at=NOW)
    for language, expected in (("en", 4), ("sw", 1), ("xx", 4)):
        response = at_platform().get(f"/articles/feed.xml?language={language}")
        assert response["Content-Type"].startswith("application/rss+xml")
        channel = ET.fromstring(response.content).find("channel")
        items = channel.findall("item")
        assert len(items) == expected
        assert all(item.findtext("link").startswith("http://precta.localhost") for item in items)
        assert channel.findtext("language") == ("sw" if language == "sw" else "en")
    first = ET.fromstring(at_platform().get("/articles/feed.xml").content).find("channel/item")
    assert first.findtext("title") == 'Cholera & "water" <now>'
    assert first.findtext("description") == "Line of & <b>"


def test_the_feed_has_only_what_readers_may_see(at_platform, shelf):
    xml = body(at_platform().get("/articles/feed.xml", HTTP_HOST="precta.localhost"))
    assert not any(title in xml for title in ("Malaria draft", "Malaria soon", "Malaria once"))


# For search engines


def test_articles_are_on_the_site_map_with_their_last_change(at_platform, shelf):
    xml = body(at_platform().get("/sitemap.xml"))
    assert re.search(r"/articles/high-blood-pressure/</loc><lastmod>20\d\d-\d\d-\d\dT[\d:.]+\+00:00</lastmod>", xml)
    assert "/articles/authors/wairimu-kamau/</loc>" in xml and "/articles/?language=sw</loc>" in xml
    assert "/articles/</loc>" in xml and "language=en" not in xml
    assert not any(f"/articles/{slug}/" in xml for slug in ("draft", "soon", "once"))
    ET.fromstring(xml)


def test_an_author_is_told_to_search_engines_once_something_of_theirs_is_published(at_platform, shelf):
    user = factories.make_user()
    make_author("Not Yet", slug="not-yet", user=user)
    make_article("Later", author=user, published_at=NOW + timedelta(days=1))
    assert "not-yet" not in body(at_platform().get("/sitemap.xml"))
    assert 'content="noindex"' in body(at_platform().get("/articles/authors/not-yet/"))
    make_article("Now", author=user)
    assert "/articles/authors/not-yet/</loc>" in body(at_platform().get("/sitemap.xml"))
    assert 'content="noindex"' not in body(at_platform().get("/articles/authors/not-yet/"))


def test_nobody_says_that_each_article_was_checked_by_a_doctor(at_platform, shelf):
    for path in ("/articles/", "/articles/feed.xml"):
        assert "checked by doctors" not in body(at_platform().get(path))


def test_a_site_map_too_long_for_one_file_is_given_in_parts(at_platform, shelf, monkeypatch):
    whole = re.findall(r"<loc>(.*?)</loc>", body(at_platform().get("/sitemap.xml")))
    monkeypatch.setattr(sitemap, "MOST", 7)
    index = body(at_platform().get("/sitemap.xml"))
    assert "<sitemapindex" in index
    parts = re.findall(r"<loc>[^<]*(\?page=\d+)</loc>", index)
    assert len(parts) == -(-len(whole) // 7)
    together = [
        address
        for part in parts
        for address in re.findall(r"<loc>(.*?)</loc>", body(at_platform().get("/sitemap.xml" + part)))
    ]
    assert together == whole
    for page in ("0", "-1", "999", "x", "²", "9" * 40, "%00"):
        assert at_platform().get(f"/sitemap.xml?page={page}").status_code == 404
