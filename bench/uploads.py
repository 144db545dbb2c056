"""How fast a document of 10 MB is taken, and whether a worker keeps something of it.

Both servers get the same bytes over HTTP from the same client. The floor is a bare Django view whose upload handlers
write what arrives to the disk, and that moves it to its place: one plain copy. The portal's /records/ holds it in
memory, checks it whole, hashes and encrypts it and writes three rows.
"""

import random
import socket
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import median

from bench import stage

MEGABYTE = 2**20
SENDERS = 2  # as many as the machine has processors, and the servers have workers
EACH_ROUND = 12
WARM_UP, AFTERWARDS = 10, 30
BOUNDARY = "precta-bench-of-uploads"
Request = tuple[bytes, bytes, bytes]


def run(rounds: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="precta-bench-") as folder:
        paper, patients = scan(), count()
        with ExitStack() as stack:
            more = {"MEDIA_ROOT": f"{folder}/portal", "FLOOR_UPLOADS": f"{folder}/floor"}
            floor, _ = stack.enter_context(stage.server("bench.floor.wsgi", "precta_bench", more=more))
            port, _ = stack.enter_context(stage.server("precta.wsgi", "precta_bench", more=more))
            ratios = []
            for number in range(rounds + 1):
                plain = rate(floor, (to_floor(paper) for _ in range(EACH_ROUND)), expect=204)
                ours = rate(port, (to_records(paper, port, next(patients)) for _ in range(EACH_ROUND)), expect=201)
                if number:  # the first round warms both up
                    ratios.append(ours / plain)
                    print(f"uploads: {ours:.0f} MB/s, a plain copy {plain:.0f} MB/s", flush=True)
                empty(Path(folder))
        with stage.server("precta.wsgi", "precta_bench", workers=1, more=more) as (port, web):
            rate(port, (to_records(paper, port, next(patients)) for _ in range(WARM_UP)), expect=201)
            before = stage.worker_rss_mb(web)
            rate(port, (to_records(paper, port, next(patients)) for _ in range(AFTERWARDS)), expect=201)
            grown = stage.worker_rss_mb(web) - before
    stage.forget_records("precta_bench")
    return {"upload_mb_s_vs_copy": round(median(ratios), 3), "upload_rss_growth_mb": round(max(grown, 0.0), 1)}


def scan(pages: int = 10) -> bytes:
    """A PDF of just under 10 MB as a scanner makes it: ten pages, each a picture that cannot be made smaller."""
    chance = random.Random(2026)
    out, places = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"), []

    def add(number: int, body: bytes) -> None:
        places.append((number, len(out)))
        out.extend(b"%d 0 obj\n" % number + body + b"\nendobj\n")

    kids = b" ".join(b"%d 0 R" % (3 + 3 * n) for n in range(pages))
    add(1, b"<</Type/Catalog/Pages 2 0 R>>")
    add(2, b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, kids))
    for n in range(pages):
        page = 3 + 3 * n
        dots = zlib.compress(chance.randbytes(1020 * 1020), level=0)
        drawing = b"q 595 0 0 842 0 0 cm /P Do Q"
        add(
            page,
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<</XObject<</P %d 0 R>>>>>>"
            % (page + 1, page + 2),
        )
        add(page + 1, b"<</Length %d>>\nstream\n" % len(drawing) + drawing + b"\nendstream")
        picture = b"<</Type/XObject/Subtype/Image/Width 1020/Height 1020/ColorSpace/DeviceGray/BitsPerComponent 8"
        add(page + 2, picture + b"/Filter/FlateDecode/Length %d>>\nstream\n" % len(dots) + dots + b"\nendstream")
    start = len(out)
    out.extend(b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1))
    out.extend(b"".join(b"%010d 00000 n \n" % at for _number, at in sorted(places)))
    out.extend(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, start))
    return bytes(out)


def to_floor(paper: bytes) -> Request:
    return _request("floor", "/upload/", paper, {})


def to_records(paper: bytes, port: int, patient: int) -> Request:
    """As the script of the page sends it; each by another patient, who may keep one file only once."""
    token, who = "b" * 32, patient % stage.PATIENTS
    said = {"csrfmiddlewaretoken": token, "for_whom": f"bench{who:019d}", "type": "lab_result"}
    said |= {"name": "Scan", "dated": "", "description": ""}
    host = f"uzima.precta.localhost:{port}"
    cookie = f"precta_session={stage.session_key(who)}; precta_csrf={token}"
    headers = {"Accept": "application/json", "Cookie": cookie, "Origin": f"http://{host}"}
    return _request(host, "/records/", paper, said, **headers)


def _request(host: str, path: str, paper: bytes, said: dict[str, str], **headers: str) -> Request:
    """(head and fields, the file, end)."""
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="'
    fields = "".join(f'{part}{name}"\r\n\r\n{value}\r\n' for name, value in said.items())
    fields += f'{part}files"; filename="scan.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
    end = f"\r\n--{BOUNDARY}--\r\n"
    length = len(fields) + len(paper) + len(end)
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Connection: close", f"Content-Length: {length}"]
    lines += [f"Content-Type: multipart/form-data; boundary={BOUNDARY}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + fields).encode(), paper, end.encode()


def rate(port: int, requests: Iterator[Request], *, expect: int) -> float:
    """Megabytes a second of the files alone, sent by SENDERS at once until `requests` end."""
    lock, sent, wrong = threading.Lock(), [], []

    def take() -> Request | None:
        with lock:
            return next(requests, None)

    def work() -> None:
        while (request := take()) is not None:
            status = send(port, request)
            sent.append(len(request[1]))
            if status != expect:
                wrong.append(status)

    begun = time.perf_counter()
    _together(work)
    seconds = time.perf_counter() - begun
    if wrong:
        raise SystemExit(f"uploads: expected {expect}, got {wrong}")
    return sum(sent) / MEGABYTE / seconds


def _together(work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def send(port: int, request: Request) -> int:
    """The status of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        for piece in request:
            line.sendall(piece)
        answer = b""
        while b"\r\n" not in answer:
            got = line.recv(65536)
            if not got:
                return 0
            answer += got
        return int(answer[9:12])


def empty(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()
