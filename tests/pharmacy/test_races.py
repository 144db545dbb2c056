"""Two at once, in real threads and transactions: one outcome, and the other is told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from pharmacy.exceptions import AlreadyReplaced, PrescriptionError, WarningsUnanswered
from pharmacy.models import Prescription
from pharmacy.services.papers import paper_of
from precta.files import store
from precta.ids import new_id
from precta.outbox.models import OutboxEvent
from precta.tenancy import clinic_context
from tests import factories
from tests.pharmacy.conftest import issue, line

pytestmark = pytest.mark.django_db(transaction=True)
RACERS = 6


@pytest.fixture
def visit(uzima):
    patient, doctor = factories.make_patient(), factories.make_doctor(uzima)
    factories.link_patient(patient, uzima)
    return factories.make_appointment(patient, doctor, timezone.now() - timedelta(minutes=5), status="in_progress")


def at_once(*acts):
    start = Barrier(len(acts))

    def run(act):
        try:
            start.wait(10)
            return act()
        except PrescriptionError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_a_form_sent_many_times_at_once_is_issued_once(visit, uzima):
    key = new_id()
    answers = at_once(*[lambda: issue(visit, idempotency_key=key)] * RACERS)
    assert len({answer.pk for answer in answers}) == 1
    with clinic_context(uzima):
        assert Prescription.objects.count() == 1
        assert OutboxEvent.objects.filter(kind="prescription.issued").count() == 1


def test_of_two_replacements_at_once_one_wins_and_the_others_are_told_by_which(visit, uzima):
    old = issue(visit)
    answers = at_once(
        *[
            lambda n=n: issue(visit, line("Ibuprofen"), replaces=old, replacement_reason=f"No. {n}")
            for n in range(RACERS)
        ]
    )
    won = [answer for answer in answers if isinstance(answer, Prescription)]
    lost = [answer for answer in answers if isinstance(answer, AlreadyReplaced)]
    assert (len(won), len(lost)) == (1, RACERS - 1)
    assert {answer.replacement.pk for answer in lost} == {won[0].pk}
    with clinic_context(uzima):
        assert Prescription.objects.count() == 2


def test_of_two_forms_with_the_same_substance_the_second_is_warned(visit):
    answers = at_once(lambda: issue(visit, line("Panadol")), lambda: issue(visit, line("Paracetamol")))
    assert sorted(type(answer).__name__ for answer in answers) == ["Prescription", "WarningsUnanswered"]
    [warned] = [answer for answer in answers if isinstance(answer, WarningsUnanswered)]
    assert warned.warnings[0].prescription_id


def test_many_first_readers_end_with_one_paper(visit, uzima):
    issued = issue(visit)
    with clinic_context(uzima):
        Prescription.objects.filter(pk=issued.pk).update(pdf_url="")
    fresh = []
    with clinic_context(uzima):
        fresh = [Prescription.objects.with_people().get(pk=issued.pk) for _ in range(RACERS)]

    def read(prescription):
        with clinic_context(uzima):
            return paper_of(prescription=prescription, clinic=uzima)

    keys = at_once(*[lambda one=one: read(one) for one in fresh])
    with clinic_context(uzima):
        kept = Prescription.objects.get(pk=issued.pk).pdf_url
        assert set(keys) == {kept}
        assert store.read_stored(kept).startswith(b"%PDF-")
        folder = kept.rpartition("/")[0]
        assert kept.rpartition("/")[2] in store._private().listdir(folder)[1]
