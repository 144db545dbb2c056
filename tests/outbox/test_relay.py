"""An event is relayed once its transaction stands, by whoever comes first, and again until it worked."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from precta.outbox import registry
from precta.outbox.models import OutboxEvent
from precta.outbox.services import LEASE, emit, relay_event, sweep_events
from precta.tenancy import clinic_context, current_schema


@pytest.fixture
def heard(monkeypatch):
    """A handler of `test.happened` that notes (event, schema) and fails as often as `heard.failures` says."""

    class Heard(list):
        failures = 0

    heard = Heard()

    def handler(event):
        if heard.failures:
            heard.failures -= 1
            raise RuntimeError("not now")
        heard.append((event.pk, current_schema()))

    monkeypatch.setitem(registry._handlers, "test.happened", [handler])
    return heard


@pytest.mark.django_db(transaction=True)
def test_an_event_reaches_its_handler_in_its_own_clinic_after_the_commit(uzima, heard):
    with clinic_context(uzima):
        with transaction.atomic():
            event = emit("test.happened", thing_id="1")
            assert heard == []
        assert heard == [(event.pk, "clinic_uzima")]
        assert OutboxEvent.objects.get().relayed_at is not None


@pytest.mark.django_db(transaction=True)
def test_an_event_of_a_rolled_back_transaction_never_was(uzima, heard):
    with clinic_context(uzima):
        with pytest.raises(RuntimeError), transaction.atomic():
            emit("test.happened")
            raise RuntimeError
        assert heard == []
        assert not OutboxEvent.objects.exists()


@pytest.mark.django_db
def test_a_relayed_event_is_not_relayed_again(in_uzima, heard):
    event = emit("test.happened")
    assert relay_event(event.pk)
    assert relay_event(event.pk)
    assert len(heard) == 1


@pytest.mark.django_db
def test_an_event_whose_handler_failed_is_tried_again_by_the_sweep(in_uzima, heard):
    heard.failures = 1
    event = emit("test.happened")
    assert not relay_event(event.pk)
    assert sweep_events(now=timezone.now() + timedelta(minutes=2)) == 1
    assert len(heard) == 1


@pytest.mark.django_db
def test_an_event_leased_by_a_worker_that_died_is_free_again_after_the_lease(in_uzima, heard):
    now = timezone.now()
    event = emit("test.happened")
    OutboxEvent.objects.update(next_attempt_at=now + LEASE)
    assert not relay_event(event.pk, now=now)
    assert relay_event(event.pk, now=now + LEASE)


@pytest.mark.django_db
def test_one_failing_handler_does_not_keep_the_others_from_their_work(in_uzima, heard, monkeypatch):
    def broken(event):
        raise RuntimeError("always")

    monkeypatch.setitem(registry._handlers, "test.happened", [broken, *registry._handlers["test.happened"]])
    event = emit("test.happened")
    assert not relay_event(event.pk)
    assert len(heard) == 1
    event.refresh_from_db()
    assert "RuntimeError" in event.last_error
    assert "always" not in event.last_error
