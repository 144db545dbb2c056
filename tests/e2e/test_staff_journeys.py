"""The staff of a clinic in the browser: invited, joined with a second factor, moved to another role, gone again."""

import re

import pytest

from clinics.models import Membership
from precta import hosts
from precta.ids import new_id
from tests import factories
from tests.browser import DESK, PHONE
from tests.e2e.test_journeys import PASSWORD
from tests.live.scene import new_phone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def sign_up(v, letters, email):
    v.press("Make an account")
    for name, value in (("first_name", "Wanjiru"), ("last_name", "Kamau"), ("email", email), ("password1", PASSWORD)):
        v.page.fill(f"[name={name}]", value)
    v.page.check("[name=terms]")
    v.press("Make my account")
    v.page.fill("[name=code]", letters.code(email))
    v.press("Confirm")


def set_up_second_factor(v):
    v.page.wait_for_url(re.compile("second-factor"))
    if "/reauthenticate/" in v.page.url:  # a sign-up is no sign-in: the password once more
        v.page.fill("[name=password]", PASSWORD)
        v.press("^Continue$")
        v.page.wait_for_url(re.compile(r"/second-factor/app/(?!.*reauthenticate)"))
    secret = re.sub(r"\s", "", v.page.locator("code.secret").text_content())
    v.page.fill("[name=code]", factories.totp_code(secret))
    v.press("^Finish$")
    v.press("I have kept them")


def line_of(v, name):
    return v.page.locator(".people li", has_text=name)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts on a phone"])
def test_a_colleague_is_invited_joins_with_a_second_factor_and_is_managed(scene, visitor, scripts):
    clinic, host = scene.uzima, hosts.clinic_host(scene.uzima)
    owner, email = scene.staff("owner"), f"{new_id()}@example.test"
    options = {"java_script_enabled": scripts, "viewport": DESK if scripts else PHONE}
    o = visitor(owner, **options)
    o.go("/admin/staff/", host)
    o.press("Invite somebody")
    o.page.fill("[name=address]", email)
    o.page.check("[name=role][value=front_desk]")
    o.press("Send the invitation")
    o.page.get_by_text("is on its way").wait_for()
    assert "Front desk" in line_of(o, email).inner_text()

    letter = scene.live.letters.wait(email, about="invited to work")
    link = re.search(r"https?://\S+/join/staff/\S+", letter["text"])[0]
    v = visitor(**options)
    v.go(link)
    assert clinic.name in v.text
    sign_up(v, scene.live.letters, email)
    v.page.wait_for_url("**/join/staff/**")
    v.press("Accept and join")
    set_up_second_factor(v)
    v.page.wait_for_url(f"**//{host}*/admin/**")
    v.expect(403, 410)
    assert v.go("/admin/staff/", host).status == 403
    v.go("/admin/staff/mine/", host)
    assert "Take cash" in v.text and "Front desk" in v.text

    o.page.reload()
    assert "Second factor set up" in line_of(o, email).inner_text()
    line_of(o, email).get_by_role("link", name="Change role").click()
    o.page.check("[name=role][value=manager]")
    o.press("Change the role")
    assert "Manager" in line_of(o, email).inner_text()
    assert v.go("/admin/staff/", host).status == 200

    line_of(o, email).get_by_role("link", name="End access").click()
    o.press("^End access$")
    o.page.get_by_role("heading", name="Worked here before").wait_for()
    assert v.go("/admin/", host).status == 403
    assert v.go(link).status == 410
    assert not Membership.objects.get(clinic=clinic, user__email=email).is_active


def test_an_invitation_by_phone_is_accepted_with_the_phones_code(scene, visitor):
    owner, phone = scene.staff("owner"), new_phone()
    o = visitor(owner)
    o.go("/admin/staff/invite/", hosts.clinic_host(scene.uzima))
    o.page.fill("[name=address]", phone)
    o.page.check("[name=role][value=pharmacist]")
    o.press("Send the invitation")
    number = "+254" + phone[1:]
    link = re.search(r"https?://\S+/join/staff/\S+", scene.live.letters.wait(number)["text"])[0]
    person = scene.patient("Peter")
    v = visitor(person)
    v.go(link)
    v.press("Send me the code")
    v.page.fill(
        "[name=code]", re.search(r"\b\d{6}\b", scene.live.letters.wait(number, about="your Precta code")["text"])[0]
    )
    v.press("Accept and join")
    v.page.wait_for_url("**/admin/**")
    assert Membership.objects.get(clinic=scene.uzima, user=person.user).role == "pharmacist"
