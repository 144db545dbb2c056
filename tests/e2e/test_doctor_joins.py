"""A doctor in the browser: signs up, brings papers, is taken in, sent back, verified, found and booked."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Doctor
from accounts.services.verification import approve_credential, approve_doctor, reject_credential, reject_doctor
from precta import hosts
from precta.ids import new_id
from precta.notifications.models import Notification
from tests import factories
from tests.browser import DESK, PHONE
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


def letter_to(email, title):
    """What is decided in the test's own process is told there too."""
    return Notification.objects.get(user__email=email, channel="email", title__contains=title).body


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts on a phone"])
def test_a_doctor_signs_up_is_sent_back_verified_found_and_booked(scene, visitor, scripts):
    email, admin = f"{new_id()}@example.test", factories.make_user(f"{new_id()}@example.test", role="admin")
    owner = scene.staff("owner")
    v = visitor(java_script_enabled=scripts, viewport=DESK if scripts else PHONE)
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

    doctor = Doctor.objects.get(user__email=email)
    reject_credential(credential=doctor.credentials.get(type="license"), by=admin, note="The number is cut off.")
    reject_doctor(doctor=doctor, by=admin, note="Please look at the licence.")
    assert "The number is cut off." in letter_to(email, "another look")
    v.go("/join/doctor/")
    assert "Please look at the licence." in v.text
    v.go("/join/doctor/papers/")
    v.press("^Replace")
    bring(v, "license", "Whole licence", corpus.pdf(pages=4), link=v.page.url)
    v.page.wait_for_url("**/papers/")
    v.press("Check and send")
    v.press("Send for verification")

    doctor.refresh_from_db()
    for paper in doctor.credentials.filter(verification_status="pending"):
        approve_credential(credential=paper, by=admin)
    approve_doctor(doctor=doctor, by=admin)
    factories.make_full_week(Doctor.objects.select_related("clinic").get(pk=doctor.pk), "08:00", "18:00")
    assert "Patients can find and book you now" in letter_to(email, "You are verified")

    patient = scene.patient()
    p = visitor(patient)
    p.go(f"/doctors/?q={family}")
    p.page.get_by_text(re.compile(family)).first.wait_for()
    found = Doctor.objects.select_related("clinic", "user").get(pk=doctor.pk)
    assert found.profile_image_url and p.page.locator(f'img[src="{found.profile_image_url}"]').count() == 1
    visit = scene.hold(patient, found)
    assert scene.comes_to(visit, "confirmed").doctor_id == doctor.pk
