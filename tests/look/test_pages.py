"""The pages that appear when something is wrong, and the small choices that every page offers."""

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import translation

from precta import icons
from precta.templatetags.look import avatar_tone, initials, minutes, status_icon, status_tone
from precta.views.styleguide import WHOLE_PAGES

PLATFORM = "precta.localhost"


@pytest.fixture
def browser(settings):
    return Client(headers={"host": settings.PLATFORM_HOST})


@pytest.mark.parametrize("page", sorted(WHOLE_PAGES))
@pytest.mark.parametrize("language", ["en", "sw"])
def test_an_error_page_can_be_drawn_without_any_context(page, language):
    with translation.override(language):
        html = render_to_string(f"{page}.html")
    assert "<h1" in html
    assert "</html>" in html
    assert "<c-" not in html


def test_the_page_of_a_failure_asks_neither_database_nor_session():
    request = RequestFactory().get("/")
    assert "<form" not in render_to_string("500.html", request=request)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/privacy/", "/terms/", "/help/", "/styleguide/"])
def test_a_standing_page_opens_for_anyone(browser, path):
    response = browser.get(path)
    assert response.status_code == 200
    assert b"<c-" not in response.content


@pytest.mark.django_db
def test_the_language_is_remembered_on_every_host_of_the_portal(browser, settings):
    response = browser.post("/language/", {"language": "sw", "next": "/help/"})
    assert response.status_code == 302
    assert response["Location"] == "/help/"
    cookie = response.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert cookie.value == "sw"
    assert cookie["domain"] == f".{settings.PLATFORM_HOST}"
    assert 'lang="sw"' in browser.get("/help/").content.decode()


@pytest.mark.django_db
def test_an_unknown_language_changes_nothing(browser, settings):
    response = browser.post("/language/", {"language": "xx"})
    assert settings.LANGUAGE_COOKIE_NAME not in response.cookies


@pytest.mark.django_db
@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil"])
def test_a_choice_never_leads_out_of_the_portal(browser, target):
    assert browser.post("/theme/", {"theme": "dark", "next": target})["Location"] == "/"


@pytest.mark.django_db
def test_the_colours_are_remembered_and_forgotten(browser):
    assert 'data-theme="dark"' not in browser.get("/help/").content.decode()
    browser.post("/theme/", {"theme": "dark"})
    assert 'data-theme="dark"' in browser.get("/help/").content.decode()
    browser.post("/theme/", {"theme": "auto"})
    assert "data-theme=" not in browser.get("/help/").content.decode().partition(">\n<head")[0]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/language/", "/theme/"])
def test_a_choice_is_made_by_post_only(browser, path):
    response = browser.get(path, headers={"accept": "text/html"})
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert "<h1" in response.content.decode()


@pytest.mark.django_db
def test_a_form_that_is_too_large_gets_a_page_that_says_so(browser, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    response = browser.post("/theme/", {"theme": "dark" * 100}, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 413
    assert "<h1" in response.content.decode()


def test_an_icon_is_skipped_by_screen_readers_and_an_unknown_one_is_an_error():
    assert 'aria-hidden="true"' in icons.icon("map-pin")
    with pytest.raises(icons.UnknownIcon):
        icons.icon("no-such-icon")


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Dr Achieng Njoroge", "AN"), ("Wanjiru", "W"), ("amina.hassan@example.com", "AH"), ("", "·"), (None, "·")],
)
def test_an_avatar_without_a_picture_shows_initials(name, letters):
    assert initials(name) == letters
    assert avatar_tone(name) == avatar_tone(name)


def test_a_completed_payment_is_good_news_and_a_completed_visit_is_simply_past():
    assert status_tone("completed", "payment") == "ok"
    assert status_tone("completed") == ""
    assert status_icon("unheard of") == ""


@pytest.mark.parametrize(("seconds", "clock"), [(41, "0:41"), (900, "15:00"), (-3, "0:00"), (None, "0:00"), ("x", "")])
def test_a_clock_runs_down_in_minutes_and_seconds(seconds, clock):
    assert minutes(seconds) == clock
