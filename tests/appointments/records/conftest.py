"""A store that is empty at each test's beginning, and documents as people send them."""

from datetime import timedelta

import pytest
from django.core.files.storage import storages

from accounts.services.family import add_child
from precta import clock
from tests import factories
from tests.files import corpus


@pytest.fixture(autouse=True)
def files(monkeypatch, tmp_path_factory):
    """The folder of the private files."""
    folder = tmp_path_factory.mktemp("private")
    for name in ("base_location", "location"):
        monkeypatch.setitem(storages["private"].__dict__, name, str(folder))
    return folder


@pytest.fixture
def visit(cast):
    return factories.make_appointment(cast.patient, cast.doctor, clock.now() + timedelta(days=1))


@pytest.fixture
def child(cast):
    link = add_child(
        guardian=cast.patient,
        by=cast.patient.user,
        relation="parent",
        values={
            "first_name": "Zawadi",
            "last_name": "Hassan",
            "date_of_birth": (clock.now() - timedelta(days=1500)).date(),
        },
    )
    return link.child


@pytest.fixture
def send(cast, at_clinic):
    """`send(file, …)` posts files as the form does; `as_json` as the page's script does."""

    def post(*files, user=None, clinic=None, as_json=False, **said):
        client = at_clinic(clinic or cast.uzima, user or cast.patient.user)
        headers = {"HTTP_ACCEPT": "application/json"} if as_json else {}
        data = {"files": list(files), "type": "lab_result", "for_whom": cast.patient.pk, **said}
        return client.post("/records/", data, **headers)

    return post


def paper(padding: int = 0, name: str = "results.pdf"):
    return corpus.upload(corpus.pdf(padding=padding), name)
