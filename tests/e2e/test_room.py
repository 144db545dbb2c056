"""Two people in a real video call: two browsers with a camera and a microphone that are simulated."""

import time
from datetime import timedelta

import pytest

from appointments.models import Appointment, Consultation, RoomMessage
from precta import clock, hosts
from precta.audit.models import AuditLog
from precta.devstack.chromium import find_chromium
from precta.tenancy import clinic_context
from tests import factories
from tests.browser import FLAGS, PHONE, Visitor
from tests.live.stack import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
# The page keeps its connection to itself; what it made is seen here.
WATCH = """
window.connections = [];
const Own = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Own {
  constructor(...args) { super(...args); window.connections.push(this); }
};
"""
FRAMES = """async () => {
  const pc = window.connections.filter((one) => one.connectionState === "connected").at(-1);
  if (!pc) return 0;
  for (const one of (await pc.getStats()).values())
    if (one.type === "inbound-rtp" && one.kind === "video") return one.framesDecoded ?? 0;
  return 0;
}"""
# A digest of what the other one's picture shows right now.
PICTURE = """() => {
  const video = document.querySelector("[data-remote]");
  if (!video.videoWidth) return "";
  const canvas = document.createElement("canvas");
  canvas.width = 64; canvas.height = 48;
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 64, 48);
  return Array.from(context.getImageData(0, 0, 64, 48).data).join("");
}"""


@pytest.fixture(scope="session")
def camera_chromium(chromium):
    """The session's Chromium has no camera; this one has a simulated one and asks nobody."""
    browser = chromium.browser_type.launch(executable_path=find_chromium(), args=[*FLAGS, *CAMERA])
    yield browser
    browser.close()


@pytest.fixture
def people(scene):
    """A patient, a doctor and their video visit, which is in four minutes."""
    patient, doctor = scene.patient(), scene.doctor()
    at = clock.now() + timedelta(minutes=4)
    visit = factories.make_appointment(patient, doctor, at, consultation_type="video")
    return patient, doctor, visit


@pytest.fixture
def at_room(scene, people, camera_chromium):
    """`at_room(person)` → their browser, with the page of the room open."""
    _patient, doctor, visit = people
    everybody: list[Visitor] = []

    def make(person, *, script="", path=f"/appointments/{visit.pk}/room/", browser=None, **options):
        visitor = Visitor(browser or camera_chromium, scene.live.url, **options)
        everybody.append(visitor)
        visitor.sign_in_as(scene.session(person))
        visitor.context.add_init_script(WATCH + script)
        visitor.go(path, hosts.clinic_host(doctor.clinic))
        return visitor

    yield make
    for visitor in everybody:
        visitor.close()
    complaints = [words for visitor in everybody for words in visitor.complaints]
    assert not complaints
    assert not [url for visitor in everybody for url in visitor.strangers]


def join(visitor):
    visitor.page.locator('[data-join="camera"]').click()
    visitor.page.wait_for_selector("[data-stage]:not([hidden])")


def connected(*visitors, seconds=15):
    for visitor in visitors:
        visitor.page.wait_for_selector('[data-stage][data-status="connected"]', timeout=seconds * 1000)


def frames_grow(visitor, seconds=10):
    before = visitor.page.evaluate(FRAMES)
    until(lambda: visitor.page.evaluate(FRAMES) > before + 5, "pictures arrive", seconds)


def picture_moves(visitor, seconds=10):
    first = until(lambda: visitor.page.evaluate(PICTURE), "a picture is there", seconds)
    until(lambda: visitor.page.evaluate(PICTURE) not in {"", first}, "the picture moves", seconds)


def write(visitor, text):
    visitor.page.locator("[data-write] textarea").fill(text)
    visitor.page.locator("[data-write] button").click()


def reads(visitor, text, seconds=8):
    visitor.page.locator("[data-lines] li", has_text=text).wait_for(timeout=seconds * 1000)


def consultation_of(visit):
    with clinic_context(visit.clinic):
        return Consultation.objects.filter(appointment=visit.pk).first()


