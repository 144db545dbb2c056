"""Documents in a browser: dropped with bars, sent by a plain form, and an upload whose line was cut."""

import os
import socket
from pathlib import Path

import pytest

from appointments.models import MedicalRecord
from precta import hosts
from precta.files import orphans
from precta.ids import new_id
from precta.tenancy import clinic_context
from tests.browser import PHONE
from tests.files import corpus
from tests.live.stack import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DROP = """(box, files) => {
    const carried = new DataTransfer();
    for (const [name, text, type] of files) {
        const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
        carried.items.add(new File([bytes], name, { type }));
    }
    box.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
}"""


def carried(name, data, kind="application/pdf"):
    import base64

    return [name, base64.b64encode(data).decode(), kind]


def rows_of(scene, patient):
    with clinic_context(scene.uzima):
        return list(MedicalRecord.objects.filter(patient=patient).order_by("name"))


def test_files_are_dropped_sent_one_by_one_and_a_bad_one_is_told_apart(scene, visitor):
    patient = scene.patient()
    v = visitor(patient)
    v.expect(415)
    v.go("/records/", hosts.clinic_host(scene.uzima))
    v.page.locator("[name=type]").select_option("lab_result")
    photo = corpus.heic_photo((1600, 1200))
    files = [
        carried("blood.pdf", corpus.pdf(padding=3_000_000)),
        carried("knee.heic", photo, "image/heic"),
        carried("setup.exe", b"MZ" * 300, "application/octet-stream"),
    ]
    v.page.locator("[data-drop]").evaluate(DROP, files)
    rows = v.page.locator("[data-queue] li")
    assert rows.count() == 3
    assert v.page.locator("[data-queue] progress").count() == 3
    v.press("^Upload$")
    v.page.locator("[data-done]").wait_for()
    said = rows.all_inner_texts()
    assert "Uploaded" in said[0] and "Uploaded" in said[1] and "not accepted" in said[2]
    v.page.locator("[data-done]").click()
    v.page.wait_for_url("**/records/")
    assert [row.name for row in rows_of(scene, patient)] == ["blood", "knee"]
    until(lambda: all(row.preview_url for row in rows_of(scene, patient)), "the worker has drawn the previews")
    v.go("/records/", hosts.clinic_host(scene.uzima))
    v.page.locator(".recordgrid img").first.scroll_into_view_if_needed()
    drawn = "() => [...document.querySelectorAll('.recordgrid img')].every(i => i.complete && i.naturalWidth > 0)"
    until(lambda: v.page.evaluate(drawn), "the previews are shown")
    v.page.locator(".recordgrid").get_by_role("link", name="blood").click()
    assert v.page.locator("h1").inner_text() == "blood"


def test_an_upload_is_cancelled_and_a_lost_connection_can_be_tried_again(scene, visitor):
    patient = scene.patient()
    v = visitor(patient)
    v.go("/records/", hosts.clinic_host(scene.uzima))
    v.page.locator("[data-drop]").evaluate(DROP, [carried("one.pdf", corpus.pdf(padding=10))])
    v.page.locator("[data-queue]").get_by_role("button", name="Cancel").click()
    assert "Cancelled" in v.page.locator("[data-queue] li").inner_text()
    v.page.locator("[data-drop]").evaluate(DROP, [carried("two.pdf", corpus.pdf(padding=20))])
    v.page.route("**/records/", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    v.press("^Upload$")
    again = v.page.locator("[data-queue]").get_by_role("button", name="Try again")
    again.wait_for()
    v.page.unroute("**/records/")
    again.click()
    v.page.locator(".recordgrid").get_by_role("link", name="two").wait_for()
    assert [row.name for row in rows_of(scene, patient)] == ["two"]
    v.complaints[:] = [text for text in v.complaints if "net::ERR_FAILED" not in text]


def test_without_scripts_on_a_phone_several_files_go_with_one_form(scene, visitor):
    patient, doctor = scene.patient(), scene.doctor()
    v = visitor(patient, java_script_enabled=False, viewport=PHONE)
    v.expect(415)
    v.go("/records/", hosts.clinic_host(scene.uzima))
    v.page.set_input_files(
        "[name=files]",
        [
            {"name": "one.pdf", "mimeType": "application/pdf", "buffer": corpus.pdf(padding=11)},
            {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": corpus.located_photo()},
            {"name": "bad.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ" * 100},
        ],
    )
    v.press("^Upload$")
    assert "bad.exe" in v.text and "2 documents are kept" in v.page.content()
    assert [row.name for row in rows_of(scene, patient)] == ["one", "photo"]
    assert v.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    v.go(f"/records/{rows_of(scene, patient)[0].pk}/", hosts.clinic_host(scene.uzima))
    v.press("^Delete$")
    v.press("^Delete$")
    v.go("/records/?deleted=1", hosts.clinic_host(scene.uzima))
    v.press("Take back")
    assert v.page.locator("h1").inner_text() == "one"
    assert doctor.pk not in v.page.content()


def test_an_upload_whose_line_is_cut_half_way_leaves_nothing(scene):
    patient = scene.patient()
    host = hosts.clinic_host(scene.uzima)
    token, edge, data = "b" * 32, "edge" + new_id(), corpus.pdf(padding=8 * 2**20)
    said = {"csrfmiddlewaretoken": token, "for_whom": patient.pk, "type": "other", "name": "", "description": ""}
    part = f'--{edge}\r\nContent-Disposition: form-data; name="'
    body = "".join(f'{part}{name}"\r\n\r\n{value}\r\n' for name, value in said.items())
    body += f'{part}files"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
    whole = body.encode() + data + f"\r\n--{edge}--\r\n".encode()
    head = (
        f"POST /records/ HTTP/1.1\r\nHost: {host}:{scene.live.port}\r\nContent-Length: {len(whole)}\r\n"
        f"Content-Type: multipart/form-data; boundary={edge}\r\nOrigin: http://{host}:{scene.live.port}\r\n"
        f"Cookie: precta_session={scene.session(patient)}; precta_csrf={token}\r\nConnection: close\r\n\r\n"
    ).encode()
    folder = Path(os.environ["MEDIA_ROOT"]) / "private" / scene.uzima.schema_name / "records"

    def lying():
        return {path for path in folder.rglob("*") if path.is_file()} if folder.exists() else set()

    before = lying()
    with socket.create_connection(("127.0.0.1", scene.live.port), timeout=20) as line:
        line.sendall(head + whole[: len(whole) // 2])
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, not a good-bye
    with socket.create_connection(("127.0.0.1", scene.live.port), timeout=20) as line:
        line.sendall(head + whole[: len(whole) // 2])
        line.shutdown(socket.SHUT_WR)
        answer = line.recv(100)
        assert not answer or answer[9:12] == b"400"
    assert not rows_of(scene, patient)
    assert lying() == before
    with socket.create_connection(("127.0.0.1", scene.live.port), timeout=20) as line:
        line.sendall(head + whole)  # the same bytes, whole, are taken
        assert line.recv(100)[9:12] == b"302"
    assert len(rows_of(scene, patient)) == 1
    with clinic_context(scene.uzima):
        assert orphans.sweep() == 0
