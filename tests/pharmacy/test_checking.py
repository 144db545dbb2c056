"""/rx/: what anybody learns of a prescription by its code, and what nobody does."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.asserts import assertContains, assertNotContains

from clinics.models import Clinic
from pharmacy.codes import normal_code
from pharmacy.models import Prescription
from precta import clock
from precta.audit.models import AuditLog
from precta.tenancy import clinic_context
from tests.pharmacy.conftest import issue, line

pytestmark = pytest.mark.django_db


@pytest.fixture
def limited(settings, monkeypatch):
    """Limits count, all within one window."""
    settings.RATE_LIMITS = True
    monkeypatch.setattr("precta.ratelimit.time", SimpleNamespace(time=lambda: 1_800_000_000.0))


@pytest.fixture
def anybody(at_platform):
    return at_platform()


def trail(clinic, action):
    with clinic_context(clinic):
        return list(AuditLog.objects.filter(action=action))


def test_a_valid_one_is_told_by_initials_lines_and_days_and_nothing_else(anybody, visit, cast):
    issued = issue(visit, line("Amoxil 500 mg", instructions="After food"), instructions="Zorilla")
    page = anybody.get(f"/rx/{issued.verification_code}/")
    for said in ("Genuine and valid", "AH", "Amoxil 500 mg", "1 tablet", "3 times a day", "5 days", "After food"):
        assertContains(page, said)
    for secret in ("Amina", "Hassan", "Njoroge", "Uzima", "uzima", "Zorilla", issued.pk, cast.patient.pk):
        assertNotContains(page, secret)


def test_a_replaced_one_says_since_when_and_by_no_means_by_which(anybody, visit):
    old = issue(visit, line("Amoxil"))
    new = issue(visit, line("Brufen"), replaces=old, replacement_reason="Zorilla")
    page = anybody.get(f"/rx/{old.verification_code}/")
    assertContains(page, "Replaced: do not dispense")
    assertContains(page, f"{new.issued_at:%B} {new.issued_at:%Y}")
    for secret in ("Brufen", new.verification_code, "Zorilla"):
        assertNotContains(page, secret)


def test_an_expired_one_says_so(anybody, visit, monkeypatch):
    issued = issue(visit, days=3)
    now = clock.now()
    monkeypatch.setattr("precta.clock.now", lambda: now + timedelta(days=5))
    assertContains(anybody.get(f"/rx/{issued.verification_code}/"), "Genuine, but expired")


def test_a_suspended_clinics_prescription_can_still_be_checked(anybody, visit, cast):
    issued = issue(visit)
    Clinic.objects.filter(pk=cast.uzima.pk).update(status="suspended")
    assertContains(anybody.get(f"/rx/{issued.verification_code}/"), "Genuine and valid")


def test_each_check_is_in_the_clinics_trail(anybody, visit, cast):
    issued = issue(visit)
    anybody.get(f"/rx/{issued.verification_code}/")
    [entry] = trail(cast.uzima, "prescription.checked")
    assert entry.resource_id == issued.pk
    assert entry.details == {"state": "active"}
    assert entry.ip_address == "127.0.0.1"


def test_no_robot_and_no_cache_keeps_it(anybody, visit):
    issued = issue(visit)
    for address in (f"/rx/{issued.verification_code}/", "/rx/", "/rx/nothing/"):
        answer = anybody.get(address)
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert b'<meta name="robots" content="noindex' in answer.content
    assertContains(anybody.get("/robots.txt"), "Disallow: /rx/")


def unknown(cast, known):
    other = "a" * 21
    return {
        "of a known clinic": normal_code(cast.uzima.code + other),
        "of no clinic": normal_code("zzzzzzzz" + other),
        "of another clinic": normal_code(cast.pwani.code + known.replace("-", "")[8:]),
        "one character wrong": known[:-1] + ("a" if known[-1] != "a" else "b"),
    }


def test_an_unknown_code_is_a_404_that_costs_the_same_and_is_written_down(anybody, visit, cast):
    known = issue(visit).verification_code
    assert trail_of_portal("prescription.check_refused") == []  # and the connection is back in the portal's schema
    costs = {}
    for what, code in unknown(cast, known).items():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            answer = anybody.get(f"/rx/{code}/")
        assert answer.status_code == 404, what
        assert b"There is no such prescription" in answer.content
        # The schema that a connection was left in is no question.
        costs[what] = [
            query["sql"].partition(" WHERE ")[0].partition(" VALUES ")[0] for query in asked.captured_queries
        ]
        costs[what] = [sql for sql in costs[what] if "search_path" not in sql]
    assert len({tuple(questions) for questions in costs.values()}) == 1, costs
    assert len(costs["of no clinic"]) == 4
    assert len(trail_of_portal("prescription.check_refused")) == len(costs)
    assert trail(cast.uzima, "prescription.checked") == []


def trail_of_portal(action):
    return list(AuditLog.objects.filter(action=action))


@pytest.mark.parametrize("code", ["x", "0", "-1", "%00", "..%2f", "a" * 300, "%F0%9F%92%89", "' OR 1=1 --", "None"])
def test_what_is_no_code_is_a_404(anybody, uzima, code):
    assert anybody.get(f"/rx/{code}/").status_code == 404


def test_it_is_found_however_it_is_typed(anybody, visit):
    code = issue(visit).verification_code
    for typed in (code, code.upper(), code.replace("-", ""), f"  {code.replace('-', ' ')} ", code.replace("-", "–")):
        answer = anybody.post("/rx/", {"code": typed})
        assert answer.status_code == 302, typed
        assert answer.headers["Location"] == f"/rx/{code}/"
    assert anybody.get(f"/rx/{code.replace('-', '').upper()}/").headers["Location"] == f"/rx/{code}/"


def test_what_is_no_code_is_told_beside_the_field(anybody, uzima):
    answer = anybody.post("/rx/", {"code": "abc"})
    assertContains(answer, "This is no code of a prescription", status_code=400)


def test_too_many_questions_are_refused(anybody, visit, limited):
    code = issue(visit).verification_code
    answers = [anybody.get(f"/rx/{code}/").status_code for _ in range(33)]
    assert answers[:30] == [200] * 30
    assert answers[30:] == [429] * 3
    assert int(anybody.get(f"/rx/{code}/").headers["Retry-After"]) > 0


def test_whoever_guesses_is_stopped_sooner(anybody, visit, cast, limited):
    issue(visit)
    guesses = [normal_code(cast.uzima.code + letter * 21) for letter in "abcdefghjkmnp"]
    answers = [anybody.get(f"/rx/{guess}/").status_code for guess in guesses]
    assert answers == [404] * 10 + [429] * 3


def test_nothing_changes_by_looking(anybody, visit, cast):
    issued = issue(visit)
    anybody.get(f"/rx/{issued.verification_code}/")
    with clinic_context(cast.uzima):
        assert Prescription.objects.get().pdf_url == ""
