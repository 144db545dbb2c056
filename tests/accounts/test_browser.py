"""Signing up and in as a browser does it, across the portal's hosts, under the strict policy."""

import os
import re
from datetime import date

import pytest

pytest.importorskip("playwright")
from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from playwright.sync_api import sync_playwright

from accounts.models import Guardianship, User
from clinics.models import Membership
from precta import hosts
from precta.devstack.chromium import find_chromium
from tests import factories
from tests.accounts.test_sign_up import code_in

CHROMIUM = find_chromium()  # `make test` sees to it; a bare pytest on a machine without one goes on without these
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(scope="module")
def chromium():
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright keeps an event loop in this thread
    flags = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def browse(chromium, live_server, settings):
    """`browse()` → a page of a fresh browser that writes down every complaint."""
    settings.PUBLIC_PORT = live_server.thread.port
    origins = [f"http://{host}:{settings.PUBLIC_PORT}" for host in ("precta.localhost", "*.precta.localhost")]
    settings.CSRF_TRUSTED_ORIGINS = origins
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": policy | {"form-action": ["'self'", *origins]}}
    contexts = []

    def open_(**options):
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.complaints = []
        page.on("console", lambda m: page.complaints.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        return page

    yield open_
    for context in contexts:
        context.close()


def at(host: str, path: str) -> str:
    return hosts.origin(host) + path


def sign_in(page, email: str) -> None:
    page.fill("[name=login]", email)
    page.fill("[name=password]", factories.PASSWORD)
    page.click("main button[type=submit]")


@pytest.mark.parametrize("scripts", [True, False])
def test_somebody_new_comes_from_a_clinic_and_goes_back_to_it_with_an_account(browse, cast, scripts):
    page = browse(java_script_enabled=scripts)
    page.goto(at("uzima.precta.localhost", "/doctors/?q=Njoroge"))
    page.click(".bar a:has-text('Sign in')")
    page.click("text=Make an account")
    page.fill("[name=first_name]", "Wanjiru")
    page.fill("[name=last_name]", "Kamau")
    page.fill("[name=email]", "wanjiru@example.test")
    page.fill("[name=password1]", "a kettle of blue rain")
    page.check("[name=terms]")
    page.click("main button[type=submit]")
    assert "wanjiru@example.test" in page.inner_text("main")
    page.fill("[name=code]", code_in(mail.outbox[0]))
    page.click("main button:has-text('Confirm')")
    page.wait_for_url(re.compile("uzima"))
    assert page.url == at("uzima.precta.localhost", "/doctors/?q=Njoroge")
    assert page.inner_text(".bar .avatar") == "WK"
    assert page.complaints == []
    assert User.objects.get(email="wanjiru@example.test").email_verified


def test_signing_out_at_a_clinic_signs_out_of_the_portal(browse, cast):
    page = browse()
    page.goto(at("precta.localhost", "/account/login/?next=" + at("uzima.precta.localhost", "/doctors/")))
    sign_in(page, "amina@example.test")
    page.wait_for_url(re.compile("uzima"))
    page.click("summary.avatar")
    page.click(".sheet button:has-text('Sign out')")
    page.wait_for_load_state()
    page.goto(at("precta.localhost", "/me/profile/"))
    assert "/account/login/" in page.url
    assert page.complaints == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_account_pages(browse, cast, width, scheme):
    child = factories.make_patient("Zuri", "Hassan", date_of_birth=date(2020, 5, 1))
    link = Guardianship.objects.create(guardian=cast.patient, child=child)
    page = browse(color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
    serious = {}

    def look(path):
        page.goto(at("precta.localhost", path))
        found = [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in {"serious", "critical"}]
        if found:
            serious[path] = found
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path

    for name in ("login", "signup", "password/reset"):
        look(f"/account/{name}/")
    page.goto(at("precta.localhost", "/account/login/"))
    sign_in(page, "amina@example.test")
    page.wait_for_load_state()
    for name in ("email", "password/change", "sessions", "reauthenticate", "logout"):
        look(f"/account/{name}/")
    for name in ("", "app/", "passkeys/add/"):
        look(f"/account/second-factor/{name}")
    factories.give_second_factor(cast.patient.user)
    page.goto(at("precta.localhost", "/account/second-factor/check/"))
    look("/account/second-factor/check/")
    page.fill("[name=code]", factories.totp_code())
    page.click("main button:has-text('Continue')")
    page.wait_for_load_state()
    for name in ("", "app/remove/", "codes/", "codes/new/", "confirm/"):
        look(f"/account/second-factor/{name}")
    for name in ("profile/", "family/", "family/add/", f"family/{link.pk}/", f"family/{link.pk}/stop/"):
        look(f"/me/{name}")
    assert serious == {}


def pass_second_step(page):
    page.wait_for_url(re.compile("/second-factor/"))
    page.fill("[name=code]", factories.totp_code())
    page.click("main [type=submit], main button:has-text('Continue')")


def test_both_admins_work_under_the_strict_policy(browse, cast):
    for user in (cast.admin, cast.owner):
        factories.give_second_factor(user)
    page = browse()
    page.goto(at("admin.precta.localhost", "/accounts/user/"))
    page.fill("[name=login]", "admin@example.test")
    page.fill("[name=password]", factories.PASSWORD)
    page.click("[type=submit]")
    pass_second_step(page)
    page.wait_for_url(re.compile("/accounts/user/"))
    for path in ("/", "/clinics/clinic/", "/audit/auditlog/", f"/accounts/user/{cast.patient.pk}/change/"):
        page.goto(at("admin.precta.localhost", path))
    page.goto(at("uzima.precta.localhost", "/admin/"))
    assert "/account/login/" in page.url, "the admin host's session must be worth nothing here"
    sign_in(page, "owner@example.test")
    pass_second_step(page)
    page.wait_for_url(re.compile("uzima.*/admin/"))
    page.goto(at("uzima.precta.localhost", "/admin/clinics/clinic/"))
    page.fill("[name=description]", "Family care")
    page.click("[name=_save]")
    page.wait_for_load_state()
    cast.uzima.refresh_from_db()
    assert cast.uzima.description == "Family care"
    page.click("#header summary.avatar")
    page.click("#logout-form button")
    page.wait_for_load_state()
    page.goto(at("uzima.precta.localhost", "/admin/"))
    assert "/account/login/" in page.url
    assert page.complaints == []


def test_one_passkey_signs_in_at_a_clinic_and_at_the_admin_host(browse, cast):
    """A made-up authenticator of the browser's own; the pages' scripts are allauth's."""
    page = browse()
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": kind | {"automaticPresenceSimulation": True}})
    work = at("uzima.precta.localhost", "/admin/")
    Membership.objects.create(user=cast.admin, clinic=cast.uzima, role="front_desk")
    page.goto(at("precta.localhost", "/account/login/?next=" + work))
    sign_in(page, "admin@example.test")
    page.wait_for_url(re.compile("/second-factor/app/"))
    page.click("a:has-text('Use a passkey instead')")
    page.click("#add-passkey")
    page.wait_for_url(re.compile("/second-factor/codes/"))
    page.click("main a:has-text('go on')")
    page.wait_for_url(work)
    page.context.clear_cookies()
    page.goto(at("precta.localhost", "/account/login/?next=" + work))
    sign_in(page, "admin@example.test")
    page.click("#use-passkey")
    page.wait_for_url(work)
    page.goto(at("admin.precta.localhost", "/accounts/user/"))
    page.fill("[name=login]", "admin@example.test")
    page.fill("[name=password]", factories.PASSWORD)
    page.click("[type=submit]")
    page.click("#use-passkey")
    page.wait_for_url(re.compile("/accounts/user/"))
    assert page.complaints == []
