"""Whatever a page says can be said in Swahili: it goes through the catalogue.

The pages are read while every translation is blotted out. A word that can still be read was never marked, or came
from the data.
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.template import engines
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import trans_real

from accounts.directory import cards, options, words
from clinics.counties import COUNTIES
from precta import navigation
from tests import factories
from tests.appointments.money_helpers import paid_visit

# Names stay as they are in every language.
DATA = re.compile(
    r"Dr |Amina|Hassan|Peter|Otieno|Achieng|Njoroge|Brian|Kiprono|Uzima Clinic|Pwani Family Health|Nairobi|Mombasa|"
    r"1 Moi Avenue|[Pp]recta|English|Kiswahili|KES|EAT|Paystack|\S+@example\.test|\S+\.localhost\S*|"
    # What was agreed to stays in the words that were shown.
    r"I agree\.|"
    # The key of an authenticator app, and the counties.
    r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}|" + "|".join(re.escape(name) for name in sorted(COUNTIES, key=len, reverse=True))
)
SPOKEN = ("aria-label", "placeholder", "title", "alt", "data-label", "data-copied")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|%[sd]|\{\w*\}|<[^>]*>|&\w+;")


def blotted(text: str) -> str:
    """The sentence with its letters gone and its placeholders whole."""
    kept = iter(PLACEHOLDER.findall(text))
    parts = [re.sub(r"[A-Za-z]", "ж", part) for part in PLACEHOLDER.split(text)]
    return parts[0] + "".join(next(kept) + part for part in parts[1:])


def forget_words() -> None:
    for module in (cards, options, words, navigation):
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()
    for loader in engines["django"].engine.template_loaders:
        loader.reset()  # what {% steady %} has kept stands in the templates


@pytest.fixture
def ink(monkeypatch) -> Iterator[None]:
    with translation.override("sw"):
        catalog = trans_real.translation("sw")._catalog
    monkeypatch.setattr(
        catalog,
        "_catalogs",
        [{key: blotted(text) if key else text for key, text in one.items()} for one in catalog._catalogs],
    )
    forget_words()
    yield
    forget_words()


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.links: list[str] = []
        self.forms: list[str] = []
        self.silent = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.silent += tag in {"script", "style"}
        self.said += [given[name] for name in SPOKEN if given.get(name)]
        if tag == "meta" and given.get("name") == "description":
            self.said.append(given["content"])
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag == "form" and given.get("method") == "post":
            self.forms.append(given.get("action", ""))

    def handle_endtag(self, tag):
        self.silent -= tag in {"script", "style"}

    def handle_data(self, data):
        if not self.silent:
            self.said.append(data.strip())

    def legible(self) -> set[str]:
        return {text for text in self.said if re.search(r"[A-Za-z]{3}", DATA.sub("", text))}


def shape(address: str) -> tuple[str, ...]:
    """Pages of one kind have one shape: without ids, days and the values of the question."""
    parts = urlsplit(address)
    path = re.sub(r"/(?=[a-z]*\d)[a-z0-9]{24}(?=/)|\d+", "#", parts.path)
    return (path, *sorted(pair.partition("=")[0] for pair in parts.query.split("&")))


def read_all(client, host: str, starts: list[str]) -> tuple[int, dict[str, str]]:
    """Follow every link on `host`, and send every form empty; the number of pages, and what could be read where."""
    client.cookies["precta_language"] = "sw"
    waiting, seen, legible, pages = deque(starts), set(), {}, 0
    while waiting:
        address = waiting.popleft()
        if (known := shape(address)) in seen or "logout" in address or address.startswith(("/dev/", "/styleguide/")):
            continue
        seen.add(known)
        response = client.get(address)
        if response.status_code in {301, 302}:
            waiting.append(urljoin(address, response["Location"]))
            continue
        if not response.get("Content-Type", "").startswith("text/html"):
            continue
        page = Page(response.content.decode())
        pages += 1
        legible |= dict.fromkeys(page.legible(), address)
        for action in dict.fromkeys(urljoin(address, action) for action in page.forms):
            sent = ("POST", *shape(action))
            if sent in seen or action.startswith(("/language", "/theme", "/account/logout")):
                continue
            seen.add(sent)
            answer = client.post(action)
            if answer.get("Content-Type", "").startswith("text/html"):
                legible |= dict.fromkeys(Page(answer.content.decode()).legible(), f"{action} (sent empty)")
        for link in page.links:
            parts = urlsplit(urljoin(f"https://{host}{address}", link))
            if parts.hostname == host:
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    return pages, legible


@pytest.fixture
def scene(cast):
    """A week of hours, and a visit of each kind that a patient or a doctor can see."""
    factories.make_full_week(cast.doctor)
    now = timezone.now()
    eight = now.replace(hour=8, minute=0, second=0, microsecond=0)
    for days, status in ((-20, "completed"), (-3, "no_show"), (2, "confirmed"), (5, "confirmed"), (6, "cancelled")):
        paid_visit(cast.patient, cast.doctor, eight + timedelta(days=days), now=now, status=status)
    factories.make_appointment(cast.patient, cast.doctor, eight + timedelta(days=1), notes="")
    return cast


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["anyone", "patient", "doctor"])
@pytest.mark.parametrize("where", ["platform", "clinic"])
def test_every_word_of_a_page_goes_through_the_catalogue(scene, ink, at_platform, at_clinic, who, where):
    user = {"anyone": None, "patient": scene.patient.user, "doctor": scene.doctor.user}[who]
    if where == "platform":
        starts = ["/", "/me/", "/account/login/", "/account/signup/", "/account/password/reset/", "/not/there/"]
        pages, legible = read_all(at_platform(user), "precta.localhost", starts)
    else:
        starts = ["/", "/workspace/", "/appointments/", "/not/there/"]
        pages, legible = read_all(at_clinic(scene.uzima, user), "uzima.precta.localhost", starts)
    places = defaultdict(list)
    for text, address in legible.items():
        places[address].append(text)
    assert not places, "\n".join(f"{address}: {sorted(said)}" for address, said in places.items())
    assert pages > 5


LETTERS = sorted(
    str(file.relative_to(settings.BASE_DIR / "templates"))
    for folder in ("account/email", "account/messages", "usersessions/messages", "emails")
    for file in (settings.BASE_DIR / "templates" / folder).iterdir()
)


@pytest.mark.parametrize("name", LETTERS)
def test_every_word_of_a_letter_goes_through_the_catalogue(ink, name):
    given = {
        **dict.fromkeys(("email", "to_email", "from_email", "deleted_email"), "amina@example.test"),
        "code": "123456",
        "notification": {"title": "", "body": "", "language": "sw"},
    }
    with translation.override("sw"):
        text = render_to_string(name, given)
    if name.endswith(".html"):
        assert Page(text).legible() == set()
    else:
        assert not re.search(r"[A-Za-z]{3}", DATA.sub("", text))
