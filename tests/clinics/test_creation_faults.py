"""Creating clinics one after the other, at the same moment, and with the power cut half-way, all committed."""

import os
import signal
import subprocess
import sys
import threading
import time
from statistics import median

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connection, connections

from clinics.exceptions import SlugRefused
from clinics.models import Clinic, Domain, Membership
from clinics.schemas.cloning import Clone
from clinics.schemas.template import migrate_schema
from clinics.services.creation import create_clinic
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
creation.create_clinic(name="Half Way", slug="half-way", owner=get_user_model().objects.get(pk=sys.argv[2]))
"""


@pytest.mark.parametrize("moment", ["before", "built", "rows", "bound"])
def test_a_process_killed_half_way_leaves_nothing_and_the_next_one_succeeds(committed, moment):
    owner = factories.make_user()
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + committed
    killed = subprocess.run(
        [sys.executable, "-c", DIES, moment, owner.pk],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "precta.settings"},
        check=False,
    )
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
            wanted = connection.get_connection_params()
            wanted = {name: wanted[name] for name in ("host", "port", "user", "password") if wanted.get(name)}
            with psycopg.connect(**wanted, dbname="postgres", autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    monkeypatch.setattr("clinics.services.creation.Clone", HungUp)
    with pytest.raises(OperationalError):
        create_clinic(name="Hung Up", slug="hung-up", owner=factories.make_user())
    connections.close_all()
    assert traces("hung-up") == NOTHING


def test_of_two_that_want_the_same_address_at_once_one_gets_it(committed):
    gate, answers = threading.Barrier(2), []

    def create(name):
        gate.wait()
        try:
            answers.append(create_clinic(name=name, slug="wanted-by-two").name)
        except SlugRefused as refused:
            answers.append(str(refused))
        finally:
            connection.close()

    threads = [threading.Thread(target=create, args=(name,)) for name in ("First", "Second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 2
    assert "Another clinic has this address name." in answers
    assert traces("wanted-by-two") == {**ONE_OF_EACH, "owners": 0}


def test_people_go_on_signing_in_and_booking_while_a_schema_is_built(committed, monkeypatch):
    """Until its last step no clinic in the making holds back anybody who writes to a public table."""
    user = factories.make_user()
    wanted = {name: value for name, value in connection.get_connection_params().items() if name != "cursor_factory"}
    wanted = {name: wanted[name] for name in ("host", "port", "user", "password", "dbname") if wanted.get(name)}

    class Watched(Clone):
        def build(self):
            super().build()
            with psycopg.connect(**wanted) as other:
                other.execute("SET lock_timeout = '1s'")
                other.execute("UPDATE accounts_user SET last_login = now() WHERE id = %s", [user.pk])
                other.execute("UPDATE clinics_clinic SET city = city WHERE slug = 'uzima'")

    monkeypatch.setattr("clinics.services.creation.Clone", Watched)
    assert create_clinic(name="Quiet", slug="quiet").pk


@pytest.mark.slow
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
    assert median(taken[-10:]) < 3 * median(taken[:10])  # the hundredth costs what the first did
