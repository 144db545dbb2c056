from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from appointments.models import Consultation
from appointments.services.consultation import end_consultation, start_consultation
from tests import factories

# Tuesday 24 November 2026, 12:00 in Nairobi.
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
FIELDS = ("reason", "findings", "diagnosis", "plan", "doctor_notes", "follow_up_notes")


@pytest.fixture
def noon(monkeypatch):
    """A clock that a test may set: `noon.now`."""
    moment = SimpleNamespace(now=NOW)
    monkeypatch.setattr("precta.clock.now", lambda: moment.now)
    return moment


@pytest.fixture
def visit(cast, noon, in_uzima):
    return factories.make_appointment(cast.patient, cast.doctor, NOW, notes="A cough for three days")


@pytest.fixture
def running(cast, visit):
    start_consultation(appointment=visit, by_user=cast.doctor.user)
    return visit


@pytest.fixture
def over(cast, running, noon):
    noon.now += timedelta(minutes=24)
    end_consultation(appointment=running, by_user=cast.doctor.user)
    return running


@pytest.fixture
def notes(running):
    return Consultation.objects.get(appointment=running)


@pytest.fixture
def ended(over):
    return Consultation.objects.get(appointment=over)


def typed(version, do="save", **texts):
    """A posted form."""
    return dict.fromkeys(FIELDS, "") | {"version": version, "do": do} | texts
