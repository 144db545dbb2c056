import re
from pathlib import Path

import django.contrib.admin
import pytest
from django.conf import settings

from clinics.admin_menu import GROUPS, PLACES
from clinics.admin_sites import clinic_admin, platform_admin
from precta.icons import icon

DJANGOS = Path(django.contrib.admin.__file__).parent / "templates/admin"
OURS = Path(settings.BASE_DIR) / "templates/admin"
BLOCK = re.compile(r"{% block ([\w-]+)")


def blocks(path: Path) -> set[str]:
    return set(BLOCK.findall(path.read_text()))


def test_our_frame_has_every_block_that_djangos_has():
    theirs = blocks(DJANGOS / "base.html")
    assert theirs <= blocks(OURS / "base.html") | blocks(OURS / "base_site.html")


def test_every_place_in_the_menu_is_of_a_group_that_exists_and_has_an_icon():
    for site, places in PLACES.items():
        for label, (group, _order, name) in places.items():
            assert group in GROUPS[site], label
            assert icon(name)


@pytest.fixture
def pages(cast, at_admin, at_clinic):
    """Every list of both sites, and the first pages."""
    console, desk = at_admin(cast.admin), at_clinic(cast.uzima, cast.owner)
    made = [("/", console.get("/")), ("/admin/", desk.get("/admin/"))]
    for site, client, start in ((platform_admin, console, "/"), (clinic_admin, desk, "/admin/")):
        for model in site._registry:
            url = start + model._meta.label_lower.replace(".", "/") + "/"
            made.append((url, client.get(url, follow=True)))
    return [(url, answer.content.decode()) for url, answer in made]


def test_no_page_has_anything_inline_or_of_djangos_own_sheets(pages):
    for url, page in pages:
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page), url
        assert "admin/css/" not in page and "jquery" not in page, url


def test_every_page_offers_language_theme_and_signing_out(pages):
    for url, page in pages:
        assert 'name="language"' in page and "data-theme-switch" in page and 'id="logout-form"' in page, url
        assert page.count("<h1") == 1, url


def test_the_chosen_theme_is_there_from_the_first_byte(cast, at_admin):
    client = at_admin(cast.admin)
    assert "data-theme" not in client.get("/").content.decode()[:300].replace("data-theme-switch", "")
    client.cookies["precta_theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/").content.decode()[:400]


def test_states_are_badges_and_amounts_are_money(cast, at_clinic):
    page = at_clinic(cast.uzima, cast.owner).get("/admin/accounts/doctor/").content.decode()
    assert '<span class="badge ok">Verified</span>' in page
    assert "KES\u00a02,500" in page
    assert 'data-label="Fee"' in page
