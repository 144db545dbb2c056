"""The style guide and the choices, as a browser shows them."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def home(live_server, settings):
    settings.PUBLIC_PORT = live_server.thread.port
    return f"http://{settings.PLATFORM_HOST}:{settings.PUBLIC_PORT}"


@pytest.fixture
def open_page(chromium, home):
    contexts = []

    def open_(path, **options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda m: page.complaints.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(home + path)
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_serious_in_the_style_guide(open_page, scheme, width):
    page = open_page("/styleguide/", color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
    found = [v for v in Axe().run(page).response["violations"] if v["impact"] in {"serious", "critical"}]
    assert not found, [(v["id"], v["nodes"][0]["html"]) for v in found]


@pytest.mark.parametrize("path", ["/styleguide/", "/help/", "/styleguide/404/"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_page_scrolls_sideways_and_the_policy_refuses_nothing(open_page, path, width):
    page = open_page(path, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert not page.complaints


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_colours_are_chosen_and_stay(open_page, home, scripts):
    page = open_page("/help/", java_script_enabled=scripts, color_scheme="light")
    page.click("[data-theme-switch] [value=dark]")
    page.wait_for_selector("html[data-theme=dark]", state="attached")
    if scripts:
        page.wait_for_load_state("networkidle")
    page.goto(home + "/terms/")
    assert page.get_attribute("html", "data-theme") == "dark"


def test_the_language_changes_where_one_stands_without_scripts(open_page):
    page = open_page("/help/", java_script_enabled=False)
    page.click("button[value=sw] >> visible=true")
    assert page.url.endswith("/help/")
    assert page.get_attribute("html", "lang") == "sw"


def test_the_phone_menu_closes_on_escape_and_gives_the_focus_back(open_page):
    page = open_page("/help/", viewport={"width": 360, "height": 700})
    page.click("details.pop > summary >> visible=true")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert page.evaluate("document.querySelector('details.pop[open]')") is None
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_a_dialog_opens_over_the_page_and_closes_again(open_page):
    page = open_page("/styleguide/")
    page.click("[data-dialog=sample-dialog]")
    assert page.is_visible("#sample-dialog")
    page.click("[data-dialog-close]")
    assert not page.is_visible("#sample-dialog")


def test_colours_change_at_once_for_those_who_asked_for_less_motion(open_page):
    page = open_page("/styleguide/", reduced_motion="reduce", color_scheme="light")
    page.emulate_media(color_scheme="dark")
    moving = """() => new Promise(done => {
        const seen = new Set();
        let frames = 0;
        const look = () => {
            document.getAnimations().forEach(a => a.transitionProperty && seen.add(a.transitionProperty));
            ++frames < 10 ? requestAnimationFrame(look) : done([...seen]);
        };
        look();
    })"""
    assert page.evaluate(moving) == []
