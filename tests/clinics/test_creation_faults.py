"""Creating clinics one after the other, at the same moment, and with the power cut half-way, all committed."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from statistics import median

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection, connections

from clinics.exceptions import SlugRefused
from clinics.models import Clinic, Domain, Membership
from clinics.schemas.cloning import LONGEST_WAIT_SECONDS, Clone
from clinics.schemas.template import migrate_schema
from clinics.services.applications import approve_application, overdue_applications, set_up_clinic
from clinics.services.creation import create_clinic
from precta import clock
from precta.audit.models import AuditLog
from tests import factories
from tests.clinics.catalogue import catalogue
from tests.live import databases

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def _copy(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        name = f"{connection.settings_dict['NAME']}_creation"
        databases.make_copy(name)
        yield name
        databases.drop(name)


@pytest.fixture
def committed(_copy, django_db_blocker):
    with django_db_blocker.unblock(), databases.attached(_copy):
        yield _copy


def traces(slug):
    """Everything that a clinic of this address name would have left."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", ["clinic_" + slug.replace("-", "_")])
        schemas = cursor.fetchone()[0]
    return {
        "schemas": schemas,
        "clinics": Clinic.objects.filter(slug=slug).count(),
        "hosts": Domain.objects.filter(domain__startswith=f"{slug}.").count(),
        "owners": Membership.objects.filter(clinic__slug=slug).count(),
        "trail": AuditLog.objects.filter(action="clinic.created", details__slug=slug).count(),
    }


NOTHING = dict.fromkeys(("schemas", "clinics", "hosts", "owners", "trail"), 0)
ONE_OF_EACH = dict.fromkeys(NOTHING, 1)

DIES = """
import os, signal, sys
import django
django.setup()
from django.contrib.auth import get_user_model
import clinics.services.creation as creation
from clinics.schemas.cloning import Clone
class Dies(Clone):
    def build(self):
        if sys.argv[1] == "before": die()
        super().build()
        if sys.argv[1] == "built": die()
    def bind(self):
        if sys.argv[1] == "rows": die()
        super().bind()
        if sys.argv[1] == "bound": die()
def die():
    os.kill(os.getpid(), signal.SIGKILL)
creation.Clone = Dies
"""
CREATE = """
creation.create_clinic(name="Half Way", slug="half-way", owner=get_user_model().objects.get(pk=sys.argv[2]))
"""
SET_UP = """
from clinics.services.applications import set_up_clinic
set_up_clinic(application_id=sys.argv[2])
"""


def server(**more):
    wanted = connection.get_connection_params()
    return {name: wanted[name] for name in ("host", "port", "user", "password") if wanted.get(name)} | more


def die(work, database, moment, pk):
    """A process of its own that does the work and is killed at that moment."""
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + database
    return subprocess.run(
        [sys.executable, "-c", DIES + work, moment, pk],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "precta.settings"},
        check=False,
    )


@pytest.mark.parametrize("moment", ["before", "built", "rows", "bound"])
def test_a_process_killed_half_way_leaves_nothing_and_the_next_one_succeeds(committed, moment):
    owner = factories.make_user()
    killed = die(CREATE, committed, moment, owner.pk)
    assert killed.returncode == -signal.SIGKILL
    assert traces("half-way") == NOTHING
    clinic = create_clinic(name="Half Way", slug="half-way", owner=owner)
    assert traces("half-way") == ONE_OF_EACH
    Membership.objects.filter(clinic=clinic).delete()
    clinic.delete(force_drop=True)
    forget_trail()


def forget_trail():
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM audit_auditlog; COMMIT")


