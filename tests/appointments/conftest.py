import pytest
from psycopg import Cursor

from appointments.models import Appointment
from appointments.services import booking
from tests.payments.conftest import provider  # noqa: F401 - the stand-in to pay at


@pytest.fixture
def quicker_sweeper(monkeypatch):
    """Whoever lets go of an ended hold finds that the sweeper has just done so."""
    release = booking.release_hold

    def too_late(hold, *, now):
        release(Appointment.objects.get(pk=hold.pk), now=now)
        release(hold, now=now)

    monkeypatch.setattr(booking, "release_hold", too_late)


@pytest.fixture
def statements(monkeypatch):
    """Every statement that reaches the server while the list is there, `SET search_path` and all; BEGIN, COMMIT and
    savepoints of the test itself aside."""
    seen: list[str] = []
    execute = Cursor.execute

    def count(self, query, *args, **kwargs):
        text = query if isinstance(query, str) else query.decode() if isinstance(query, bytes) else str(query)
        if not text.startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")):
            seen.append(text)
        return execute(self, query, *args, **kwargs)

    monkeypatch.setattr(Cursor, "execute", count)
    return seen
