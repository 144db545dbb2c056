"""An editor writes an article and looks at it, readers find it; with scripts and without."""

import re
from datetime import timedelta

import pytest
from django.utils.timezone import localtime

from content.models import Article
from precta import clock, hosts
from precta.ids import new_id
from tests import factories
from tests.browser import PHONE
from tests.content.writing import make_author
from tests.files.corpus import picture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

BODY = "## Why water\n\n" + "Water carries everything that the body needs to where it is needed. " * 16
SOURCES = [
    ("World Health Organization", "Drinking-water", "https://www.who.int/news-room/fact-sheets/detail/drinking-water"),
    ("Ministry of Health, Kenya", "Safe water", "https://www.health.go.ke/water"),
]


def write(page, title, language="en"):
    page.fill("#id_title", title)
    page.fill("#id_excerpt", "How much is enough, and when to drink more.")
    page.fill("#id_body", BODY + "\n\n- boil it\n- let it stand\n\n<script>alert(1)</script>")
    page.select_option("#id_language", language)
    page.select_option("#id_category", "nutrition")
    page.fill("#id_tags", "Water, #Heat")
    for number, source in enumerate(SOURCES):
        for name, value in zip(("publisher", "title", "url"), source, strict=True):
            page.fill(f"#id_s-{number}-{name}", value)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_an_article_is_written_looked_at_published_and_read(scene, visitor, scripts):
    title = f"Water for a hot day {new_id()[:6]}"
    editor = factories.make_user(role="admin")
    make_author(editor, name="Njeri Mwangi", slug=f"njeri-{new_id()[:6]}")
    e = visitor(viewport=PHONE, java_script_enabled=scripts)
    e.sign_in_as(scene.live.session_of(editor, at_admin=True), at_admin=True)
    e.go("/content/article/", hosts.admin_host())
    e.page.locator(".object-tools .addlink").click()
    write(e.page, title)
    if scripts:
        e.page.locator("#preview li", has_text="let it stand").wait_for()
    e.press("Preview")
    assert "Nothing is saved yet." in e.text and "<script>alert(1)</script>" in e.text
    assert e.page.locator(".article-text h2", has_text="Why water").count()
    assert not Article.objects.filter(title=title).exists()

    upload = {"name": "well.jpg", "mimeType": "image/jpeg", "buffer": picture(size=(1800, 1200))}
    e.page.set_input_files("#id_picture", upload)
    e.expect(400)
    e.page.locator(".submit-row [value=save]").click()
    e.page.wait_for_load_state()
    assert "Say what the picture shows." in e.text and e.page.input_value("#id_title") == title
    e.page.set_input_files("#id_picture", upload)
    e.page.fill("#id_featured_image_alt", "A well in Kitui")
    tomorrow = localtime(clock.now() + timedelta(days=1))
    e.page.fill("#id_at", f"{tomorrow:%Y-%m-%dT08:00}")
    e.press("Schedule")
    assert f"Readers will see it from {tomorrow:%d.%m.%Y}, 08:00 on." in e.text
    article = Article.objects.get(title=title)
    assert article.tags == ["water", "heat"] and article.author_id == editor.pk

    reader = visitor(java_script_enabled=scripts)
    reader.expect(404)
    reader.go(f"/articles/{article.slug}/")
    e.press("Publish now")
    assert "Readers see it now." in e.text
    reader.go("/articles/")
    reader.page.get_by_role("link", name=title).first.click()
    reader.page.wait_for_url(re.compile(article.slug))
    assert "Why water" in reader.text and "Njeri Mwangi" in reader.text and "World Health Organization" in reader.text
    assert reader.page.locator('img[alt="A well in Kitui"]').evaluate("image => image.naturalWidth") > 0

    e.press("Archive it")
    assert "readers no longer see it" in e.text
    reader.expect(410)
    reader.go(f"/articles/{article.slug}/")


def test_two_editors_at_once(scene, visitor):
    first, second = (factories.make_user(role="admin") for _ in range(2))
    title = f"Sleep {new_id()[:6]}"
    pages = []
    for person in (first, second):
        v = visitor()
        v.sign_in_as(scene.live.session_of(person, at_admin=True), at_admin=True)
        pages.append(v)
    one, two = pages
    one.go("/content/article/add/", hosts.admin_host())
    write(one.page, title)
    one.page.locator(".submit-row [value=save]").click()
    one.page.wait_for_url(re.compile("/change/"))
    two.go(one.page.url)
    one.page.fill("#id_excerpt", "What the first one thinks.")
    one.page.locator(".submit-row [value=save]").click()
    one.page.wait_for_load_state()
    two.page.fill("#id_excerpt", "What the second one thinks.")
    two.expect(409)
    two.page.locator(".submit-row [value=save]").click()
    two.page.wait_for_load_state()
    assert "Somebody has saved this article since you opened it." in two.text
    assert two.page.locator(".diff .removed", has_text="first").count() == 1
    assert two.page.input_value("#id_excerpt") == "What the second one thinks."
    two.page.locator(".submit-row [value=save]").click()
    two.page.wait_for_load_state()
    article = Article.objects.get(title=title)
    assert article.excerpt == "What the second one thinks."
    two.page.get_by_role("link", name="3 versions").click()
    two.page.get_by_role("link", name="Version 2").click()
    two.press("Take this version back")
    article.refresh_from_db()
    assert article.excerpt == "What the first one thinks." and article.revisions.count() == 4