def test_a_database_that_hangs_up_half_way_leaves_nothing(committed, monkeypatch):
    class HungUp(Clone):
        def bind(self):
            super().bind()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                (pid,) = cursor.fetchone()
            with psycopg.connect(**server(dbname="postgres"), autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    monkeypatch.setattr("clinics.services.creation.Clone", HungUp)
    with pytest.raises(OperationalError):
        create_clinic(name="Hung Up", slug="hung-up", owner=factories.make_user())
    connections.close_all()
    assert traces("hung-up") == NOTHING


def test_of_two_that_want_the_same_address_at_once_one_gets_it(committed):
    def create(name):
        try:
            return create_clinic(name=name, slug="wanted-by-two").name
        except SlugRefused as refused:
            return str(refused)

    answers = in_threads(lambda: create("First"), lambda: create("Second"))
    assert len(set(answers)) == 2
    assert "Another clinic has this address name." in answers
    assert traces("wanted-by-two") == {**ONE_OF_EACH, "owners": 0}


def test_people_go_on_signing_in_and_booking_while_a_schema_is_built(committed, monkeypatch):
    """Until its last step no clinic in the making holds back anybody who writes to a public table."""
    user = factories.make_user()

    class Watched(Clone):
        def build(self):
            super().build()
            with psycopg.connect(**server(dbname=committed)) as other:
                other.execute("SET lock_timeout = '1s'")
                other.execute("UPDATE accounts_user SET last_login = now() WHERE id = %s", [user.pk])
                other.execute("UPDATE clinics_clinic SET city = city WHERE slug = 'uzima'")

    monkeypatch.setattr("clinics.services.creation.Clone", Watched)
    assert create_clinic(name="Quiet", slug="quiet").pk


def test_a_long_transaction_elsewhere_ends_the_creation_and_not_the_portal(committed):
    user = factories.make_user()
    begun = time.perf_counter()
    with psycopg.connect(**server(dbname=committed)) as other:
        other.execute("UPDATE accounts_user SET last_login = now() WHERE id = %s", [user.pk])
        with pytest.raises(OperationalError, match="lock timeout"):
            create_clinic(name="Impatient", slug="impatient", owner=user)
        assert time.perf_counter() - begun < LONGEST_WAIT_SECONDS + 3
        other.rollback()
    assert traces("impatient") == NOTHING
    assert create_clinic(name="Impatient", slug="impatient", owner=user).pk


def in_threads(*calls):
    gate, answers = threading.Barrier(len(calls)), []

    def run(call):
        gate.wait()
        try:
            answers.append(call())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_two_admins_at_once_and_a_message_that_comes_twice_make_one_clinic(committed):
    application = factories.make_application(factories.make_user(), slug="decided-twice")
    admins = [factories.make_user(role="admin") for _ in range(2)]
    pause = clock.now() + timedelta(hours=1)  # the task that the approval queues comes too early and does nothing
    approved = in_threads(
        *(lambda by=by: approve_application(application=application, by=by, now=pause) for by in admins)
    )
    assert sorted(approved) == [False, True]
    in_threads(*[lambda: set_up_clinic(application_id=application.pk, now=pause)] * 3)
    assert set_up_clinic(application_id=application.pk, now=pause)
    assert traces("decided-twice") == ONE_OF_EACH
    assert AuditLog.objects.filter(action="clinic_application.approved", resource_id=application.pk).count() == 1


def test_a_worker_killed_while_it_sets_up_is_made_up_for(committed):
    applicant = factories.make_user()
    now = clock.now()
    application = factories.make_application(
        applicant, slug="worker-killed", status="creating", decided_by=applicant, next_attempt_at=now
    )
    killed = die(SET_UP, committed, "bound", application.pk)
    assert killed.returncode == -signal.SIGKILL
    assert traces("worker-killed") == NOTHING
    application.refresh_from_db()
    assert (application.status, application.attempts) == ("creating", 1)
    later = application.next_attempt_at
    assert overdue_applications(now=now) == []
    assert application.pk in overdue_applications(now=later)
    assert set_up_clinic(application_id=application.pk, now=later)
    assert traces("worker-killed") == ONE_OF_EACH


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_hundred_clinics_in_a_row_cost_less_than_half_of_migrating_each(committed):
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA clinic_measured")
    begun = time.perf_counter()
    migrate_schema("clinic_measured")
    migrating = time.perf_counter() - begun
    migrated = catalogue("clinic_measured")

    taken = []
    for number in range(100):
        begun = time.perf_counter()
        last = create_clinic(name=f"Clinic {number}", slug=f"row-{number}")
        taken.append(time.perf_counter() - begun)
    assert Clinic.objects.filter(slug__startswith="row-").count() == 100
    assert catalogue(last.schema_name) == migrated
    assert median(taken) < 1
    assert median(taken) < migrating / 2
    assert median(taken[-10:]) < 4 * median(taken[:10])  # the hundredth costs what the first did
