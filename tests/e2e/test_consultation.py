"""The doctor's notes in a browser: a cut connection, two windows, the signature."""

from datetime import timedelta

import pytest

from appointments.models import Consultation
from precta import clock, hosts
from precta.tenancy import clinic_context
from tests import factories
from tests.e2e.test_pages import faults_of
from tests.live.stack import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def encounter(visitor, scene):
    """(the doctor at the page of a visit that has begun, the visit)"""
    doctor = scene.doctor()
    patient = scene.patient("Zawadi", allergies=["Penicillin"])
    visit = factories.make_appointment(patient, doctor, clock.now() - timedelta(minutes=1), notes="A cough")
    v = visitor(doctor)
    v.go(f"/workspace/visits/{visit.pk}/", hosts.clinic_host(doctor.clinic))
    v.press("Begin the visit")
    v.page.wait_for_selector("[data-notes]")
    return v, visit


def stored(visit):
    with clinic_context(visit.clinic):
        return Consultation.objects.get(appointment=visit)


def state(page, wanted):
    page.wait_for_selector(f'[data-state="{wanted}"]')
    return page.locator("[data-state-text]").inner_text()


def write(page, name, text):
    page.locator(f"#id_{name}").fill(text)


def test_a_cut_connection_and_two_windows_lose_no_word_until_the_notes_are_signed(encounter):
    v, visit = encounter
    v.expect(409)
    first = v.page
    assert not faults_of(first)
    write(first, "findings", "Clear lungs")
    assert state(first, "saved").startswith("Saved at")
    assert stored(visit).findings == "Clear lungs"

    v.context.set_offline(True)
    write(first, "findings", "Clear lungs, no fever")
    assert "as soon as the connection is back" in state(first, "offline")
    first.get_by_role("button", name="End the visit").click()  # does not leave the page with unsaved text
    assert state(first, "offline") and first.locator("#id_findings").input_value() == "Clear lungs, no fever"
    assert stored(visit).findings == "Clear lungs"
    v.context.set_offline(False)
    state(first, "saved")
    assert stored(visit).findings == "Clear lungs, no fever"
    v.complaints[:] = [said for said in v.complaints if "ERR_INTERNET_DISCONNECTED" not in said]

    second = v.context.new_page()
    second.goto(first.url)
    # In different fields: joined without a question.
    write(first, "plan", "Rest")
    state(first, "saved")
    write(second, "diagnosis", "Bronchitis")
    state(second, "saved")
    until(lambda: stored(visit).diagnosis == "Bronchitis", "the second window is saved")
    assert stored(visit).plan == second.locator("#id_plan").input_value() == "Rest"

    # In the same field: both texts are shown, and the person makes one of them.
    write(second, "plan", "Rest for a week")
    state(second, "saved")
    write(first, "plan", "Rest and tea")
    state(first, "conflict")
    assert first.locator("#id_plan").input_value() == "Rest and tea"
    theirs = first.locator('[data-note="plan"] [data-theirs]')
    assert "Rest for a week" in theirs.inner_text()
    assert first.locator("#id_diagnosis").input_value() == "Bronchitis"
    assert not faults_of(first)
    assert stored(visit).plan == "Rest for a week"
    theirs.get_by_role("button", name="Add it below mine").click()
    first.get_by_role("button", name="Save what is in the fields").click()
    state(first, "saved")
    assert stored(visit).plan == "Rest and tea\nRest for a week"

    first.get_by_role("button", name="2 weeks").click()
    first.wait_for_selector(".proposed")
    assert stored(visit).follow_up_at is not None
    write(first, "doctor_notes", "Ask about smoking")
    first.get_by_role("button", name="End the visit").click()
    first.get_by_role("button", name="Sign and finish").click()
    first.wait_for_selector(".signed")
    assert not faults_of(first)
    signed = stored(visit)
    assert signed.finished_at is not None and signed.doctor_notes == "Ask about smoking"

    # The other window learns it, and keeps what was typed there.
    write(second, "plan", "Too late")
    assert "signed in another window" in state(second, "locked")
    assert second.locator("#id_plan").input_value() == "Too late"
    assert stored(visit).plan == "Rest and tea\nRest for a week"
