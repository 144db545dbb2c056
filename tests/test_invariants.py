"""`check_invariants` is quiet over sound data and names each kind of unsound row."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from appointments.models import Appointment
from precta.ids import new_id
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests.factories import make_appointment

pytestmark = pytest.mark.django_db

AT = datetime(2027, 3, 1, 8, tzinfo=UTC)


def broken() -> dict[str, dict[str, list[str]]]:
    out = StringIO()
    try:
        call_command("check_invariants", "--json", stdout=out)
    except SystemExit as stop:
        assert stop.code == 1
        assert json.loads(out.getvalue())
    return json.loads(out.getvalue())


def pay(visit, amount, status="completed", clinic_code="clinicxx"):
    return Payment.objects.create(
        user=visit.booked_by,
        type="appointment",
        subject_id=visit.pk,
        amount=amount,
        method="mpesa",
        status=status,
        paid_at=timezone.now(),
        provider_reference=f"{clinic_code}-{new_id()}",
    )


@pytest.fixture
def visit(cast):
    return make_appointment(cast.patient, cast.doctor, AT, fee=Decimal(2500))


def test_sound_data_breaks_nothing(cast, visit):
    with clinic_context(cast.uzima):
        pay(visit, 2500)
    assert broken() == {}


def test_i1_names_two_live_visits_that_overlap(cast):
    make_appointment(cast.patient, cast.doctor, AT)
    with clinic_context(cast.uzima), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE appointments_appointment DROP CONSTRAINT appointment_no_overlap_per_doctor")
    make_appointment(cast.other_patient, cast.doctor, AT + timedelta(minutes=10))
    assert list(broken()) == ["I1"]


def test_i2_names_a_visit_that_stands_unpaid(visit):
    assert broken() == {"I2": {"clinic_uzima": [visit.pk]}}


def test_i3_names_a_cancelled_visit_whose_refund_was_never_asked_for(cast, visit):
    with clinic_context(cast.uzima):
        pay(visit, 2500)
        Appointment.objects.update(status="cancelled", cancelled_at=timezone.now(), refund_due=Decimal(1250))
    assert broken() == {"I3": {"clinic_uzima": [visit.pk]}}


def test_i3_counts_what_was_refunded(cast, visit):
    with clinic_context(cast.uzima):
        payment = pay(visit, 2500)
        Refund.objects.create(payment=payment, key="k", subject_id=visit.pk, amount=1250, reason="cancelled")
        Appointment.objects.update(status="cancelled", cancelled_at=timezone.now(), refund_due=Decimal(1250))
    assert broken() == {}


def test_i5_names_a_hold_that_nobody_ended(cast):
    late = timezone.now() - timedelta(minutes=3)
    held = make_appointment(cast.patient, cast.doctor, AT, status="pending_payment", hold_expires_at=late, fee=1)
    assert broken() == {"I5": {"clinic_uzima": [held.pk]}}


def test_i6_names_a_payment_refunded_beyond_its_amount(cast, visit):
    with clinic_context(cast.uzima):
        payment = pay(visit, 2500, status="refunded")
        for key in ("a", "b"):
            Refund.objects.create(payment=payment, key=key, subject_id=visit.pk, amount=2500, reason="twice")
        Appointment.objects.update(status="cancelled", cancelled_at=timezone.now(), refund_due=Decimal(5000))
    assert broken() == {"I6": {"clinic_uzima": [payment.provider_reference]}}


def test_i6_names_a_visit_confirmed_twice(cast, visit):
    with clinic_context(cast.uzima):
        pay(visit, 2500)
        for _ in range(2):
            OutboxEvent.objects.create(kind="appointment.confirmed", payload={"appointment_id": visit.pk})
    assert broken() == {"I6": {"clinic_uzima": [visit.pk]}}


def test_i7_names_what_waits_too_long(cast):
    old = timezone.now() - timedelta(minutes=6)
    with clinic_context(cast.uzima):
        event = OutboxEvent.objects.create(kind="test.stuck")
        OutboxEvent.objects.update(created_at=old)
    row = Notification.objects.create(
        user=cast.patient.user, event_id="e", type="general", title="t", body="b", channel="email"
    )
    Notification.objects.update(created_at=old)
    assert broken() == {"I7": {"clinic_uzima": [event.pk], "public": [row.pk]}}


def test_a_slip_in_the_name_of_an_invariant_is_no_all_clear():
    with pytest.raises(CommandError, match="I99"):
        call_command("check_invariants", "--only", "I1,I99")


def test_a_clinic_that_does_not_exist_is_said_rather_than_found_sound(cast):
    with pytest.raises(CommandError, match="nowhere"):
        call_command("check_invariants", "--clinic", "nowhere")
