"""What the patient learns: the signed summary, and nothing that the doctor wrote for the clinic."""

from datetime import timedelta

import pytest
from django.core import mail

from appointments.services.encounter_notes import add_addendum, finish_notes, save_notes
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from tests.appointments.consultation.conftest import NOW

SECRET = {"reason": "Kept one", "findings": "Kept two", "doctor_notes": "Kept three"}
OPEN = {"diagnosis": "Bronchitis", "plan": "Rest and tea"}


@pytest.fixture
def client(cast, at_clinic):
    return at_clinic(cast.uzima, cast.patient.user)


@pytest.fixture
def proposed():
    return NOW.replace(hour=6) + timedelta(days=14)


def page(client, visit):
    return client.get(f"/appointments/{visit.pk}/").content.decode()


def sign(cast, notes, **more):
    finish_notes(consultation=notes, by_user=cast.doctor.user, values=SECRET | OPEN | more, version=notes.notes_version)


def relay():
    OutboxEvent.objects.update(relayed_at=None, next_attempt_at=NOW - timedelta(days=1))
    for pk in list(OutboxEvent.objects.filter(kind="consultation.finished").values_list("pk", flat=True)):
        assert relay_event(pk)


def test_nothing_is_shown_before_the_signature(cast, client, over, ended):
    save_notes(consultation=ended, by_user=cast.doctor.user, values=SECRET | OPEN, version=0)
    assert "Bronchitis" not in page(client, over)


def test_the_summary_is_shown_and_the_clinics_part_never(cast, client, over, ended, proposed):
    follow_up = {"follow_up_recommended": True, "follow_up_at": proposed, "follow_up_mode": "video"}
    sign(cast, ended, **follow_up, follow_up_notes="To listen again")
    add_addendum(consultation=ended, by_user=cast.doctor.user, text="Kept four")
    shown = page(client, over)
    assert "Bronchitis" in shown and "Rest and tea" in shown and "To listen again" in shown
    assert f"/book/{cast.doctor.pk}/?at=2026-12-08T06:00Z&amp;mode=video" in shown
    assert "Kept" not in shown


def test_a_proposed_time_that_is_past_is_not_offered(cast, client, over, ended, proposed, noon):
    sign(cast, ended, follow_up_recommended=True, follow_up_at=proposed, follow_up_mode="video")
    noon.now = proposed + timedelta(minutes=1)
    shown = page(client, over)
    assert "Book this time" not in shown and "Your doctor recommends another visit." in shown


def test_the_news_carry_no_clinical_word_and_lead_to_the_page_and_to_the_time(cast, over, ended, proposed):
    sign(cast, ended, follow_up_recommended=True, follow_up_at=proposed, follow_up_mode="video", follow_up_notes="Soon")
    relay()
    told = Notification.objects.filter(user=cast.patient.user, channel="push").order_by("title")
    assert [(row.title, row.type) for row in told] == [
        ("A time for your next visit", "general"),
        ("Your visit summary is ready", "general"),
    ]
    assert f"/book/{cast.doctor.pk}/?at=2026-12-08T06:00Z&mode=video" in told[0].data["url"]
    assert told[1].data["url"].endswith(f"/appointments/{over.pk}/")
    everything = " ".join(
        [*(row.title + row.body for row in Notification.objects.all()), *(m.subject + m.body for m in mail.outbox)]
    )
    for word in (*SECRET.values(), *OPEN.values(), "Soon"):
        assert word not in everything
    relay()
    assert Notification.objects.filter(channel="push").count() == 2


def test_another_patient_finds_neither_page_nor_summary(cast, at_clinic, over, ended):
    sign(cast, ended)
    assert at_clinic(cast.uzima, cast.other_patient.user).get(f"/appointments/{over.pk}/").status_code == 404
