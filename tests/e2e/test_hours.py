"""The grid of hours under a mouse, a keyboard and a finger, from the draft to the saved week."""

import pytest

from appointments.services.hours import read_hours
from precta import hosts
from precta.tenancy import clinic_context
from tests import factories
from tests.browser import DESK, PHONE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

MONDAY, TUESDAY, WEDNESDAY = 1, 2, 3


@pytest.fixture
def doctor(scene):
    """Somebody with hours on Monday morning only."""
    from appointments.models import DoctorAvailability

    made = scene.doctor()
    with clinic_context(made.clinic):
        DoctorAvailability.objects.filter(doctor=made).delete()
    factories.make_window(made, MONDAY, "08:00", "12:00")
    return made


@pytest.fixture
def editor(visitor, doctor):
    def open_it(person=None, path="/workspace/availability/", **options):
        v = visitor(person or doctor, **options)
        v.go(path, hosts.clinic_host(doctor.clinic))
        v.page.wait_for_selector("#hours.scripted")
        return v

    return open_it


def saved(doctor):
    """(weekday, from, until, kind) of each window that is saved."""
    with clinic_context(doctor.clinic):
        weekly = read_hours(doctor).weekly
    return sorted((r.window.day_of_week, f"{r.window.start:%H:%M}", f"{r.window.end:%H:%M}", r.mode) for r in weekly)


def point(v, day, clock, lane=0):
    """Where that time is on the screen, in the middle of the lane."""
    box = v.page.locator(f'[data-day="{day}"] [data-lanes]').bounding_box()
    first, last = v.page.evaluate(
        """() => { const labels = [...document.querySelectorAll("[data-hours] span")].map(s => parseInt(s.textContent));
                   return [labels[0], labels.at(-1) + 1]; }"""
    )
    hours, minutes = map(int, clock.split(":"))
    y = box["y"] + box["height"] * (hours + minutes / 60 - first) / (last - first)
    return box["x"] + box["width"] * (lane + 0.5) / 2, y


def drag(v, start, end):
    v.page.mouse.move(*start)
    v.page.mouse.down()
    v.page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=4)
    v.page.mouse.move(*end, steps=4)
    v.page.mouse.up()


def block(v, day, words):
    return v.page.locator(f'[data-day="{day}"] .hb-b' + (f'[aria-label*="{words}"]' if words else ""))


def save(v):
    v.page.get_by_role("button", name="Preview").click()
    v.page.wait_for_selector("h1:has-text('Before you save')")
    v.page.locator(".hx-bar .act").click()
    v.page.wait_for_selector("#hours.scripted")


def test_hours_are_drawn_moved_and_stretched_with_a_mouse(editor, doctor):
    v = editor()
    drag(v, point(v, TUESDAY, "09:05"), point(v, TUESDAY, "11:30"))
    assert block(v, TUESDAY, "09:00 to 11:30, At the clinic").count() == 1
    # In the other lane: a video call.
    drag(v, point(v, TUESDAY, "14:05", lane=1), point(v, TUESDAY, "16:00", lane=1))
    assert block(v, TUESDAY, "14:00 to 16:00, Video call").count() == 1
    # Moved to another day and an hour later.
    drag(v, point(v, MONDAY, "10:00"), point(v, WEDNESDAY, "11:00"))
    assert block(v, WEDNESDAY, "09:00 to 13:00").count() == 1
    assert block(v, MONDAY, "").count() == 0
    # Its end is pulled down; it stops where other hours begin.
    drag(v, point(v, WEDNESDAY, "15:05"), point(v, WEDNESDAY, "17:00"))
    x, y = point(v, WEDNESDAY, "13:00")
    drag(v, (x, y - 3), (x, y + 400))
    assert block(v, WEDNESDAY, "09:00 to 15:00").count() == 1
    assert "not saved yet: 5" in v.text
    save(v)
    assert saved(doctor) == [
        (2, "09:00", "11:30", "in_person"),
        (2, "14:00", "16:00", "video"),
        (3, "09:00", "15:00", "in_person"),
        (3, "15:00", "17:00", "in_person"),
    ]
    v.press("Take it back")
    v.page.wait_for_selector("#hours.scripted")
    assert saved(doctor) == [(1, "08:00", "12:00", "in_person")]


