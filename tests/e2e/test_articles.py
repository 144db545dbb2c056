"""A reader in the browser: finds an article by its words, reads it in both languages, and is counted."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe

from content.models import Article, Author
from precta import clock
from tests import factories
from tests.browser import PHONE
from tests.e2e.test_pages import SERIOUS
from tests.live.stack import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
SOURCES = [
    {"publisher": "World Health Organization", "title": "Cholera", "url": "https://www.who.int/"},
    {"publisher": "Ministry of Health, Kenya", "title": "Guidelines", "url": "https://www.health.go.ke"},
]


@pytest.fixture
def pair(scene):
    """An article in both languages, reviewed by a doctor of the scene."""
    doctor = scene.doctor()
    number = Article.objects.count()
    author, _new = Author.objects.get_or_create(
        user=factories.make_user(), defaults={"name": "Wairimu Kamau", "slug": f"wairimu-{number}"}
    )
    shared = {
        "category": "disease",
        "topic": f"cholera-{number}",
        "status": "published",
        "published_at": clock.now() - timedelta(days=1),
        "sources": SOURCES,
        "author": author.user,
        "reviewed_by": doctor,
        "reviewed_at": clock.now().date(),
        "reading_minutes": 4,
    }
    body = (
        "Drink **oral rehydration salts** at once.\n\n## Danger signs\n\n- Sunken eyes\n- No urine\n\n"
        + "Water. " * 300
    )
    english = Article.objects.create(
        title=f"Zebrapox and clean water, part {number}",
        slug=f"zebrapox-{number}",
        language="en",
        body=body,
        excerpt="Losing water kills.",
        tags=["zebrapox", "water"],
        **shared,
    )
    swahili = Article.objects.create(
        title=f"Zebrapoksi na maji safi, sehemu ya {number}",
        slug=f"zebrapoksi-{number}",
        language="sw",
        body="Kunywa ORS mara moja.\n\n## Dalili za hatari\n\n- Macho yaliyozama",
        excerpt="Kupoteza maji huua.",
        tags=["maji"],
        **shared,
    )
    return english, swahili


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_an_article_is_found_read_in_both_languages_and_counted(visitor, live, pair, scripts):
    english, swahili = pair
    v = visitor(None, java_script_enabled=scripts, viewport=PHONE)
    v.go("/articles/")
    page = v.page
    page.get_by_label("What would you like to know?").fill("zebrap")
    page.get_by_role("button", name="Search").click()
    page.locator("mark", has_text="Zebrapox").first.wait_for()
    if scripts:
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name=english.title).click()
    page.get_by_role("heading", name="Danger signs").wait_for()
    assert page.get_by_text("Medically reviewed by").is_visible()
    assert page.get_by_text("World Health Organization").first.is_visible()
    assert page.get_by_role("button", name="Copy the link").count() in ({0, 1} if scripts else {0})
    if scripts:
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name=swahili.title).click()
    page.get_by_role("heading", name="Dalili za hatari").wait_for()
    page.go_back()
    live.send_task("content.tasks.flush_views")
    read = Article.objects.filter(pk__in=[english.pk, swahili.pk]).values_list("slug", "view_count")
    until(lambda: dict(read.all()) == {english.slug: 1, swahili.slug: 1}, lambda: str(dict(read.all())))


def serious(page):
    found = Axe().run(page).response["violations"]
    return [one["id"] for one in found if one["impact"] in SERIOUS]
