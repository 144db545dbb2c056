"""What nobody would send by accident: strange ids, strange texts, strange queries. Never a 5xx, never a way out."""

import re
from html.parser import HTMLParser
from urllib.parse import quote, urlsplit

import pytest

from tests.permissions.addresses import every_address
from tests.permissions.matrix import MATRIX, PEOPLE, STRANGER
from tests.permissions.test_matrix import undone, values_for

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

IDS = ["0", "-1", str(2**63), "abc", "%00", "..%2f", "%ff", "a" * 300, "%F0%9F%92%89", "None", "1.0", "'"]
# A window of Sunday and of Tuesday is a day like any other.
DAYS = {"0", "1"}
TEXTS = {
    "NUL": b"%00",
    "NUL within": b"Ami%00na",
    "lone surrogate": b"%ED%A0%80",
    "not UTF-8": b"%FF%FE",
    "right-to-left override": b"%E2%80%AEanimA",
    "not a number": b"NaN",
    "endless": b"Infinity",
    "beyond a bigint": str(2**63).encode(),
    "31 February": b"2027-02-31",
    "markup": quote("<script>alert(1)</script>").encode(),
    "long": b"a" * 20_000,
}
QUERIES = [
    "page=-1&order=password&sort=password&next=//evil.example&q=%00",
    "page=NaN&day=2027-02-31&week=2027-02-31&at=NaN&mode=none&person=%FF&clinic=..%2f",
    f"page={2**63}&day=0001-01-01&week=9999-12-31&at=9999-12-31T23:59Z&mode=in_person&q=" + "a" * 3000,
    "day=0000-00-00&at=0001-01-01T00:00Z&when=%ED%A0%80&fee_max=NaN&fee=-1&specialty=%00&available=2027-02-31&city=%00",
    "day=9999-12-31&week=0001-01-01&min_fee=1e400&max_fee=Infinity&language=xx&sort=-id&order=user__password",
]


def bodies(names):
    """Every field full of NULs, then of surrogates; then all the texts in turn, each field another one."""
    for what in ("NUL within", "lone surrogate"):
        yield f"{what} in {names}", form(dict.fromkeys(names, TEXTS[what]))
    texts = list(TEXTS.values())
    for turn in range(4):
        sent = {name: texts[(place + 3 * turn) % len(texts)] for place, name in enumerate(names)}
        yield str(sent)[:300], form(sent)


def form(sent):
    return b"&".join(quote(name).encode() + b"=" + text for name, text in sent.items())


class Fields(HTMLParser):
    """Name → value of every field that the page's forms would send."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in {"input", "select", "textarea", "button"} and given.get("name"):
            self.found.setdefault(given["name"], given.get("value") or "")


def let_in(method) -> str | None:
    """Somebody whom the table lets in, a patient or a stranger if possible."""
    for person in ("patient", "doctor", STRANGER, "owner", "admin", *PEOPLE):
        if method.who and person in method.who:
            return person
    return None


def carriers():
    for host, table in MATRIX.items():
        for address in every_address(host):
            rule = table.get(address.name)
            if rule is not None and address.parameters and "url" not in address.parameters:
                yield host, address, rule


def test_a_strange_id_is_nothing_that_exists(sample, knock):
    wrong = []
    for host, address, rule in carriers():
        person = let_in(rule.get) or let_in(rule.post)
        method = "GET" if let_in(rule.get) else "POST"
        if person is None:
            continue
        values = values_for(address, rule, sample)
        for name in address.parameters:
            for bad in IDS[::3] if name == "object_id" else IDS:
                if name == "day" and bad in DAYS:
                    continue
                with undone():
                    answer = knock(host, person, method, address.path(values | {name: bad}))
                    if answer.status_code == 302:  # the admin's short addresses lead on to the long ones
                        answer = knock(host, person, method, urlsplit(answer["Location"]).path)
                if answer.status_code != 404:
                    wrong.append(f"{method} {address.path(values | {name: bad})[:120]}: {answer.status_code}")
    assert not wrong, "\n" + "\n".join(wrong)


def test_strange_queries_are_ignored(sample, knock):
    wrong = []
    for host, table in MATRIX.items():
        for address in every_address(host):
            rule = table.get(address.name)
            person = let_in(rule.get) if rule else None
            if person is None:
                continue
            path = address.path(values_for(address, rule, sample))
            for query in QUERIES:
                with undone():
                    answer = knock(host, person, "GET", f"{path}?{query}")
                led_to = urlsplit(answer.headers.get("Location", "")).hostname or ""
                if answer.status_code >= 500 or not re.fullmatch(r"|(\w+\.)?precta\.localhost", led_to):
                    wrong.append(f"{path}?{query[:80]} by {person}: {answer.status_code} {led_to}")
    assert not wrong, "\n" + "\n".join(wrong)


def test_strange_texts_in_forms_are_form_errors_at_most(sample, knock):
    wrong = []
    for host, table in MATRIX.items():
        for address in every_address(host):
            rule = table.get(address.name)
            person = let_in(rule.post) if rule else None
            if person is None:
                continue
            path = address.path(values_for(address, rule, sample))
            with undone():
                shown = knock(host, person, "GET", path) if let_in(rule.get) else None
            page = shown.content.decode(errors="replace") if shown is not None else ""
            names = {"next", "q", "at", "mode", "key", "reason", *Fields(page).found} - {"csrfmiddlewaretoken"}
            for what, body in bodies(sorted(names)):
                with undone():
                    answer = knock(host, person, "POST", path, raw=body)
                if answer.status_code >= 500:
                    wrong.append(f"{path} by {person}, {what}: {answer.status_code}")
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("size", [1_000_000, 3_000_000])
def test_a_megabyte_of_text_is_refused(sample, knock, size):
    wrong = []
    for name in ("accounts:me:profile", "account_login", "accounts:me:child-add"):
        address = next(found for found in every_address("platform") if found.name == name)
        with undone():
            body = b"first_name=" + b"a" * size
            answer = knock("platform", "patient", "POST", address.path({}), raw=body)
        if not 400 <= answer.status_code < 500 and answer.status_code != 302:
            wrong.append(f"{address}: {answer.status_code}")
    assert not wrong
