"""A prescription in the browser: written with and without scripts, read by the patient, checked by a pharmacist."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe

from pharmacy.models import Prescription
from precta import clock, hosts
from precta.tenancy import clinic_context
from tests import factories
from tests.browser import PHONE
from tests.e2e.test_pages import SERIOUS
from tests.live.stack import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def visit(scene):
    """Going on now; the patient must not get penicillins."""
    patient = scene.patient("Amina", allergies=["Penisilini"])
    return factories.make_appointment(patient, scene.doctor(), clock.now() - timedelta(minutes=5), status="in_progress")


def fill(page, number, name, dosage="1 tablet", frequency="3 times a day", duration="5 days"):
    for field, value in (("name", name), ("dosage", dosage), ("frequency", frequency), ("duration", duration)):
        page.locator(f'[name="line-{number}-{field}"]').fill(value)


def issued_in(visit):
    with clinic_context(visit.clinic):
        return list(Prescription.objects.filter(appointment=visit).order_by("issued_at"))


def serious(page):
    found = Axe().run(page).response["violations"]
    return [one["id"] for one in found if one["impact"] in SERIOUS]


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_prescription_is_written_warned_of_issued_and_checked(visitor, visit, scripts):
    v = visitor(visit.doctor, java_script_enabled=scripts, viewport=PHONE)
    v.go(f"/workspace/visits/{visit.pk}/prescribe/", hosts.clinic_host(visit.clinic))
    page = v.page
    fill(page, 0, "Augmentin 625 mg tablet")
    page.get_by_role("button", name="Add a medicine").click()
    fill(page, 1, "Paracetamol 500 mg tablet")
    page.get_by_role("button", name="Add a medicine").click()
    fill(page, 2, "Typed by mistake")
    page.get_by_role("button", name="Remove this medicine").nth(2).click()
    assert page.locator("[data-lines] [data-line]").count() == 2
    v.expect(409)
    page.get_by_role("button", name="Issue the prescription").click()
    page.get_by_text("belongs to it (penicillins)").wait_for()
    assert issued_in(visit) == []
    if scripts:
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_label("Why it is right all the same").fill("Tolerated it last year")
    page.get_by_role("button", name="Issue the prescription").click()
    page.get_by_role("heading", name="Prescription for Amina Hassan").wait_for()
    [issued] = issued_in(visit)
    assert [line["name"] for line in issued.medications] == ["Augmentin 625 mg tablet", "Paracetamol 500 mg tablet"]
    assert issued.overrides[0]["reason"] == "Tolerated it last year"

    p = visitor(visit.patient, java_script_enabled=scripts, viewport=PHONE)
    p.go("/me/prescriptions/")
    p.page.get_by_role("link", name="Augmentin 625 mg tablet, Paracetamol 500 mg tablet").click()
    p.page.get_by_role("heading", name="Prescription for Amina Hassan").wait_for()
    assert p.page.get_by_text("Tolerated").count() == 0
    if scripts:
        assert serious(p.page) == []

    pharmacist = visitor(java_script_enabled=scripts, viewport=PHONE)
    pharmacist.go("/rx/")
    pharmacist.page.get_by_label("Code of the prescription").fill(issued.verification_code.upper().replace("-", " "))
    pharmacist.page.get_by_role("button", name="Check").click()
    pharmacist.page.get_by_role("heading", name="Genuine and valid").wait_for()
    assert pharmacist.page.get_by_text("Amina").count() == 0
    if scripts:
        assert serious(pharmacist.page) == []


def test_medicines_are_suggested_while_one_types_and_enter_never_issues(visitor, visit):
    v = visitor(visit.doctor)
    v.go(f"/workspace/visits/{visit.pk}/prescribe/", hosts.clinic_host(visit.clinic))
    name = v.page.locator('[name="line-0-name"]')
    with v.page.expect_response(lambda answer: "/workspace/medicines/" in answer.url):
        name.press_sequentially("coart")
    # Not by wait_for_function, which evaluates its words in the page: the policy refuses that.
    until(lambda: v.page.locator("#medicines option").count() < 10, "the list holds what was typed")
    first = v.page.locator("#medicines option").first
    assert first.get_attribute("value") == "Artemether and lumefantrine 20 mg/120 mg tablet"
    name.press("Enter")
    v.page.locator('[name="line-1-name"]').wait_for()
    assert issued_in(visit) == []
