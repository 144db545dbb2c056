"""Reminders a day and two hours before a visit."""

from datetime import timedelta

import pytest
from django.utils import timezone

from appointments.models import Appointment
from appointments.services.reminders import remind
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from tests import factories


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def visit(cast, in_uzima, now):
    visit = factories.make_appointment(cast.patient, cast.doctor, now + timedelta(hours=30))
    Appointment.objects.filter(pk=visit.pk).update(created_at=now - timedelta(days=2))
    return visit


def reminded():
    return sorted(OutboxEvent.objects.filter(kind="appointment.reminder").values_list("payload__hours", flat=True))


def before(visit, **delta):
    return visit.scheduled_at - timedelta(**delta)


def test_a_visit_is_reminded_of_a_day_and_two_hours_before_and_not_earlier(visit):
    assert remind(before(visit, hours=25)) == 0
    assert remind(before(visit, hours=24)) == 1
    assert remind(before(visit, hours=3)) == 0
    assert remind(before(visit, hours=2)) == 1
    assert reminded() == [2, 24]


def test_running_again_reminds_of_nothing_twice(visit):
    for minutes in range(0, 60, 10):
        remind(before(visit, hours=24) + timedelta(minutes=minutes))
    assert reminded() == [24]


def test_a_visit_booked_after_the_moment_is_not_reminded_of(visit):
    Appointment.objects.filter(pk=visit.pk).update(created_at=before(visit, hours=23))
    assert remind(before(visit, hours=22)) == 0
    assert remind(before(visit, hours=2)) == 1


@pytest.mark.parametrize("status", ["cancelled", "pending_payment", "completed"])
def test_only_a_visit_that_stands_is_reminded_of(visit, now, status):
    changes = {
        "cancelled": {"cancelled_at": now, "refund_due": 0},
        "pending_payment": {"hold_expires_at": now + timedelta(days=1)},
    }.get(status, {})
    Appointment.objects.filter(pk=visit.pk).update(status=status, **changes)
    assert remind(before(visit, hours=24)) == 0


def test_a_reminder_that_would_come_much_too_late_is_left_out(visit):
    assert remind(before(visit, hours=17)) == 0
    assert remind(before(visit, minutes=50)) == 0


def test_the_patient_is_told_with_a_link_to_the_visit(visit, cast, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        remind(before(visit, hours=24))
    told = Notification.objects.get(user=cast.patient.user, channel="push")
    assert told.type == "appointment_reminder"
    assert visit.pk in told.data["url"]