def test_doctor_and_patient_see_each_other_lose_each_other_and_end_the_visit(at_room, people, scene):
    patient, doctor, visit = people
    amina, dr = at_room(patient), at_room(doctor)
    until(lambda: "is waiting at the door" in dr.text, "the doctor is told that the patient waits")
    join(amina)
    began = time.monotonic()
    join(dr)
    connected(amina, dr)
    took = time.monotonic() - began
    assert took < 5, f"connected after {took:.1f} s"
    for one in (amina, dr):
        frames_grow(one)
        picture_moves(one)

    # The doctor begins the visit without leaving the call.
    dr.page.get_by_role("button", name="Start the consultation").click()
    begun = until(lambda: consultation_of(visit), "the consultation began")
    dr.page.get_by_role("link", name="End for both").wait_for()
    connected(amina, dr)

    # Notes both ways, as text whatever is in them.
    write(dr, "Paracetamol 500 mg <img src=x onerror=alert(1)>")
    reads(amina, "Paracetamol 500 mg <img src=x onerror=alert(1)>")
    write(amina, "Asante, daktari")
    reads(dr, "Asante, daktari")
    assert dr.page.locator("[data-lines] img").count() == amina.page.locator("[data-lines] img").count() == 0

    # One loses the network and comes back.
    amina.context.set_offline(True)
    amina.page.locator("[data-banner]", has_text="You are not connected").wait_for(timeout=15_000)
    amina.context.set_offline(False)
    amina.page.locator("[data-banner]").wait_for(state="hidden", timeout=15_000)
    amina.complaints = [words for words in amina.complaints if "ERR_INTERNET_DISCONNECTED" not in words]
    connected(amina, dr)
    frames_grow(dr)

    # The connection between the two breaks.
    amina.page.evaluate("window.connections.at(-1).close()")
    dr.page.wait_for_selector('[data-stage]:not([data-status="connected"])', timeout=20_000)
    connected(dr, seconds=30)
    connected(amina, seconds=30)
    frames_grow(amina)
    frames_grow(dr)

    # A page is loaded anew: back in the call by itself.
    dr.page.reload()
    connected(dr, amina, seconds=20)
    frames_grow(amina)
    frames_grow(dr)
    now = consultation_of(visit)
    assert (now.pk, now.started_at, now.ended_at) == (begun.pk, begun.started_at, None)
    assert scene.now(visit).status == "in_progress"

    # The end, for both.
    dr.page.get_by_role("link", name="End for both").click()
    dr.page.locator("[data-end-now]").click()
    amina.page.get_by_role("heading", name="The visit has ended").wait_for()
    amina.page.get_by_role("link", name="To the visit").click()
    amina.page.wait_for_url(f"**/appointments/{visit.pk}/")
    assert scene.now(visit).status == "completed"
    assert consultation_of(visit).duration_seconds >= 0
    amina.expect(403)
    amina.page.go_back()
    with clinic_context(visit.clinic):
        assert RoomMessage.objects.filter(appointment=visit.pk).count() == 2
        acts = list(AuditLog.objects.filter(resource_id=visit.pk).values_list("action", "user_id"))
    assert ("room.joined", patient.pk) in acts
    assert ("room.joined", doctor.pk) in acts
    assert ("room.left", doctor.pk) in acts


def test_sound_picture_screen_and_quality_are_in_each_ones_hands(at_room, people):
    patient, doctor, _visit = people
    screen = """
    navigator.mediaDevices.getDisplayMedia = async () => {
      const canvas = document.createElement("canvas");
      canvas.width = 320; canvas.height = 200;
      const context = canvas.getContext("2d");
      setInterval(() => {
        context.fillStyle = `hsl(${Date.now() % 360} 80% 50%)`;
        context.fillRect(0, 0, 320, 200);
      }, 50);
      return canvas.captureStream(10);
    };
    """
    amina, dr = at_room(patient, viewport=PHONE), at_room(doctor, script=screen)
    join(amina)
    join(dr)
    connected(amina, dr)
    key = {name: dr.page.locator(f'[data-key="{name}"]') for name in ("sound", "picture", "screen")}

    key["sound"].click()
    amina.page.locator('[data-mark="muted"]').wait_for()
    assert key["sound"].get_attribute("aria-pressed") == "false"
    assert key["sound"].inner_text().strip() == "Unmute"
    key["sound"].click()
    amina.page.locator('[data-mark="muted"]').wait_for(state="hidden")

    key["picture"].click()
    amina.page.locator("[data-cover]", has_text="sends no picture").wait_for()
    key["screen"].click()
    amina.page.locator("video.whole").wait_for()
    amina.page.locator("[data-cover]").wait_for(state="hidden")
    frames_grow(amina)
    key["screen"].click()
    amina.page.locator("[data-cover]", has_text="sends no picture").wait_for()
    key["picture"].click()
    amina.page.locator("[data-cover]").wait_for(state="hidden")
    frames_grow(amina)

    # Whoever has little data asks both sides to send less.
    sending = """() => {
      const [one] = window.connections.at(-1).getSenders().filter((s) => s.track?.kind === "video");
      return one.getParameters().encodings[0];
    }"""
    amina.page.locator("[data-wish]").select_option("low")
    until(lambda: dr.page.evaluate(sending).get("maxBitrate") == 160_000, "the doctor's side sends less")
    assert dr.page.evaluate(sending)["scaleResolutionDownBy"] == 3
    amina.page.locator("[data-wish]").select_option("sound")
    until(lambda: dr.page.evaluate(sending)["active"] is False, "the doctor's side sends the sound alone")
    amina.page.locator("[data-cover]", has_text="sends no picture").wait_for()
    amina.page.locator("[data-wish]").select_option("auto")
    until(lambda: dr.page.evaluate(sending)["active"], "the picture comes back")

    # The picture steps down as packets get lost, and up again when they no longer do.
    steps = dr.page.evaluate(
        """async () => {
          const loaded = performance.getEntriesByType("resource").map((one) => one.name);
          const path = loaded.find((name) => name.includes("room-quality"));
          const { judge } = await import(path);
          const levels = [];
          let known = { level: 0, bad: 0, good: 0 };
          const look = (times, sample) => {
            for (let n = 0; n < times; n++) known = judge(known, sample);
            levels.push(known.level);
          };
          look(1, { loss: 0.3, rtt: 0.1 });
          look(1, { loss: 0.3, rtt: 0.1 });
          look(8, { loss: 0, rtt: 2 });
          look(7, { loss: 0, rtt: 0.05 });
          look(1, { loss: 0, rtt: 0.05 });
          look(40, { loss: 0.05, rtt: 0.05 });
          return levels;
        }"""
    )
    assert steps == [0, 1, 3, 3, 2, 2]

    # Another window of the same person takes the call over; the first one says so.
    second = at_room(patient, viewport=PHONE)
    join(second)
    connected(second, seconds=20)
    amina.page.get_by_role("heading", name="The call goes on in another window").wait_for()
    frames_grow(second)
    second.page.locator("[data-leave]").click()
    second.page.wait_for_url("**/appointments/*/")
    dr.page.locator("[data-cover]", has_text="has left the room").wait_for(timeout=25_000)


