"""Every text that a stylesheet puts on a ground can be read, in both themes."""

import re
from itertools import product
from pathlib import Path

import pytest
from django.conf import settings

CSS = Path(settings.BASE_DIR) / "static" / "css"
TOKENS = (CSS / "tokens.css").read_text()
READABLE = 4.5
SEEN = 3.0

GROUNDS = ("paper", "surface", "sunken")
SOFT = ("brand-soft", "accent-soft", "ok-soft", "warn-soft", "bad-soft")
PAIRS = [
    *product(("ink", "ink-2", "ink-3", "brand", "brand-strong", "accent", "accent-strong", "bad"), GROUNDS),
    *product(("ink", "ink-2"), SOFT),
    ("brand-strong", "brand-soft"),
    ("brand", "brand-soft"),
    ("accent-strong", "accent-soft"),
    ("ok", "ok-soft"),
    ("warn", "warn-soft"),
    ("bad", "bad-soft"),
    ("on-brand", "brand"),
    ("on-brand", "brand-strong"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-bad", "bad"),
    ("on-bad", "bad-strong"),
    ("paper", "ink"),
]


def _block(selector: str) -> dict[str, str]:
    body = re.search(re.escape(selector) + r"\s*\{([^}]*)\}", TOKENS).group(1)
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", body))


LIGHT = _block(":root")
DARK = LIGHT | _block(':root[data-theme="dark"]')


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two `#rrggbb` colours."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read(theme, text, ground):
    assert contrast(theme[text], theme[ground]) >= READABLE


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_the_edge_of_a_control_can_be_seen(theme, ground):
    assert contrast(theme["control"], theme[ground]) >= SEEN


def test_the_devices_dark_and_the_chosen_dark_are_the_same():
    assert _block(':root:not([data-theme="light"])') == _block(':root[data-theme="dark"]')


def test_raw_colours_stand_only_among_the_tokens():
    for sheet in CSS.glob("*.css"):
        if sheet.name != "tokens.css":
            text = sheet.read_text().partition("@media print")[0] if sheet.name == "base.css" else sheet.read_text()
            assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?![\w-]*\s*\{)(?=[;\s,)}])", text), sheet.name


def test_every_custom_property_that_is_used_is_declared():
    declared = set(LIGHT)
    for sheet in CSS.glob("*.css"):
        declared_here = declared | set(re.findall(r"--([\w-]+):", sheet.read_text()))
        unknown = set(re.findall(r"var\(--([\w-]+)", sheet.read_text())) - declared_here
        assert not unknown, (sheet.name, unknown)
