"""Every page of the permission matrix as its reader sees it: readable, accessible, at home, in both themes."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings

from accounts.services.doctor_application import ask_clinic, start, submit
from appointments.models import Appointment
from appointments.week import moment_key
from clinics.models import Clinic
from precta import clock, hosts
from precta.ids import new_id
from tests import factories
from tests.browser import DESK, PHONE, TABLET
from tests.conftest import make_cast
from tests.permissions.addresses import every_address
from tests.permissions.matrix import MATRIX, PEOPLE, STRANGER
from tests.permissions.sample import make_people, make_sample
from tests.permissions.test_matrix import values_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NOT_PAGES = {
    "healthz",
    "readyz",
    "accounts:directory:robots",
    "accounts:clinic:robots",
    "accounts:directory:sitemap",
    "content:public:feed",
    "appointments:patient:calendar",
    "appointments:records:file",
    "appointments:records:preview",
    "appointments:doctor:record-file",
    "appointments:doctor:record-preview",
    "appointments:doctor:earnings-csv",
    "appointments:me:record-file",
    "appointments:patient:pay-status",
    "pharmacy:orders:pay-status",
    "clinics:join:address",
    "clinics:join:progress",
    "clinics:join:licence",
    "platform_admin:accounts_doctor_paper",
    "platform_admin:content_article_preview",
    "platform_admin:clinics_clinicapplication_licence",
    "platform_admin:clinics_clinicapplication_progress",
    "clinic_admin:appointments_desk_book_status",
    "platform_admin:jsi18n",
    "clinic_admin:jsi18n",
    "accounts:join-doctor:paper-file",
    "pharmacy:patient:pdf",
    "pharmacy:me:pdf",
    "pharmacy:doctor:medicines",
    "clinic_admin:pharmacy_medicine_template",
    "clinic_admin:pharmacy_desk_labels",
    "styleguide-page",  # pictures of the error pages, which have a test of their own
}
# No colour in between is judged: two frames in which nothing moves that will end. What never ends is not waited for.
AT_REST = """() => new Promise(done => {
    const late = performance.now() + 5000;
    const ends = animation => animation.effect.getComputedTiming().endTime < Infinity;
    const moves = animation => animation.playState === "running" && ends(animation);
    let calm = 0;
    const look = () => {
        calm = document.getAnimations().some(moves) ? 0 : calm + 1;
        if (calm === 2) done(true);
        else if (performance.now() > late) done(false);
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})"""
SERIOUS = {"serious", "critical"}
HOSTS = {"platform": settings.PLATFORM_HOST, "admin": hosts.admin_host(), "clinic": f"uzima.{settings.PLATFORM_HOST}"}


@pytest.fixture
def world(scene):
    """The matrix's people and things in the running portal, made once for all the tests here."""
    live = scene.live
    if live.world is None:
        cast = make_cast(scene.uzima, scene.pwani)
        live.world = (make_people(cast), make_sample(cast))
    return live.world


def shown_to(rule):
    for person in (STRANGER, "patient", "doctor", "owner", "admin", *PEOPLE):
        if rule.get.who and person in rule.get.who:
            return person
    return None


def pages(host, sample):
    """(name, path, person) of every address that is a page somebody may open."""
    seen = set()
    for address in every_address(host):
        rule = MATRIX[host].get(address.name)
        person = shown_to(rule) if rule else None
        if person is None or address.name in NOT_PAGES or "<path:object_id>/" in address.name:
            continue
        if address.name.endswith(("_export", "-csv")):
            continue  # a download
        if address.name.endswith("_history") and "history" in seen:
            continue  # one stands for all
        seen.add(address.name.rpartition("_")[2])
        yield address.name, address.path(values_for(address, rule, sample)), person


def faults_of(page, *, statuses=(200,), response=None):
    """What is wrong with the page that is open, as sentences."""
    wrong = []
    if response is not None and response.status not in statuses:
        wrong.append(f"answers {response.status}")
    seen = page.evaluate(
        """() => ({
            headings: [...document.querySelectorAll("h1")].filter(h => h.checkVisibility()).length,
            title: document.title.trim(), lang: document.documentElement.lang,
            main: document.querySelectorAll("main").length,
        })"""
    )
    if seen["headings"] != 1 and "/styleguide/" not in page.url:
        wrong.append(f"{seen['headings']} h1")
    if not seen["title"] or seen["title"].startswith("·"):
        wrong.append("no title")
    if seen["lang"] not in {"en", "sw"}:
        wrong.append(f"lang is {seen['lang']!r}")
    if seen["main"] != 1:
        wrong.append(f"{seen['main']} main")
    wrong += axe(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    if not page.evaluate(AT_REST):
        wrong.append("dark: does not come to rest")
    wrong += [f"dark: {fault}" for fault in axe(page, "color-contrast")]
    for size in (PHONE, TABLET):
        page.set_viewport_size(size)
        beyond = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if beyond > 0:
            wrong.append(f"scrolls sideways by {beyond} px at {size['width']}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)
    return wrong


def axe(page, *rules):
    # Without `preload`: to read a sheet's imports it would write a <style> into the page, which the policy refuses.
    options = {"resultTypes": ["violations"], "preload": False}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found if v["impact"] in SERIOUS]


def look_at_all(scene, visitors, host, wanted):
    """Open each page as its reader; what is wrong with them, page by page."""
    readers, wrong = {}, []
    for name, path, user, statuses in wanted:
        key = user.pk if user is not None else STRANGER
        if key not in readers:
            # At rest: words that are still fading in have less contrast than they end with.
            readers[key] = visitors(scene.live.url, reduced_motion="reduce")
            readers[key].expect(400, 403, 404, 409)
            if user is not None:
                session = scene.live.session_of(user, at_admin=host == "admin")
                readers[key].sign_in_as(session, at_admin=host == "admin")
        v = readers[key]
        response = v.go(path, HOSTS.get(host, host))
        faults = faults_of(v.page, statuses=statuses, response=response)
        faults += [f"console: {text}" for text in v.complaints] + [f"asks {url}" for url in v.strangers]
        v.complaints.clear()
        v.strangers.clear()
        wrong += [f"{name} {urlsplit(v.page.url).path}: {fault}" for fault in faults]
    return wrong


@pytest.mark.parametrize("host", MATRIX)
def test_every_page_is_accessible_and_at_home(scene, world, visitors, host):
    people, sample = world
    wanted = [(name, path, people[person], (200,)) for name, path, person in pages(host, sample)]
    wrong = look_at_all(scene, visitors, host, wanted)
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_pages_in_between_are_accessible_too(scene, visitors):
    """Those that a plain visit to an address does not show: chosen, held, waiting, refused, ended, taken, cancelled."""
    doctor, patient = scene.doctor(), scene.patient()
    slots = scene.free(doctor)
    held = scene.hold(patient, doctor, slots[0])
    waiting = scene.hold(patient, doctor, slots[1])
    assert scene.pay(waiting).status == 302
    refused = scene.hold(patient, doctor, slots[2])
    answer = scene.pay(refused)
    assert answer.status == 302, answer.text
    scene.live.standin.refuse(scene.reference(refused))
    other = scene.patient("Peter")
    ended = scene.hold(other, doctor, slots[3])
    scene.alter(Appointment, ended.pk, ended.clinic, hold_expires_at=clock.now() - timedelta(minutes=1))
    scene.live.send_task("appointments.tasks.expire_holds_all")
    scene.comes_to(ended, "cancelled")
    by_card = scene.hold(other, doctor, slots[4], method="card")
    scene.pay(by_card, "card")
    taken = moment_key(slots[0].starts_at)
    user, second = patient.user, other.user
    wanted = [
        ("a time chosen by a stranger", f"/book/{doctor.pk}/?at={moment_key(slots[8].starts_at)}&mode=in_person", None),
        ("a time chosen", f"/book/{doctor.pk}/?at={moment_key(slots[8].starts_at)}&mode=in_person", user),
        ("a time that is gone", f"/book/{doctor.pk}/?at={taken}&mode=in_person", user),
        ("held", f"/appointments/{held.pk}/", user),
        ("to pay", f"/appointments/{held.pk}/pay/", user),
        ("letting go", f"/appointments/{held.pk}/cancel/", user),
        ("waiting for the PIN", f"/appointments/{waiting.pk}/pay/", user),
        ("refused", f"/appointments/{refused.pk}/pay/?check=1", user),
        ("a hold that ended", f"/appointments/{ended.pk}/pay/", second),
        ("cancelled", f"/appointments/{ended.pk}/", second),
        ("on the card page", f"/appointments/{by_card.pk}/pay/", second),
        ("no such page", "/nothing/here/", None),
        ("not a doctor", "/workspace/", user),
    ]
    statuses = (200, 403, 404, 409)
    wrong = look_at_all(scene, visitors, "clinic", [(*page, statuses) for page in wanted])
    scene.alter(Clinic, scene.pwani.pk, scene.uzima, status="suspended")
    try:
        wrong += look_at_all(scene, visitors, hosts.clinic_host(scene.pwani), [("suspended", "/", None, (404,))])
    finally:
        scene.alter(Clinic, scene.pwani.pk, scene.uzima, status="active")
    wrong += look_at_all(scene, visitors, f"nobody.{settings.PLATFORM_HOST}", [("unknown", "/", None, (404,))])
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_pages_of_a_doctors_application_are_accessible_in_every_state(scene, visitors):
    drafting = start(user=factories.make_user(f"{new_id()}@example.test"))
    whole = factories.make_applicant(clinic=None)
    asked = ask_clinic(doctor=whole, by=whole.user, clinic=scene.uzima)
    steps = ("about", "practice", "visits", "clinic", "papers", "papers/add", "submit")
    paper = whole.credentials.get(type="id")
    owner = scene.staff("owner")
    at_draft = [(step, f"/join/doctor/{step}/", drafting.user, (200,)) for step in ("", *steps)]
    at_draft[0] = ("overview", "/join/doctor/", drafting.user, (200,))
    wrong = look_at_all(scene, visitors, "platform", at_draft)
    more = [
        ("to check", "/join/doctor/submit/", whole.user, (200,)),
        ("papers", "/join/doctor/papers/", whole.user, (200,)),
        ("a paper", f"/join/doctor/papers/{paper.pk}/", whole.user, (200,)),
        ("to remove", f"/join/doctor/papers/{paper.pk}/remove/", whole.user, (200,)),
    ]
    wrong += look_at_all(scene, visitors, "platform", more)
    wrong += look_at_all(
        scene, visitors, "clinic", [("a request", f"/admin/doctor-requests/{asked.pk}/", owner, (200,))]
    )
    submit(doctor=whole, by=whole.user)
    wrong += look_at_all(scene, visitors, "platform", [("sent", "/join/doctor/", whole.user, (200,))])
    assert not wrong, "\n" + "\n".join(wrong)
