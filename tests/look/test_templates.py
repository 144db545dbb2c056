"""What the content security policy and the family ask of every template."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders

from precta import icons

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


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_every_icon_exists(path):
    text = path.read_text()
    names = re.findall(r"""{%\s*icon\s+["']([\w-]+)["']""", text)
    names += re.findall(r"""<c-[\w.-]+[^>]*\sicon=["']([\w-]+)["']""", text)
    for name in names:
        icons.icon_body(name)


def test_no_third_partys_drawing_is_kept_in_the_repository():
    assert [path.name for path in (ROOT / "static").rglob("*.svg")] == ["icon.svg"]
