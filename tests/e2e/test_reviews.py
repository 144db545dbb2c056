"""A review in the browser: written on a phone, read by a moderator, shown with the right rating, answered."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe

from accounts.models import Doctor
from appointments.services.projections import recount_consultations
from content.models import Review
from precta import clock, hosts
from precta.tenancy import clinic_context
from tests import factories
from tests.browser import PHONE
from tests.e2e.test_pages import SERIOUS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def seen(scene):
    """Over since yesterday."""
    visit = factories.make_appointment(
        scene.patient("Amina"), scene.doctor(), clock.now() - timedelta(days=1), status="completed"
    )
    factories.make_consultation(visit)
    with clinic_context(visit.clinic):
        recount_consultations(visit.doctor_id)
    return visit


@pytest.fixture
def moderator(visitor, scene):
    made = visitor()
    made.sign_in_as(scene.live.session_of(factories.make_user(role="admin"), at_admin=True), at_admin=True)
    return made


def serious(page):
    found = Axe().run(page).response["violations"]
    return [one["id"] for one in found if one["impact"] in SERIOUS]


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_review_is_written_moderated_shown_and_answered(visitor, moderator, seen, scripts):
    host = hosts.clinic_host(seen.clinic)
    v = visitor(seen.patient, java_script_enabled=scripts, viewport=PHONE)
    v.go(f"/appointments/{seen.pk}/", host)
    v.page.get_by_role("link", name="Write a review").click()
    v.page.get_by_role("heading", name="How was your visit?").wait_for()
    v.expect(400)
    v.page.get_by_label("In your own words").fill("Listened to the end.\nCall 0712 345 678, not that idiot.")
    if scripts:
        assert serious(v.page) == [] and fits(v.page)
        # With the keyboard: the first star, and from there to the fourth.
        v.page.locator("input[name=rating]").first.focus()
        v.page.keyboard.press("Space")
        for _ in range(3):
            v.page.keyboard.press("ArrowRight")
        assert v.page.locator("input[name=rating]:checked").input_value() == "4"
    else:
        v.page.get_by_label("4 stars: very good").check(force=True)
    v.press("Send the review")
    v.page.get_by_text("We have your review and read it soon.").first.wait_for()
    v.page.get_by_label("In your own words").fill("Listened to the end, and explained each step.\nCall 0712 345 678.")
    v.press("Save the changes")
    v.page.get_by_text("We have your review and read it soon.").first.wait_for()
    review = Review.objects.get(doctor=seen.doctor)
    assert (review.rating, review.moderation_status) == (4, "pending")

    moderator.go("/content/review/?queue=waiting", hosts.admin_host())
    assert moderator.page.locator("mark.phone").filter(has_text="0712 345 678").count() >= 1
    moderator.go(f"/content/review/{review.pk}/change/", hosts.admin_host())
    assert moderator.page.locator("mark.phone").inner_text() == "0712 345 678"
    if scripts:
        assert serious(moderator.page) == []
    moderator.page.get_by_label("Reason").select_option("contact")
    moderator.page.get_by_role("button", name="Reject").click()
    moderator.page.get_by_text("It is rejected; its author is told why.").wait_for()

    v.go(f"/consultations/{review.consultation_id}/review/", host)
    v.page.get_by_text("Please leave them out.").wait_for()
    v.page.get_by_label("In your own words").fill("Listened to the end, and explained each step.")
    v.press("Send the review")
    v.page.get_by_text("We have your review and read it soon.").first.wait_for()
    moderator.go(f"/content/review/{review.pk}/change/", hosts.admin_host())
    moderator.page.get_by_role("button", name="Publish").click()
    moderator.page.get_by_text("It is published now.").wait_for()
    doctor = Doctor.objects.get(pk=seen.doctor_id)
    assert (str(doctor.average_rating), doctor.total_reviews) == ("4.0", 1)

    d = visitor(seen.doctor, java_script_enabled=scripts, viewport=PHONE)
    d.go("/workspace/reviews/", host)
    d.page.get_by_role("link", name="Answer").click()
    d.page.get_by_label("Your answer").fill("Thank you, come again.")
    d.press("Send the answer")
    d.page.get_by_text("Waiting for moderation").wait_for()
    if scripts:
        assert serious(d.page) == [] and fits(d.page)
    review.refresh_from_db()
    moderator.go(f"/content/reviewanswer/{review.answer.pk}/change/", hosts.admin_host())
    moderator.page.get_by_role("button", name="Publish").click()
    moderator.page.get_by_text("It is published now.").wait_for()

    anybody = visitor(java_script_enabled=scripts, viewport=PHONE)
    anybody.go(f"/doctors/{seen.doctor_id}/")
    for words in ("4.0", "Amina H.", "Listened to the end, and explained each step.", "Thank you, come again."):
        assert words in anybody.text
    assert "Hassan" not in anybody.text
    anybody.page.get_by_role("link", name="Read the review").click()
    anybody.page.get_by_role("heading", name="Reviews of").wait_for()
    assert "Thank you, come again." in anybody.text
    if scripts:
        assert serious(anybody.page) == [] and fits(anybody.page)
