"""From a search to a visit that both sides see, in a real browser."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.models import User
from appointments.models import Appointment
from appointments.week import moment_key, parse_moment
from precta import hosts
from precta.ids import new_id
from precta.notifications.models import Notification
from precta.tenancy import clinic_context
from tests.browser import DESK, PHONE
from tests.live.scene import new_phone
from tests.live.stack import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PASSWORD = "seven calm giraffes"


def visit_of(scene, doctor):
    """The newest visit of the doctor."""
    with clinic_context(doctor.clinic):
        found = Appointment.objects.filter(doctor=doctor).latest("created_at")
    return scene.visit(doctor.clinic, found.pk)


def choose_time(v, doctor, slot):
    """The clinic's page of the doctor with one time chosen, as every link with a time leads to."""
    return v.go(
        f"/book/{doctor.pk}/?at={moment_key(slot.starts_at)}&mode={slot.mode}", hosts.clinic_host(doctor.clinic)
    )


def news_of(doctor):
    return Notification.objects.filter(user=doctor.user, channel="push", data__url__icontains="/workspace/")


def chosen_time(v):
    return parse_moment(parse_qs(urlsplit(v.page.url).query)["at"][0])


def sign_in_to_hold(v):
    v.page.locator("a.act", has_text="Sign in").locator("visible=true").click()


def hold_this_time(v, *, notes="A cough at night", method="mpesa"):
    v.page.fill("[name=notes]", notes)
    if v.page.locator("[name=consent][type=checkbox]").count():
        v.page.check("[name=consent]")
    v.page.check(f"[name=method][value={method}]")
    if method == "mpesa":
        v.page.fill("[name=phone]", new_phone())
    v.press("^Hold this time$")
    v.page.wait_for_url("**/pay/**")


def sign_up(v, letters):
    email = f"{new_id()}@example.test"
    v.press("Make an account")
    for name, value in (("first_name", "Wanjiru"), ("last_name", "Kamau"), ("email", email), ("password1", PASSWORD)):
        v.page.fill(f"[name={name}]", value)
    v.page.check("[name=terms]")
    v.press("Make my account")
    v.page.fill("[name=code]", letters.code(email))
    v.press("Confirm")
    return email


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts on a phone"])
def test_a_newcomer_finds_a_doctor_signs_up_pays_by_mpesa_and_both_sides_see_the_visit(scene, visitor, phone, scripts):
    doctor = scene.doctor()
    v = visitor(java_script_enabled=scripts, viewport=DESK if scripts else PHONE)

    v.go(f"/doctors/?q={doctor.last_name}")
    v.page.locator("article.doc a.slot").last.click()  # the first may come within the lead time meanwhile
    v.page.wait_for_url(f"**/book/{doctor.pk}/**")
    chosen = chosen_time(v)
    assert urlsplit(v.page.url).hostname == "uzima.precta.localhost"

    sign_in_to_hold(v)
    email = sign_up(v, scene.live.letters)
    v.page.wait_for_url(f"**/book/{doctor.pk}/**")
    assert chosen_time(v) == chosen, "the sign-in leads back to the chosen time"

    hold_this_time(v)
    if not scripts:  # with them the request goes out by itself
        v.press("Send the request for KES 2,500")
    v.page.get_by_role("heading", name="Enter your M-Pesa PIN").wait_for()
    v.page.reload()  # the waiting page survives it
    v.page.get_by_role("heading", name="Enter your M-Pesa PIN").wait_for()
    visit = visit_of(scene, doctor)
    phone.answer(scene.reference(visit))
    if not scripts:
        v.press("Check again")
    v.page.get_by_text("Your visit is confirmed.").wait_for()
    assert scene.now(visit).status == "confirmed"
    assert visit.scheduled_at == chosen

    # What the patient has in hand.
    letter = scene.live.letters.wait(email, about="confirmed")
    assert "A cough" not in letter["subject"] + letter["text"] + letter["html"]
    calendar = scene.look(visit, "calendar.ics", who=User.objects.get(email=email))
    assert calendar.headers["Content-Type"].startswith("text/calendar")
    assert visit.scheduled_at.strftime("%Y%m%dT%H%M%S") in calendar.text
    v.go("/me/notifications/")
    assert "confirmed" in v.text.lower()
    v.go("/me/")
    assert doctor.last_name in v.text
    v.go("/me/appointments/")
    assert doctor.last_name in v.text

    # What the doctor sees.
    d = visitor(doctor)
    local = visit.scheduled_at.astimezone(doctor.clinic.policy.tz)
    d.go(f"/workspace/calendar/?week={local:%Y-%m-%d}", hosts.clinic_host(doctor.clinic))
    assert "Kamau" in d.page.content()
    assert news_of(doctor), "the doctor's inbox has it"


