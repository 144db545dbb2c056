"""The smallest browser joins as a doctor: 360 px and no scripts; with a wrong file on the way."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Doctor
from precta import hosts
from precta.ids import new_id
from tests.browser import PHONE
from tests.e2e.test_journeys import PASSWORD
from tests.files import corpus

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def sign_up(v, letters, email):
    v.go("/join/doctor/")
    v.press("Make an account")
    names = {"first_name": "Njeri", "last_name": "M" + new_id()[:6], "email": email, "password1": PASSWORD}
    for name, value in names.items():
        v.page.fill(f"[name={name}]", value)
    v.page.check("[name=terms]")
    v.press("Make my account")
    v.page.fill("[name=code]", letters.code(email))
    v.press("Confirm")
    v.page.wait_for_url("**/join/doctor/")
    return names["last_name"]


def bring(v, kind, name, data, *, link=None):
    v.go(link or f"/join/doctor/papers/add/?type={kind}")
    v.page.fill("[name=name]", name)
    v.page.fill("[name=issued_by]", "Medical council")
    if kind == "license":
        v.page.fill("[name=expires_at]", (timezone.localdate() + timedelta(days=200)).isoformat())
    v.page.set_input_files("[name=file]", {"name": f"{kind}.pdf", "mimeType": "application/pdf", "buffer": data})
    v.press("^Upload$")


def test_a_doctor_applies_on_a_phone_without_scripts_and_the_clinic_accepts(scene, visitor):
    email = f"{new_id()}@example.test"
    owner = scene.staff("owner")
    v = visitor(java_script_enabled=False, viewport=PHONE)
    v.expect(415)
    family = sign_up(v, scene.live.letters, email)
    v.press("^Begin$")

    v.page.fill("[name=bio]", "I see children and their parents.")
    v.page.get_by_text("Paediatrics", exact=True).click()
    photo = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": corpus.located_photo()}
    v.page.set_input_files("[name=photo]", photo)
    v.press("Save and go on")
    v.page.fill("[name=license_number]", "A-4711")
    v.page.fill("[name=years_of_experience]", "7")
    for name, value in (("title", "MBChB"), ("institution", "Moi University"), ("year", "2014")):
        v.page.fill(f"[name=q-0-{name}]", value)
    v.press("Save and go on")
    v.page.fill("[name=consultation_fee]", "0")
    v.press("Save and go on")
    v.page.fill("[name=q]", "uzima")
    v.press("^Search$")
    v.press("^Ask Uzima Clinic$")
    v.page.wait_for_url("**/papers/")

    bring(v, "license", "Licence 2026", b"<html>not a licence</html>")
    assert "not accepted" in v.text
    assert v.page.input_value("[name=name]") == "Licence 2026"
    for pages, kind in enumerate(("license", "degree", "id"), 1):
        bring(v, kind, f"My {kind}", corpus.pdf(pages=pages))
        v.page.wait_for_url("**/papers/")
    v.press("Check and send")
    v.press("Send for verification")
    assert "Being checked" in v.text

    o = visitor(owner)
    o.go("/admin/doctor-requests/", hosts.clinic_host(scene.uzima))
    o.page.get_by_role("link", name=re.compile(family)).click()
    o.press("^Accept$")
    o.page.get_by_text("now works here").wait_for()
    scene.live.letters.wait(email, about="has accepted you")

    v.go("/join/doctor/")
    assert "Uzima Clinic" in v.text and "Accepted by the clinic" in v.text
    doctor = Doctor.objects.get(user__email=email)
    assert (doctor.clinic, doctor.verification_status) == (scene.uzima, "pending")
    assert v.page.locator(f'img[src="{doctor.profile_image_url}"]').count() == 1
