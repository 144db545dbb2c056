"""A clinic comes to Precta: from the first page that a stranger reads to the owner's own administration."""

import re

import pytest

from appointments.models import Appointment
from appointments.week import moment_key
from clinics.models import Clinic, ClinicApplication
from precta import hosts
from precta.ids import new_id
from precta.tenancy import clinic_context
from tests import factories
from tests.browser import PHONE
from tests.e2e.test_journeys import PASSWORD
from tests.e2e.test_staff_journeys import set_up_second_factor
from tests.files.corpus import pdf
from tests.live.scene import new_phone
from tests.live.stack import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def upload(name="licence.pdf", data=None, kind="application/pdf"):
    return {"name": name, "mimeType": kind, "buffer": data or pdf()}


def fill_in(page, **others):
    values = {
        "name": "Nyeri Hill Clinic",
        "address": "Kimathi Way 7",
        "city": "Nyeri",
        "phone": "0712000333",
        "email": "hello@nyeri.example",
        "licence_number": "KMPDC/777",
        "contact_name": "Wanjiru Kamau",
        "contact_phone": "0712000444",
        **others,
    }
    for name, value in values.items():
        page.fill(f"#id_{name}", value)
    page.select_option("#id_region", "Nyeri")
    page.check("#id_terms")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_clinic_applies_is_sent_back_once_and_is_let_in(scene, visitor, scripts):
    slug = "nyeri-hill" if scripts else "nyeri-plain"
    applicant = factories.make_user()
    v = visitor(viewport=PHONE, has_touch=True, java_script_enabled=scripts)
    v.go("/join/clinic/")
    assert "two working days" in v.text
    v.sign_in_as(scene.session(applicant))
    v.go("/join/clinic/")
    v.press("Begin the application")
    fill_in(v.page, slug="uzima")
    if scripts:
        v.page.locator("#address-answer", has_text="Another clinic has this address name.").wait_for()
    v.page.set_input_files("#id_licence", upload())
    v.expect(400)
    v.press("Check the application")
    assert "Another clinic has this address name." in v.text
    assert v.page.input_value("#id_address") == "Kimathi Way 7"
    v.page.fill("#id_slug", slug)
    v.page.set_input_files("#id_licence", upload())
    v.press("Check the application")
    assert f"{slug}.precta.localhost" in v.text
    v.press("Send the application")
    assert "Thank you, we have your application" in v.text
    application = ClinicApplication.objects.get(applicant=applicant)

    a = visitor()
    a.sign_in_as(scene.live.session_of(factories.make_user(role="admin"), at_admin=True), at_admin=True)
    a.go("/clinics/clinicapplication/", hosts.admin_host())
    a.page.get_by_role("link", name="Nyeri Hill Clinic").first.click()
    a.page.select_option("#id_code", "licence_unreadable")
    a.press("Send back")
    assert "the applicant is told why" in a.text

    v.page.reload()
    assert "sharper scan" in v.text
    v.press("Change the application")
    v.page.check("#id_terms")
    v.page.set_input_files("#id_licence", upload("better.pdf"))
    v.press("Check the application")
    v.press("Send the application")

    a.go(f"/clinics/clinicapplication/{application.pk}/change/", hosts.admin_host())
    a.press("^Let in$")
    until(lambda: Clinic.objects.filter(slug=slug).exists(), "the worker has made the clinic")
    a.page.get_by_text(re.compile("Let in on")).wait_for()
    v.page.reload()
    assert "is on Precta" in v.text
    v.press("See the clinic's page")
    assert v.page.url.startswith(f"{hosts.clinic_url(Clinic.objects.get(slug=slug), 'accounts:clinic:home')}")
    assert "Nyeri Hill Clinic" in v.text
    assert not v.complaints and not a.complaints
    assert not v.strangers and not a.strangers


def make_account(v, letters, email):
    for name, value in (("first_name", "Wanjiru"), ("last_name", "Kamau"), ("email", email), ("password1", PASSWORD)):
        v.page.fill(f"[name={name}]", value)
    v.page.check("[name=terms]")
    v.press("Make my account")
    v.page.fill("[name=code]", letters.code(email))
    v.press("Confirm")


def test_from_a_strangers_application_to_the_first_walk_in(scene, visitor):
    letters = scene.live.letters
    owner, desk_mail = f"{new_id()}@example.test", f"{new_id()}@example.test"
    o = visitor()
    o.go("/join/clinic/")
    o.press("Sign up and begin")
    make_account(o, letters, owner)
    o.page.wait_for_url("**/join/clinic/apply/")
    fill_in(o.page, name="Machakos Family Clinic", slug="machakos-family", city="Machakos")
    o.page.set_input_files("#id_licence", upload())
    o.press("Check the application")
    o.press("Send the application")
    letters.wait(owner, about="We have your application")
    application = ClinicApplication.objects.get(applicant__email=owner)

    a = visitor()
    a.sign_in_as(scene.live.session_of(factories.make_user(role="admin"), at_admin=True), at_admin=True)
    a.go(f"/clinics/clinicapplication/{application.pk}/change/", hosts.admin_host())
    a.press("^Let in$")
    letter = letters.wait(owner, about="is on Precta")
    clinic = Clinic.objects.get(slug="machakos-family")

    o.go(re.search(r"https?://\S+/admin/", letter["text"])[0])
    set_up_second_factor(o)
    o.page.wait_for_url(f"**//{hosts.clinic_host(clinic)}*/admin/**")
    assert "First steps for your clinic" in o.text
    o.press("Invite your staff")
    o.page.fill("[name=address]", desk_mail)
    o.page.check("[name=role][value=front_desk]")
    o.press("Send the invitation")
    o.page.get_by_text("is on its way").wait_for()
    o.go("/admin/", hosts.clinic_host(clinic))
    o.page.locator(".first li.done", has_text="Invite your staff").wait_for()

    d = visitor(viewport=PHONE)
    d.go(re.search(r"https?://\S+/join/staff/\S+", letters.wait(desk_mail, about="invited to work")["text"])[0])
    d.press("Make an account")
    make_account(d, letters, desk_mail)
    d.press("Accept and join")
    set_up_second_factor(d)
    d.page.wait_for_url("**/admin/**")
    doctor = scene.doctor(clinic)
    d.go("/admin/desk/book/", hosts.clinic_host(clinic))
    d.press("Add a patient")
    for name, value in (("first_name", "Mary"), ("last_name", "Wambui"), ("phone", new_phone())):
        d.page.fill(f"[name={name}]", value)
    d.page.check("[name=consent]")
    d.press("Add and choose a time")
    d.page.wait_for_url("**/desk/book/for/**")
    slot = scene.free(doctor)[0]
    d.go(f"{d.page.url.partition('?')[0]}?doctor={doctor.pk}&at={moment_key(slot.starts_at)}&mode={slot.mode}")
    d.page.check("[name=method][value=cash]")
    d.press("Book this time")
    d.page.get_by_text("Mary Wambui is booked for").wait_for()
    with clinic_context(clinic):
        visit = Appointment.objects.get()
        assert (visit.status, visit.payment.method, visit.booked_by.email) == ("confirmed", "cash", desk_mail)
    assert not o.complaints and not d.complaints