def test_a_visit_is_paid_by_card_on_the_providers_page(scene, visitor):
    doctor, patient = scene.doctor(), scene.patient()
    v = visitor(patient)
    choose_time(v, doctor, scene.free(doctor)[3])
    hold_this_time(v, method="card")
    v.page.wait_for_url(f"{scene.live.standin.url}/checkout/**")
    assert "KES 2,500" in v.page.inner_text("body")
    v.page.get_by_role("button", name="Pay KES 2,500").click()
    v.page.get_by_text("Your visit is confirmed.").wait_for()
    visit = visit_of(scene, doctor)
    assert [(p.method, p.status) for p in scene.payments(visit)] == [("card", "completed")]
    v.press("Receipt")
    assert "KES 2,500" in v.text


def test_a_refused_payment_is_said_and_another_way_succeeds(scene, visitor, phone):
    doctor, patient = scene.doctor(), scene.patient()
    v = visitor(patient, viewport=PHONE)
    choose_time(v, doctor, scene.free(doctor)[0])
    hold_this_time(v)
    v.page.get_by_role("heading", name="Enter your M-Pesa PIN").wait_for()
    visit = visit_of(scene, doctor)
    phone.answer(scene.reference(visit), "Refuse")
    v.page.get_by_text("The payment did not go through.").wait_for()
    assert scene.now(visit).status == "pending_payment", "the time stays held"

    v.press("^Pay by card$")
    v.page.wait_for_url(f"{scene.live.standin.url}/checkout/**")
    v.page.get_by_role("button", name="Decline the card").click()
    v.page.wait_for_url("**/pay/**")
    v.page.get_by_text("The payment did not go through.").wait_for()

    v.press("Send the request for")
    v.page.get_by_role("heading", name="Enter your M-Pesa PIN").wait_for()
    phone.answer(scene.reference(visit))
    v.page.get_by_text("Your visit is confirmed.").wait_for()
    assert [p.status for p in scene.payments(visit)] == ["failed", "failed", "completed"]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_taken_time_offers_the_nearest_ones_and_keeps_the_details(scene, visitor, scripts):
    doctor, patient, faster = scene.doctor(), scene.patient(known_to=()), scene.patient("Peter")
    slots = scene.free(doctor)
    v = visitor(patient, java_script_enabled=scripts, viewport=DESK if scripts else PHONE)
    v.expect(409)
    choose_time(v, doctor, slots[5])
    scene.hold(faster, doctor, slots[5])
    v.page.fill("[name=notes]", "My left knee")
    v.page.check("[name=consent]")
    v.page.fill("[name=phone]", new_phone())
    with v.page.expect_response(lambda r: r.request.method == "POST" and "/book/" in r.url) as answer:
        v.press("^Hold this time$")
    assert answer.value.status == 409
    assert "was taken a moment ago" in v.text
    offered = v.page.locator("button[name=at]").evaluate_all("buttons => buttons.map(button => button.value)")
    assert moment_key(slots[5].starts_at) not in offered
    assert {moment_key(slots[4].starts_at), moment_key(slots[6].starts_at)} <= set(offered)
    v.page.locator(f"button[name=at][value='{moment_key(slots[6].starts_at)}']").click()
    v.page.wait_for_url("**/pay/**")
    visit = visit_of(scene, doctor)
    assert (visit.patient_id, visit.notes, visit.scheduled_at) == (patient.pk, "My left knee", slots[6].starts_at)


@pytest.fixture
def paid(scene):
    """`paid(visit)`: the money for a held visit has come by M-Pesa."""

    def pay(visit):
        assert scene.pay(visit).status == 302
        scene.live.standin.approve(scene.reference(visit))
        return scene.comes_to(visit, "confirmed")

    return pay


def money_in(text):
    found = re.search(r"KES\s([\d,]+)", text)
    return int(found.group(1).replace(",", "")) if found else 0


