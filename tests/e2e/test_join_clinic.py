"""A clinic comes to Precta: from the first page that a stranger reads to the owner's own administration."""

import re

import pytest

from clinics.models import Clinic, ClinicApplication
from precta import hosts
from tests import factories
from tests.browser import PHONE
from tests.files.corpus import pdf
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
