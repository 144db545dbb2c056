"""The database, then the cache and queue, are killed while people book: what was acknowledged is there afterwards."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest

from precta.devstack import postgres, valkey
from precta.devstack.env import environment
from precta.devstack.paths import CHECKOUT
from tests.devstack.running import Demo, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PATIENTS = 24
# A clinic with one doctor who asks for no money, and patients who have been there and are signed in.
PEOPLE = """
import json
from datetime import timedelta
from decimal import Decimal
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from appointments.slots import free_slots
from clinics.services.creation import create_clinic
from precta import clock
from precta.tenancy import clinic_context
from tests import factories

clinic = create_clinic(slug="uzima", name="Uzima Clinic", city="Nairobi")
doctor = factories.make_doctor(clinic, consultation_fee=Decimal(0))
factories.make_full_week(doctor, "06:00", "22:00")
people = []
for number in range(%d):
    patient = factories.make_patient(last_name=f"Patient{number}")
    factories.link_patient(patient, clinic)
    session = SessionStore()
    session[SESSION_KEY] = patient.pk
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = patient.user.get_session_auth_hash()
    session.save()
    people.append({"id": patient.pk, "session": session.session_key})
with clinic_context(clinic):
    today = clock.now().date()
    days = free_slots(doctor=doctor, clinic=clinic, mode="in_person", first_day=today + timedelta(days=1), days=5)
slots = [slot.starts_at.isoformat() for day in days.values() for slot in day]
print(json.dumps({"doctor": doctor.pk, "people": people, "slots": slots}))
"""


@dataclass
class Crowd:
    """Patients who book one time after the other until told to stop, all at the same clinic."""

    demo: Demo
    doctor: str
    people: list[dict[str, str]]
    slots: list[str]
    acknowledged: set[str] = field(default_factory=set)
    refused: list[int] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "Crowd":
        self.threads = [threading.Thread(target=self._book_on, args=(person,)) for person in self.people]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self.threads:
            thread.join()

    def _book_on(self, person: dict[str, str]) -> None:
        for number in range(4):  # as many free visits as one person may have
            key = f"key-{person['id']}-{number}"
            while not self._over.wait(0.3):
                with self._lock:
                    slot = self.slots.pop() if self.slots else None
                if slot is None or self._take(person, slot, key):
                    break

    def _take(self, person: dict[str, str], slot: str, key: str) -> bool:
        """One try. Whoever gets no answer sends the same form again, as a person would."""
        for _ in range(200):
            try:
                status, location = self._post(person, slot, key)
            except (OSError, http.client.HTTPException):
                status, location = 0, ""
            if status == 302:
                with self._lock:
                    self.acknowledged.add(location.rstrip("/").rpartition("/")[2])
                return True
            if status not in {0, 500, 503}:
                self.refused.append(status)
                return False
            if self._over.wait(0.3):
                return False
        return False

    def _post(self, person: dict[str, str], slot: str, key: str) -> tuple[int, str]:
        host, token = f"uzima.precta.localhost:{self.demo.port}", "a" * 32
        body = urlencode(
            {
                "csrfmiddlewaretoken": token,
                "at": slot,
                "mode": "in_person",
                "for_whom": person["id"],
                "notes": "",
                "key": key,
            }
        )
        headers = {
            "Host": host,
            "Origin": f"http://{host}",
            "Cookie": f"precta_session={person['session']}; precta_csrf={token}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        link = http.client.HTTPConnection("127.0.0.1", self.demo.port, timeout=20)
        try:
            link.request("POST", f"/book/{self.doctor}/", body, headers)
            answer = link.getresponse()
            answer.read()
            return answer.status, answer.getheader("Location", "")
        finally:
            link.close()


def manage(demo: Demo, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**demo.environment(), **environment(demo.paths, {"PORT": str(demo.port)}), "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=120, check=False)


def kill(pid_file: Path) -> None:
    os.kill(int(pid_file.read_text().split("\n", 1)[0]), signal.SIGKILL)


def rows(demo: Demo, sql: str) -> list[tuple]:
    with psycopg.connect(postgres.conninfo(demo.paths, postgres.DATABASE)) as connection:
        connection.execute("SET search_path = clinic_uzima, public")
        return connection.execute(sql).fetchall()


def wait_for(crowd: Crowd, more: int, what: str) -> None:
    wanted = len(crowd.acknowledged) + more
    until(lambda: len(crowd.acknowledged) >= wanted, 60, what)


def test_no_booking_that_was_acknowledged_is_lost_when_a_service_is_killed(demo: Demo) -> None:
    demo.start()
    until(lambda: "Ready:" in demo.said() or demo.process.poll() is not None, 180, demo.said())
    made = manage(demo, "shell", "--no-imports", "-c", PEOPLE % PATIENTS)
    assert made.returncode == 0, made.stderr
    world = json.loads(made.stdout.splitlines()[-1])
    victims: list[tuple[Path, Callable[[], bool]]] = [
        (demo.paths.postgres / "postmaster.pid", lambda: postgres.answers(demo.paths)),
        (demo.paths.valkey / "valkey.pid", lambda: valkey.answers(demo.paths)),
    ]
    with Crowd(demo, world["doctor"], world["people"], world["slots"]) as crowd:
        for pid_file, answers in victims:
            wait_for(crowd, 8, "people book")
            kill(pid_file)
            until(answers, 30, f"{pid_file.name} is back")
            wait_for(crowd, 8, "people book again")

    assert set(crowd.refused) <= {409}
    stored = {row[0] for row in rows(demo, "SELECT id FROM appointments_appointment WHERE status = 'confirmed'")}
    assert crowd.acknowledged <= stored
    # The last answers may have been lost on the way; nobody has a visit twice for one form.
    per_form = rows(demo, "SELECT idempotency_key FROM appointments_appointment GROUP BY 1 HAVING count(*) > 1")
    assert per_form == []
    # What a dead worker had leased is free after a minute; it passes here.
    with psycopg.connect(postgres.conninfo(demo.paths, postgres.DATABASE)) as connection:
        connection.execute("UPDATE clinic_uzima.outbox_outboxevent SET next_attempt_at = now()")
    waiting = "SELECT * FROM outbox_outboxevent WHERE relayed_at IS NULL"
    until(lambda: not rows(demo, waiting), 90, lambda: str(rows(demo, waiting)))
    checked = manage(demo, "check_invariants")
    assert checked.returncode == 0, checked.stdout + checked.stderr