@pytest.mark.parametrize("days_ahead", [1, 4], ids=["tomorrow", "in four days"])
def test_cancelling_gives_back_exactly_what_was_shown(scene, visitor, paid, days_ahead):
    doctor, patient = scene.doctor(), scene.patient()
    visit = paid(scene.hold(patient, doctor, scene.free(doctor, days_ahead=days_ahead)[0]))
    reference = scene.reference(visit)
    v = visitor(patient)
    v.go(f"/appointments/{visit.pk}/", hosts.clinic_host(doctor.clinic))
    v.press("^Cancel$")
    button = v.page.get_by_role("button", name=re.compile("^Cancel"))
    shown = money_in(button.inner_text())
    button.click()
    v.page.get_by_text("The visit is cancelled.").first.wait_for()
    ended = scene.now(visit)
    assert (ended.status, ended.refund_due) == ("cancelled", shown)
    if shown:
        until(lambda: scene.live.standin.refunds(reference), "the refund is at the provider")
    assert sum(refund["amount"] for refund in scene.live.standin.refunds(reference)) == shown * 100
    assert moment_key(visit.scheduled_at) in {moment_key(slot.starts_at) for slot in scene.free(doctor, days_ahead=1)}
    scene.live.letters.wait(patient.user.email, about="cancelled")
    until(lambda: news_of(doctor).filter(type="appointment_cancelled"), "the doctor's inbox has it")


def test_a_visit_moves_without_being_paid_twice(scene, visitor, paid):
    doctor, patient = scene.doctor(), scene.patient()
    visit = paid(scene.hold(patient, doctor, scene.free(doctor, days_ahead=3)[0]))
    target = scene.free(doctor, days_ahead=3)[4]
    v = visitor(patient)
    v.go(f"/appointments/{visit.pk}/", hosts.clinic_host(doctor.clinic))
    v.press("^Move$")
    v.go(f"{v.page.url.split('?')[0]}?at={moment_key(target.starts_at)}&mode=in_person")
    v.press("^Move the visit$")
    v.page.wait_for_url(re.compile(r"/appointments/[a-z0-9]+/$"))
    old, new = scene.now(visit), visit_of(scene, doctor)
    assert (old.status, old.refund_due) == ("cancelled", 0)
    assert (new.status, new.scheduled_at, new.rescheduled_from_id) == ("confirmed", target.starts_at, old.pk)
    assert [(p.status, p.amount) for p in scene.payments(new)] == [("completed", 2500)]
    assert not scene.payments(old)


def test_moving_to_a_dearer_visit_asks_for_the_difference_only(scene, visitor, paid, phone):
    doctor, patient = scene.doctor(), scene.patient()
    visit = paid(scene.hold(patient, doctor, scene.free(doctor, days_ahead=3)[0]))
    type(doctor).objects.filter(pk=doctor.pk).update(consultation_fee=3200)
    target = scene.free(doctor, days_ahead=3)[4]
    v = visitor(patient)
    here = f"/appointments/{visit.pk}/reschedule/?at={moment_key(target.starts_at)}&mode=in_person"
    v.go(here, hosts.clinic_host(doctor.clinic))
    assert "KES 700" in v.text
    v.press("Hold this time and pay")
    v.page.wait_for_url("**/pay/**")
    assert scene.now(visit).status == "confirmed", "it stays where it is until the difference is paid"
    v.page.fill("[name=phone]", new_phone())
    v.press("Send the request for KES 700")
    v.page.get_by_role("heading", name="Enter your M-Pesa PIN").wait_for()
    new = visit_of(scene, doctor)
    phone.answer(scene.reference(new))
    v.page.get_by_text("Your visit has a new time.").wait_for()
    assert (scene.now(new).status, scene.now(visit).status) == ("confirmed", "cancelled")
    assert sum(p.amount for p in scene.payments(new) if p.status == "completed") == 3200


def test_signing_in_from_a_clinic_leads_back_to_the_chosen_time(scene, visitor):
    from tests.factories import PASSWORD as OLD_PASSWORD

    doctor, patient = scene.doctor(), scene.patient()
    slot = scene.free(doctor)[2]
    v = visitor()
    choose_time(v, doctor, slot)
    sign_in_to_hold(v)
    assert urlsplit(v.page.url).hostname == "precta.localhost"
    v.page.fill("[name=login]", patient.user.email)
    v.page.fill("[name=password]", OLD_PASSWORD)
    v.page.locator("main").get_by_role("button", name="Sign in").click()
    v.page.wait_for_url(f"**/book/{doctor.pk}/**")
    address = urlsplit(v.page.url)
    assert address.hostname == "uzima.precta.localhost"
    assert chosen_time(v) == slot.starts_at
    hold_this_time(v)
