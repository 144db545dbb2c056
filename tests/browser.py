"""One Chromium for the whole run, and people who look at pages with it."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from precta import hosts
from precta.devstack.chromium import find_chromium

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.localhost 127.0.0.1",
]
PHONE = {"width": 360, "height": 740}
TABLET = {"width": 768, "height": 1024}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def chromium():
    path = find_chromium()
    if path is None:
        pytest.skip("needs Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread from here on; Django would take every query for a mistake.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Visitor:
    """One person at one browser. Whatever the console complains of is kept in `complaints`."""

    def __init__(self, chromium, origin: Callable[..., str], **options) -> None:
        options.setdefault("viewport", DESK)
        options.setdefault("locale", "en-GB")
        options.setdefault("timezone_id", "Africa/Nairobi")
        self.context = chromium.new_context(**options)
        self.context.set_default_timeout(15_000)
        self.page = self.context.new_page()
        self.origin = origin
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self._expected: set[int] = set()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._note)

    def expect(self, *statuses: int) -> None:
        """Pages of these statuses belong to the journey; the console complains of every one from 400."""
        self._expected.update(statuses)

    def _hear(self, message) -> None:
        url = (message.location or {}).get("url", "")
        if message.type not in {"error", "warning"} or urlsplit(url).hostname == "127.0.0.1":
            return
        failed = re.search(r"Failed to load resource: .* status of (\d+)", message.text)
        if failed and int(failed.group(1)) in self._expected:
            return
        self.complaints.append(f"{message.text} ({url})")

    def _note(self, request) -> None:
        address = urlsplit(request.url)
        host = address.hostname or ""
        own = host == settings.PLATFORM_HOST or host.endswith("." + settings.PLATFORM_HOST)
        if address.scheme in {"http", "https", "ws", "wss"} and not own and host != "127.0.0.1":
            self.strangers.append(request.url)

    def sign_in_as(self, session_key: str, *, at_admin: bool = False) -> None:
        """Without the form: as if this person had signed in some time ago."""
        name = settings.ADMIN_SESSION_COOKIE_NAME if at_admin else settings.SESSION_COOKIE_NAME
        domain = hosts.admin_host() if at_admin else f".{settings.PLATFORM_HOST}"
        self.context.add_cookies(
            [
                {
                    "name": name,
                    "value": session_key,
                    "domain": domain,
                    "path": "/",
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )

    def go(self, path: str, host: str = settings.PLATFORM_HOST):
        return self.page.goto(path if path.startswith("http") else self.origin(path, host))

    def press(self, name: str) -> None:
        """A button, or a link that looks like one, by its words."""
        wanted = re.compile(name.replace(" ", r"\s"), re.IGNORECASE)
        button = self.page.get_by_role("button", name=wanted).or_(self.page.get_by_role("link", name=wanted))
        button.locator("visible=true").first.click()

    @property
    def text(self) -> str:
        """What the page says, amounts with ordinary blanks."""
        return self.page.locator("main").inner_text().replace("\u00a0", " ")

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def visitors(chromium, request, tmp_path_factory) -> Iterator[Callable[..., Visitor]]:
    """`visitors(origin, **options)` → a new person; nobody's console may have complained at the end of the test."""
    everybody: list[Visitor] = []

    def make(origin: Callable[..., str], **options) -> Visitor:
        visitor = Visitor(chromium, origin, **options)
        everybody.append(visitor)
        return visitor

    yield make
    report = getattr(request.node, "call_report", None)
    if report is not None and report.failed:
        _keep_pictures(everybody, request.node, tmp_path_factory.getbasetemp() / "pictures")
    complaints = [complaint for visitor in everybody for complaint in visitor.complaints]
    strangers = [url for visitor in everybody for url in visitor.strangers]
    for visitor in everybody:
        visitor.close()
    assert not complaints
    assert not strangers, "requests left the portal's own hosts"


def _keep_pictures(everybody: list[Visitor], node, folder: Path) -> None:
    """Outside the repository; the report of the failure names them."""
    folder.mkdir(exist_ok=True)
    name = re.sub(r"\W+", "-", node.name)
    for number, visitor in enumerate(everybody):
        file = folder / f"{name}-{number}.png"
        try:
            visitor.page.screenshot(path=file, full_page=True)
            text = visitor.page.locator("body").inner_text(timeout=2000)[:1500]
        except Exception as error:
            text = f"no picture: {error}"
        node.add_report_section("call", f"visitor {number} at {visitor.page.url}", f"{file}\n{text}")
        print(f"\n--- visitor {number} at {visitor.page.url}: {file}\n{text}")
