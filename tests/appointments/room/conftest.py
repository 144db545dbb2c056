"""A video visit around now, and knocking at its room."""

import json
from datetime import timedelta

import pytest

from precta import clock
from precta.audit.models import AuditLog
from precta.tenancy import clinic_context
from tests import factories

PAGE = {"patient": "patientpage1", "doctor": "doctorpage01"}


@pytest.fixture
def video_visit(cast):
    """`video_visit(minutes=5, **extra)` → a confirmed video visit of Amina with Dr Njoroge, in so many minutes."""

    def make(minutes=5, **extra):
        extra.setdefault("consultation_type", "video")
        at = clock.now() + timedelta(minutes=minutes)
        return factories.make_appointment(extra.pop("patient", cast.patient), cast.doctor, at, **extra)

    return make


@pytest.fixture
def visit(video_visit):
    return video_visit()


class Room:
    """One person at the door of one visit's room."""

    def __init__(self, client, visit) -> None:
        self.client = client
        self.base = f"/appointments/{visit.pk}/room/"

    def look(self):
        return self.client.get(self.base)

    def post(self, what, **fields):
        return self.client.post(f"{self.base}{what}/", fields)

    def ask(self, what, **fields):
        """As the page's script does."""
        return self.client.post(f"{self.base}{what}/", fields, headers={"accept": "application/json"})

    def exchange(self, page="", *, stage="room", signals=(), state=None, after="0-0", mark=0, raw=None):
        body = {
            "stage": stage,
            "page": page,
            "state": state or {},
            "signals": list(signals),
            "after": after,
            "mark": mark,
        }
        return self.client.post(
            f"{self.base}exchange/", raw if raw is not None else json.dumps(body), content_type="application/json"
        )


@pytest.fixture
def at_room(at_clinic, cast):
    """`at_room(person, visit)`: a person of the cast, or a user."""
    return lambda person, visit: Room(at_clinic(cast.uzima, getattr(person, "user", person)), visit)


@pytest.fixture
def trail(cast):
    """`trail("room.")` → (action, user id, details) of the acts that begin so, oldest first."""

    def read(beginning):
        with clinic_context(cast.uzima):
            rows = AuditLog.objects.filter(action__startswith=beginning).order_by("created_at", "pk")
            return [(row.action, row.user_id, row.details) for row in rows]

    return read
