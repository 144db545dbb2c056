"""A doctor comes to Precta: from the first page that a stranger reads to the first visit that is booked and paid."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Doctor
from precta import hosts
from precta.ids import new_id
from tests import factories
from tests.browser import PHONE
from tests.e2e.test_join_clinic import make_account
from tests.e2e.test_journeys import choose_time, hold_this_time, visit_of
from tests.files.corpus import pdf

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def upload(pages):
    return {"name": f"scan-{pages}.pdf", "mimeType": "application/pdf", "buffer": pdf(pages=pages)}


def fill_profile(v, last_name):
    for name, value in (("first_name", "Wanjiku"), ("last_name", last_name), ("bio", "I see children and parents.")):
        v.page.fill(f"[name={name}]", value)
    v.page.get_by_label("Paediatrics", exact=True).check()
    v.page.get_by_label("English", exact=True).check()
    v.press("Save and go on")
    v.page.fill("[name=license_number]", f"A-{new_id()[:8]}")
    v.page.fill("[name=years_of_experience]", "9")
    for name, value in (("title", "MBChB"), ("institution", "University of Nairobi"), ("year", "2012")):
        v.page.fill(f"[name=q-0-{name}]", value)
    v.press("Save and go on")
    v.page.fill("[name=consultation_fee]", "2500")
    v.page.check("[name=consultation_modes][value=in_person]")
    v.press("Save and go on")


def bring_paper(v, kind, pages):
    v.go(f"/join/doctor/papers/add/?type={kind}")
    fill_paper(v, kind, pages)


def fill_paper(v, kind, pages):
    v.page.fill("[name=name]", f"My {kind}")
    v.page.fill("[name=issued_by]", "The council")
    if kind == "license":
        v.page.fill("[name=expires_at]", (timezone.localdate() + timedelta(days=300)).isoformat())
    v.page.set_input_files("[name=file]", upload(pages))
    v.press("^Upload$")
    v.page.get_by_text(f"My {kind}").first.wait_for()


def test_a_doctor_signs_up_is_sent_back_once_is_verified_found_and_booked(scene, visitor, phone):
    letters = scene.live.letters
    email, last_name = f"{new_id()}@example.test", f"Maina{new_id()[:6]}"
    d = visitor(viewport=PHONE, has_touch=True)
    d.go("/join/doctor/")
    d.press("Make an account")
    make_account(d, letters, email)
    d.page.wait_for_url("**/join/doctor/")
    d.press("^Begin$")
    fill_profile(d, last_name)
    d.page.fill("[name=q]", "Uzima")
    d.press("^Search$")
    d.press("Ask Uzima Clinic")
    for pages, kind in enumerate(("license", "degree", "id"), 2):
        bring_paper(d, kind, pages)
    d.go("/join/doctor/submit/")
    d.press("Send for verification")
    letters.wait(email)
    doctor = Doctor.objects.get(user__email=email)
    assert doctor.submitted_at is not None

    o = visitor(scene.staff("owner"))
    o.go("/admin/", hosts.clinic_host(scene.uzima))
    o.press("Doctors who ask to join")
    o.page.get_by_role("link", name=last_name).first.click()
    o.press("^Accept$")
    letters.wait(email, about="has accepted you")
    factories.make_full_week(Doctor.objects.get(pk=doctor.pk))

    a = visitor()
    a.sign_in_as(scene.live.session_of(factories.make_user(role="admin"), at_admin=True), at_admin=True)
    a.go("/", hosts.admin_host())
    a.press("Doctors to verify")
    a.page.get_by_role("link", name=last_name).first.click()
    a.page.get_by_role("link", name="Practising licence").first.click()
    a.page.get_by_text("Reject this paper").click()
    a.page.locator("details").get_by_label("Reason").select_option("unreadable")
    a.press("Reject the paper")
    a.page.get_by_text("The paper is rejected; the doctor is told why.").wait_for()
    for _ in range(2):
        a.press("Verify this paper")
        a.page.get_by_text("The paper is verified.").wait_for()
    a.page.locator("#id_doctor_code").select_option("papers")
    a.press("Send back")
    a.page.get_by_text("The application is sent back").wait_for()
    letters.wait(email, about="needs another look")

    d.go("/join/doctor/")
    assert "cannot be read" in d.text
    d.go("/join/doctor/papers/")
    d.page.get_by_role("link", name="Replace : My license").click()
    fill_paper(d, "license", 7)
    d.go("/join/doctor/")
    d.press("Check and send again")
    d.press("Send for verification")

    a.go(f"/accounts/doctor/{doctor.pk}/change/", hosts.admin_host())
    a.press("Verify this paper")
    a.page.get_by_text("The paper is verified.").wait_for()
    a.press("Verify the doctor")
    a.page.get_by_text("is found from now on").wait_for()
    letters.wait(email, about="You are verified")

    p = visitor(scene.patient())
    p.go(f"/doctors/?q={last_name}")
    p.page.locator("article.doc", has_text=last_name).wait_for()
    doctor = Doctor.objects.select_related("clinic").get(pk=doctor.pk)
    choose_time(p, doctor, scene.free(doctor)[0])
    hold_this_time(p)
    visit = visit_of(scene, doctor)
    p.page.get_by_role("heading", name="Enter your M-Pesa PIN").wait_for()
    phone.answer(scene.reference(visit))
    scene.comes_to(visit, "confirmed")
    p.page.get_by_text("Your visit is confirmed.").wait_for()
    assert not d.complaints and not a.complaints and not o.complaints
