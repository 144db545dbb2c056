"""The ground of the suite: two clinics made once, a rollback after each test, and one named cast."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import pytest_django.fixtures
from django.conf import settings
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client, TransactionTestCase

from accounts.directory.lookup import forget_places
from accounts.models import Role
from clinics.models import Clinic, Domain
from clinics.services.creation import create_clinic
from precta import hosts
from precta.sessions import AdminSessionStore
from precta.sms import memory
from precta.tenancy import clinic_context
from tests import factories, sessions
from tests.browser import chromium, visitors  # noqa: F401 - fixtures
from tests.live.fixtures import _stack, live, scene  # noqa: F401 - fixtures

KEPT = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "clinics_clinic",
    "clinics_domain",
}


def _empty_all_schemas(self=None) -> None:
    """Instead of flush, after a test with real transactions: one TRUNCATE over every schema."""
    connection.set_schema_to_public()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'public' OR schemaname ~ '^clinic_'"
        )
        tables = [f'"{schema}"."{table}"' for schema, table in cursor.fetchall() if table not in KEPT]
        # The audit trail's trigger refuses TRUNCATE otherwise.
        cursor.execute("BEGIN")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        cursor.execute("COMMIT")
    Domain.objects.exclude(tenant__slug__in=("uzima", "pwani")).delete()
    for clinic in Clinic.objects.exclude(slug__in=("uzima", "pwani")):
        clinic.auto_drop_schema = True
        clinic.delete(force_drop=True)
    Clinic.objects.update(status="active", settings={})


TransactionTestCase._fixture_teardown = _empty_all_schemas  # type: ignore[method-assign]


def pytest_collection_modifyitems(items):
    """What judges the running portal's data comes after all that used it."""
    items.sort(key=lambda item: item.path.name == "test_soundness.py")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    setattr(item, f"{report.when}_report", report)
    return report


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    """pytest-django makes a database only when a test marked for it is selected; `live` copies it without the mark."""
    pytest_django.fixtures._get_databases_for_setup = lambda items: ({"default"}, set())


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        for slug, name, city in (
            ("uzima", "Uzima Clinic", "Nairobi"),
            ("pwani", "Pwani Family Health", "Mombasa"),
        ):
            if not Clinic.objects.filter(slug=slug).exists():
                create_clinic(slug=slug, name=name, city=city, region=city, address="1 Moi Avenue")
    yield


@pytest.fixture(autouse=True)
def _fresh_ground():
    connection.set_schema_to_public()
    yield
    connection.set_schema_to_public()


@pytest.fixture(autouse=True)
def sms_outbox() -> list[memory.Message]:
    """The short messages that this test has sent, oldest first."""
    memory.outbox.clear()
    return memory.outbox


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()
    forget_places()


@pytest.fixture
def lost_reply(monkeypatch):
    """In `with lost_reply():` the first COMMIT stands, but its answer never arrives, and the block ends with that.
    For tests with real transactions."""

    @contextmanager
    def losing():
        commit = connection._commit

        def commit_unheard():
            commit()
            patch.undo()
            raise OperationalError("server closed the connection unexpectedly")

        with monkeypatch.context() as patch, pytest.raises(OperationalError):
            patch.setattr(connection, "_commit", commit_unheard)
            yield

    return losing


@pytest.fixture
def uzima(db) -> Clinic:
    return Clinic.objects.get(slug="uzima")


@pytest.fixture
def pwani(db) -> Clinic:
    return Clinic.objects.get(slug="pwani")


@pytest.fixture
def cast(uzima, pwani) -> SimpleNamespace:
    """Everybody the tests speak of. `patient` and `doctor` belong to Uzima, `other_doctor` to Pwani."""
    return make_cast(uzima, pwani)


def make_cast(uzima: Clinic, pwani: Clinic) -> SimpleNamespace:
    patient = factories.make_patient("Amina", "Hassan", email="amina@example.test")
    other_patient = factories.make_patient("Peter", "Otieno", email="peter@example.test")
    factories.link_patient(patient, uzima)
    return SimpleNamespace(
        uzima=uzima,
        pwani=pwani,
        patient=patient,
        other_patient=other_patient,
        doctor=factories.make_doctor(uzima, email="achieng@example.test"),
        other_doctor=factories.make_doctor(pwani, "Brian", "Kiprono", email="brian@example.test"),
        staff=factories.make_staff(uzima, email="desk@example.test"),
        owner=factories.make_staff(uzima, "owner", email="owner@example.test"),
        admin=factories.make_user("admin@example.test", role=Role.ADMIN),
    )


@pytest.fixture
def in_uzima(uzima):
    with clinic_context(uzima):
        yield uzima


def client_for(host: str, user=None, *, factor: bool = True, minutes_ago: float = 0, **defaults) -> Client:
    """Signed in `minutes_ago` when a user is given, past the second factor unless told otherwise."""
    client = Client(HTTP_HOST=host, **defaults)
    if user is not None:
        client.force_login(user)
        session = client.session
        session.update(sessions.proofs(user, factor=factor, minutes_ago=minutes_ago))
        session.save()
    return client


@pytest.fixture
def at_platform(db):
    """`at_platform(user)` → a client on the platform host, signed in when a user is given (see client_for)."""
    return lambda user=None, **defaults: client_for("precta.localhost", user, **defaults)


@pytest.fixture
def at_clinic(db):
    """`at_clinic(clinic, user)` → a client on that clinic's host."""
    return lambda clinic, user=None, **defaults: client_for(hosts.clinic_host(clinic), user, **defaults)


@pytest.fixture
def at_admin(db):
    """`at_admin(user)` → a client on the admin host, whose session cookie is its own."""

    def make(user=None, *, factor=True, minutes_ago=0, **defaults):
        client = client_for(hosts.admin_host(), **defaults)
        if user is not None:
            session = AdminSessionStore()
            session.update(sessions.signed_in(user, factor=factor, minutes_ago=minutes_ago))
            session.save()
            client.cookies[settings.ADMIN_SESSION_COOKIE_NAME] = session.session_key
        return client

    return make