REFUSE = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', '%s'); };"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (REFUSE % "NotAllowedError", "The browser may not use the camera and the microphone"),
        (REFUSE % "NotFoundError", "No camera or microphone was found"),
        (REFUSE % "NotReadableError", "Another program is using the camera"),
        (REFUSE % "TypeError", "The camera could not be started"),
    ],
    ids=["denied", "missing", "busy", "failed"],
)
def test_a_camera_that_fails_is_said_in_words_and_one_joins_without(at_room, people, script, words):
    patient = people[0]
    amina = at_room(patient, script=script, viewport=PHONE)
    amina.page.locator("[data-test]").click()
    amina.page.locator("[data-trouble]", has_text=words).wait_for()
    join(amina)
    write(amina, "I cannot hear you yet")
    reads(amina, "I cannot hear you yet")
    assert amina.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_one_device_alone_works_without_the_other(at_room, people):
    only_sound = """
    const own = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      if (wanted.video) throw new DOMException("", "NotFoundError");
      return own(wanted);
    };
    """
    patient, doctor, _visit = people
    amina, dr = at_room(patient, script=only_sound), at_room(doctor)
    amina.page.locator("[data-test]").click()
    amina.page.locator("[data-works]", has_text="You join without a picture").wait_for()
    # The fake microphone beeps, and the bar moves.
    until(lambda: amina.page.evaluate("document.querySelector('[data-level]').value") > 0, "the level moves")
    join(amina)
    join(dr)
    connected(amina, dr)
    dr.page.locator("[data-cover]", has_text="sends no picture").wait_for()
    frames_grow(amina)


@pytest.mark.parametrize("missing", ["RTCPeerConnection", "mediaDevices"])
def test_a_browser_that_cannot_call_says_so_and_keeps_the_notes(at_room, people, missing):
    cut = {
        "RTCPeerConnection": "delete window.RTCPeerConnection;",
        "mediaDevices": "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });",
    }[missing]
    amina = at_room(people[0], script=cut)
    amina.page.locator("[data-trouble]", has_text="This browser cannot make video calls").wait_for()
    assert amina.page.locator('[data-join="camera"]').is_disabled()
    write(amina, "Please call me")
    reads(amina, "Please call me")


def test_without_a_script_notes_go_by_the_plain_form(at_room, people):
    patient, doctor, visit = people
    amina = at_room(patient, java_script_enabled=False, viewport=PHONE)
    assert "The video call needs JavaScript" in amina.text
    write(amina, "Without a script")
    amina.page.wait_for_url("**/room/#notes")
    dr = at_room(doctor, java_script_enabled=False)
    assert "Without a script" in dr.text
    dr.press("Start the consultation")
    dr.press("End for both")
    dr.page.get_by_role("heading", name="End the visit for both?").wait_for()
    dr.press("End the visit")
    assert f"/workspace/visits/{visit.pk}/" in dr.page.url


def test_before_its_time_the_camera_can_be_tried_and_nothing_else(at_room, people, scene):
    patient, doctor, visit = people
    scene.alter(Appointment, visit.pk, visit.clinic, scheduled_at=clock.now() + timedelta(hours=2))
    amina = at_room(patient, path="/", viewport=PHONE)
    amina.expect(403)
    amina.go(f"/appointments/{visit.pk}/room/", hosts.clinic_host(doctor.clinic))
    assert "The room opens on" in amina.text
    amina.page.locator("[data-test]").click()
    amina.page.locator("[data-works]", has_text="Camera and microphone work").wait_for()
    assert amina.page.locator("[data-join]").count() == 0
