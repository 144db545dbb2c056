"""Bookings and a time off over the same morning, all at once."""

from datetime import timedelta
from decimal import Decimal

import pytest

from appointments.exceptions import SlotNotOffered, SlotTaken
from appointments.models import Appointment, TimeOff
from appointments.services.time_off import add_time_off
from precta.audit.models import AuditLog
from precta.notifications.models import Notification
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.test_races import at, crowd, run_together, taking  # noqa: F401 - `at` is a fixture

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_whoever_books_while_the_doctor_takes_time_off_is_told_or_refused(cast, at):  # noqa: F811
    cast.doctor.consultation_fee = Decimal(0)
    cast.doctor.save()
    factories.make_full_week(cast.doctor)
    people = crowd(cast.uzima, 7)

    def away():
        with clinic_context(cast.uzima):
            return add_time_off(
                doctor=cast.doctor, by_user=cast.doctor.user, starts_at=at, ends_at=at + timedelta(hours=4)
            )

    slots = [at + timedelta(minutes=30 * number) for number in range(len(people))]
    tasks = [taking(cast.uzima, cast.doctor, person, slot) for person, slot in zip(people, slots, strict=True)]
    answers = run_together([*tasks[:3], away, *tasks[3:]])
    booked = {answer.pk for answer in answers if isinstance(answer, Appointment)}
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert all(isinstance(answer, (SlotTaken, SlotNotOffered)) for answer in refused), [repr(a) for a in refused]
    assert len(booked) + len(refused) == len(people)
    with clinic_context(cast.uzima):
        assert TimeOff.objects.count() == 1
        assert set(AuditLog.objects.get(action="time_off.added").details["visits"]) == booked
        booked_by = set(Appointment.objects.filter(pk__in=booked).values_list("patient_id", flat=True))
    told = Notification.objects.filter(channel="push", title="Your doctor is away at the time of your visit")
    assert sorted(told.values_list("user_id", flat=True)) == sorted(booked_by)
