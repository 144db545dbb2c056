"""What the content security policy and the family ask of every template."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders

from accounts import specialties
from content import cards
from precta import icons, navigation
from precta.templatetags import look

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted(
    path
    for folder in (ROOT / "templates", ROOT / "precta")
    for path in folder.rglob("*.html")
    if ".venv" not in path.parts
)
PAGES = [path for path in TEMPLATES if "emails" not in path.parts and "email" not in path.parts]
ids = [str(path.relative_to(ROOT)) for path in PAGES]


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_nothing_is_inline(path):
    text = path.read_text()
    assert not re.search(r"<style[\s>]", text)
    assert not re.search(r"""\sstyle\s*=\s*["']""", text)
    assert not re.search(r"""<[^>]+\son[a-z]+\s*=\s*["']""", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)(?![^>]*application/(?:ld\+)?json)", text)
    assert "javascript:" not in text


@pytest.fixture(scope="module")
def collected():
    ignored = apps.get_app_config("staticfiles").ignore_patterns
    return {path for finder in get_finders() for path, _storage in finder.list(ignored)}


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_every_file_that_is_named_is_collected(path, collected):
    assert set(re.findall(r"""{%\s*static\s+["']([^"']+)["']""", path.read_text())) <= collected


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_nothing_comes_from_another_host(path):
    assert not re.search(r"""<(?:script|link|img|iframe)[^>]+(?:src|href)=["']https?://""", path.read_text())


def icons_of_the_templates():
    for path in TEMPLATES:
        text = path.read_text()
        yield from re.findall(r"""{%\s*icon\s+["']([\w-]+)["']""", text)
        yield from re.findall(r"""<c-[\w.-]+[^>]*\sicon=["']([\w-]+)["']""", text)


def icons_of_the_code():
    """What menus, statuses, fields of medicine, topics, and everything that is made with `icon="…"` say."""
    yield from (entry.icon for menu in navigation.MENUS.values() for entry in menu)
    yield from (name for _tone, name in look.MONEY_STATUS.values())
    yield from (look.tone_icon(tone) for tone in ("ok", "warn", "bad", ""))
    yield from (specialty.icon for specialty in specialties.ALL)
    yield from cards.ICONS.values()
    for folder in ("precta", "clinics", "accounts", "appointments", "pharmacy", "content"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.keyword) and node.arg == "icon" and isinstance(node.value, ast.Constant):
                    yield node.value.value


@pytest.mark.parametrize("names", [icons_of_the_templates, icons_of_the_code])
def test_every_icon_exists(names):
    asked = sorted(set(names()))
    assert len(asked) > 40
    for name in asked:
        assert icons.icon_body(name)


def test_no_third_partys_drawing_is_kept_in_the_repository():
    assert [path.name for path in (ROOT / "static").rglob("*.svg")] == ["icon.svg"]