def test_a_click_adds_two_hours_and_a_press_beside_them_never_overlaps(editor, doctor):
    v = editor()
    v.page.mouse.click(*point(v, MONDAY, "13:10"))
    assert block(v, MONDAY, "13:00 to 15:00").count() == 1
    v.page.mouse.click(*point(v, MONDAY, "12:10"))
    assert block(v, MONDAY, "12:00 to 13:00").count() == 1


def test_everything_goes_by_keyboard(editor, doctor):
    v = editor()
    page = v.page
    block(v, MONDAY, "").focus()
    for key in ("ArrowDown", "ArrowDown", "Shift+ArrowDown", "Alt+ArrowUp", "ArrowRight"):
        page.keyboard.press(key)
    # Half an hour later, its end once more, its beginning once less, a day on; the focus went along.
    assert (
        page.evaluate("document.activeElement.getAttribute('aria-label')") == "Tuesday, 08:15 to 12:45, At the clinic"
    )
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") in {"hx-start", "hx-end"}
    page.get_by_label("Until", exact=True).first.fill("13:00")
    page.keyboard.press("Tab")
    assert block(v, TUESDAY, "08:15 to 13:00").count() == 1
    # A break splits it, and the second half goes.
    page.get_by_text("Add a break").click()
    page.locator("#hx-break-start").fill("10:00")
    page.locator("#hx-break-end").fill("10:30")
    page.get_by_role("button", name="Take this break out").press("Enter")
    assert block(v, TUESDAY, "08:15 to 10:00").count() == block(v, TUESDAY, "10:30 to 13:00").count() == 1
    block(v, TUESDAY, "10:30").focus()
    page.keyboard.press("Delete")
    assert block(v, TUESDAY, "10:30").count() == 0
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert block(v, TUESDAY, "08:15 to 13:00").count() == 1
    # A day is copied from its menu.
    page.get_by_label("What to do with Tuesday").press("Enter")
    page.get_by_role("link", name="Copy Tuesday to other days").press("Enter")
    dialog = page.get_by_role("dialog")
    for day in ("Thursday", "Friday"):
        dialog.get_by_label(day).press("Space")
    dialog.get_by_role("button", name="Copy").press("Enter")
    save(v)
    assert saved(doctor) == [(day, "08:15", "13:00", "in_person") for day in (2, 4, 5)]


def test_a_finger_taps_drags_what_it_chose_and_sees_one_day_at_a_time(editor, doctor):
    v = editor(viewport=PHONE, has_touch=True, is_mobile=True)
    page = v.page
    page.get_by_role("button", name="Wednesday", exact=True).tap()
    assert page.locator(".hx-day:visible").count() == 1
    page.touchscreen.tap(*point(v, WEDNESDAY, "09:10"))
    assert block(v, WEDNESDAY, "09:00 to 11:00").count() == 1
    # The panel of the chosen hours lies over the foot of the page, within reach of a thumb, and not over them.
    panel = page.locator("[data-inspector]").bounding_box()
    chosen = page.locator(".hb.is-on").bounding_box()
    assert panel["y"] > chosen["y"] + chosen["height"]
    edge = page.locator(".hb.is-on .hb-edge.end").bounding_box()
    x, y = edge["x"] + edge["width"] / 2, edge["y"] + edge["height"] / 2
    finger = v.context.new_cdp_session(page)
    row = page.evaluate("document.querySelector('[data-day=\"3\"] [data-lanes]').getBoundingClientRect().height") / 12
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 7):
        at = {"x": x, "y": y + row * step / 6}
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [at]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert block(v, WEDNESDAY, "09:00 to 12:00").count() == 1
    page.wait_for_timeout(500)  # so soon after a swipe the browser takes a tap for its end
    page.locator("[data-inspector]").get_by_role("button", name="Close").tap()
    beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert beyond <= 0
    save(v)
    assert saved(doctor) == [(1, "08:00", "12:00", "in_person"), (3, "09:00", "12:00", "in_person")]


