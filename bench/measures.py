"""What is not a rate: statements counted at the server, bytes on the wire, races for one slot."""

import re
import time
import urllib.request
from collections.abc import Callable
from statistics import median
from urllib.parse import urljoin

import brotli

from bench.load import Run, drive, once
from bench.stage import connect

# BEGIN and COMMIT are set aside; the rest is not a statement of the request: what PostgreSQL itself runs to check a
# foreign key, and this counter's own reset.
NOT_COUNTED = re.compile(r"^\s*(BEGIN|COMMIT|START TRANSACTION|SELECT 1 FROM ONLY|SELECT pg_stat_)", re.IGNORECASE)


def count_statements(database: str, send: Callable[[], None], *, times: int = 5) -> float:
    """Statements that the server was sent for one `send`, BEGIN and COMMIT aside; an average over `times`."""
    with connect(database) as server:
        server.execute("SELECT pg_stat_statements_reset()")
        for _ in range(times):
            send()
        rows = server.execute(
            "SELECT query, calls FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid"
            " WHERE d.datname = %s AND query NOT LIKE '%%pg_stat_statements%%'",
            (database,),
        ).fetchall()
    return sum(calls for query, calls in rows if not NOT_COUNTED.match(query)) / times


def send_one(port: int, request: bytes, *, expect: int = 200) -> None:
    run = drive(port, once([request]), connections=1)
    if list(run.statuses) != [expect]:
        raise SystemExit(f"expected {expect}, got {dict(run.statuses)} for {request[:80]!r}")


def page_bytes(port: int, host: str, path: str) -> tuple[int, int]:
    """(first visit, next visit) of a page: the page alone, and with every style, script and picture it names.

    Compressed with brotli as the portal's server does it: the page quickly, static files thoroughly.
    """
    html = _fetch(port, host, path)
    page = len(brotli.compress(html, quality=4))
    named = set(re.findall(rb'<link[^>]+href="([^"#]+)"', html)) | set(re.findall(rb'<script[^>]+src="([^"#]+)"', html))
    named |= set(re.findall(rb'<img[^>]+src="([^"#]+)"', html)) | set(re.findall(rb'<use[^>]+href="([^"#]+)', html))
    assets = {urljoin(path, name.decode()) for name in named if b"/static/" in name}
    seen: set[str] = set()
    total = 0
    while assets:
        address = assets.pop()
        if address in seen:
            continue
        seen.add(address)
        body = _fetch(port, host, address)
        total += len(brotli.compress(body, quality=11))
        if address.endswith(".js"):
            for found in re.findall(rb"""(?:from|import)\s*\(?["'](\.{0,2}/[^"']+\.js)["']""", body):
                assets.add(urljoin(address, found.decode()))
        if address.endswith(".css"):
            for found in re.findall(rb"""url\(["']?([^"')]+)""", body):
                if not found.startswith(b"data:"):
                    assets.add(urljoin(address, found.decode()))
    return page + total, page


def _fetch(port: int, host: str, path: str) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def race(port: int, requests: list[bytes]) -> Run:
    """All at the same moment, each on a connection of its own."""
    return drive(port, once(requests), connections=len(requests))


def overlapping_visits(database: str, schema: str) -> int:
    with connect(database) as server:
        server.execute(f'SET search_path = "{schema}", public')
        row = server.execute(
            """
            SELECT count(*) FROM appointments_appointment a JOIN appointments_appointment b
              ON b.doctor_id = a.doctor_id AND b.id > a.id
             AND tstzrange(a.scheduled_at, a.busy_until) && tstzrange(b.scheduled_at, b.busy_until)
            WHERE a.status <> 'cancelled' AND b.status <> 'cancelled'
            """
        ).fetchone()
    return row[0] if row else 0


def print_paper_ratio(rounds: int = 7, papers: int = 25) -> None:
    """PDFs per second through our service (drawn, sealed, kept, named in their rows) over what typst alone compiles of
    the same source and data; the two take turns.

    Run inside a bench database; leaves neither files nor rows' marks behind.
    """
    from clinics.models import Clinic
    from pharmacy.models import Prescription
    from pharmacy.pdf import rendering
    from pharmacy.services.papers import paper_of
    from precta.files import store
    from precta.tenancy import clinic_context

    clinic = Clinic.objects.get(slug="uzima")
    with clinic_context(clinic):
        drawn = Prescription.objects.with_people().filter(replaced_by__isnull=True).order_by("pk")[:papers]
        rows = list(drawn)
        inputs = [rendering.inputs_of(row, clinic) for row in rows]

        def ours() -> float:
            begun = time.perf_counter()
            keys = [paper_of(prescription=row, clinic=clinic) for row in rows]
            taken = time.perf_counter() - begun
            Prescription.objects.filter(pdf_url__in=keys).update(pdf_url="")
            for row, key in zip(rows, keys, strict=True):
                row.pdf_url = ""
                store.delete(key)
            return taken

        def alone() -> float:
            begun = time.perf_counter()
            for given in inputs:
                rendering.compile_pdf(given)
            return time.perf_counter() - begun

        ours(), alone()  # what a process does once
        print(round(median(alone() / ours() for _ in range(rounds)), 3))


def print_creation_ratio(rounds: int = 7) -> None:
    """Creating a clinic by cloning the template, as a share of creating it by migrating its schema; both committed.

    Run inside a bench database (see `stage.manage`); leaves no clinic behind.
    """
    from unittest.mock import patch

    from django.db import connection

    from clinics.schemas.cloning import Clone
    from clinics.schemas.template import migrate_schema
    from clinics.services.creation import create_clinic

    class Migrated(Clone):
        def build(self) -> None:
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE SCHEMA "{self.target}"')
            migrate_schema(self.target)

    def seconds(kind: type[Clone], number: int) -> float:
        with patch("clinics.services.creation.Clone", kind):
            begun = time.perf_counter()
            clinic = create_clinic(name="Measured", slug=f"measured-{number}")
            taken = time.perf_counter() - begun
        clinic.delete(force_drop=True)
        return taken

    for kind in (Clone, Migrated):
        seconds(kind, 0)  # what a process does once
    print(round(median(seconds(Clone, n) / seconds(Migrated, n) for n in range(rounds)), 3))