def test_a_change_is_planned_a_day_is_closed_and_a_reload_loses_nothing(editor, doctor):
    v = editor(viewport=DESK)
    page = v.page
    page.get_by_role("button", name="Plan a change").click()
    page.locator("#hx-plan").fill("2027-02-01")
    page.get_by_role("button", name="Go on").click()
    assert page.locator(".hx-tools .chip[aria-current]").inner_text() == "From 1 Feb 2027"
    drag(v, point(v, MONDAY, "10:00"), point(v, MONDAY, "12:00"))
    page.get_by_text("Add such a day").click()
    page.locator("[data-day-form] [name=date]").fill("2027-03-01")
    page.get_by_role("button", name="Add this day").click()
    assert "Mon 1 Mar 2027, no hours" in v.text
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.wait_for_selector("#hours.scripted")
    assert "Mon 1 Mar 2027, no hours" in v.text
    page.get_by_role("button", name="Preview").click()
    page.wait_for_selector("h1:has-text('Before you save')")
    # Back to the draft by the page's own button.
    page.get_by_role("button", name="Keep editing").click()
    page.wait_for_selector("#hours.scripted")
    save(v)
    with clinic_context(doctor.clinic):
        hours = read_hours(doctor)
    assert [
        (f"{r.window.start:%H:%M}", str(r.window.effective_from), str(r.window.effective_until)) for r in hours.weekly
    ] in (
        [("08:00", "None", "2027-01-31"), ("10:00", "2027-02-01", "None")],
        [("10:00", "2027-02-01", "None"), ("08:00", "None", "2027-01-31")],
    )
    assert str(hours.days[0].day) == "2027-03-01"


def test_the_clinic_changes_a_doctors_hours_while_the_doctor_works_on_them(editor, scene, doctor):
    own = editor()
    manager = scene.staff("manager")
    desk = editor(manager, f"/admin/hours/{doctor.pk}/")
    drag(desk, point(desk, TUESDAY, "09:05"), point(desk, TUESDAY, "10:00"))
    save(desk)
    own.expect(409)
    drag(own, point(own, WEDNESDAY, "09:05"), point(own, WEDNESDAY, "10:00"))
    own.page.get_by_role("button", name="Preview").click()
    own.page.wait_for_selector("text=saved other hours here")
    own.page.wait_for_selector("#hours.scripted")
    assert block(own, WEDNESDAY, "09:00 to 10:00").count() == 1
    assert saved(doctor) == [(1, "08:00", "12:00", "in_person"), (2, "09:00", "10:00", "in_person")]


def test_without_scripts_the_same_page_leads_to_forms(visitor, doctor):
    v = visitor(doctor, java_script_enabled=False)
    page = v.page
    v.go("/workspace/availability/", hosts.clinic_host(doctor.clinic))
    page.get_by_role("link", name="Add hours", exact=True).click()
    page.get_by_label("Day", exact=True).select_option("Tuesday")
    page.get_by_label("From", exact=True).fill("14:00")
    page.get_by_label("Until", exact=True).fill("16:00")
    page.get_by_role("button", name="See the times first").click()
    assert "4 times more" in v.text or "8 times more" in v.text
    page.get_by_role("button", name="Save these hours").click()
    page.locator('[data-day="2"]').get_by_role("link", name="14:00").click()
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove the hours").click()
    page.get_by_text("Add such a day").click()
    page.locator("[data-day-form] [name=date]").fill("2027-03-01")
    page.get_by_role("button", name="Add this day").click()
    assert "Mon 1 Mar 2027, no hours" in v.text
    assert saved(doctor) == [(1, "08:00", "12:00", "in_person")]
