"""Taking a time: the rules of a hold, one per test."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError

from accounts.models import Guardianship, VerificationStatus
from appointments.exceptions import (
    ConsentNeeded,
    EmailNotVerified,
    KeyReused,
    NotYourPatient,
    SlotNotOffered,
    SlotTaken,
    TooManyFreeVisits,
    TooManyHolds,
)
from appointments.models import Appointment, AppointmentStatus, TimeOff
from appointments.services import booking
from appointments.services.booking import expire_holds, hold_slot
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from precta.payments.models import Payment, PaymentMethod, PaymentStatus
from tests import factories

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # Monday noon in Nairobi
AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)  # Tuesday 09:00

pytestmark = pytest.mark.usefixtures("in_uzima")


@pytest.fixture
def hold(cast):
    """`hold(**changes)` books Tuesday 09:00 with Dr Njoroge for Amina, or what the changes say."""
    factories.make_full_week(cast.doctor)

    def take(**changes):
        person = changes.pop("by", cast.patient)
        wanted = {
            "patient": person,
            "booked_by": person.user,
            "doctor": cast.doctor,
            "clinic": cast.uzima,
            "starts_at": AT,
            "mode": "in_person",
            "notes": "A cough",
            "idempotency_key": "key-one-1",
            "method": PaymentMethod.MPESA,
            "now": NOW,
        }
        return hold_slot(**{**wanted, **changes})

    return take


def assert_nothing_happened():
    assert not Appointment.objects.exists()
    assert not Payment.objects.exists()
    assert not OutboxEvent.objects.exists()
    assert not AuditLog.objects.exists()


def test_a_time_is_held_while_it_is_paid(cast, hold):
    visit = hold()
    visit.refresh_from_db()
    assert visit.status == AppointmentStatus.PENDING_PAYMENT
    assert visit.hold_expires_at == NOW + timedelta(minutes=15)
    assert (visit.fee, visit.currency, visit.duration_minutes) == (Decimal("2500.00"), "KES", 30)
    assert visit.clinic == cast.uzima and visit.busy_until == AT + timedelta(minutes=30)
    payment = visit.payment
    assert (payment.amount, payment.status, payment.subject_id) == (Decimal("2500.00"), PaymentStatus.PENDING, visit.pk)
    assert payment.charged_at is None
    assert OutboxEvent.objects.get().kind == "appointment.held"
    assert AuditLog.objects.get(action="appointment.held").user_id == cast.patient.pk
    assert "cough" not in str(AuditLog.objects.values_list("details", flat=True))


def test_a_hold_ends_when_its_visit_would_begin(cast, hold):
    cast.uzima.settings = {**cast.uzima.settings, "hold_minutes": 60, "lead_time_minutes": 0}
    visit = hold(now=AT - timedelta(minutes=20))
    assert visit.hold_expires_at == AT


def test_a_visit_keeps_the_refund_rules_it_was_booked_under(cast, hold):
    cast.uzima.settings = {**cast.uzima.settings, "refund_steps": [{"hours_before": 6, "percent": 80}]}
    visit = hold()
    cast.uzima.settings = {**cast.uzima.settings, "refund_steps": []}
    visit = Appointment.objects.get(pk=visit.pk)
    visit.clinic = cast.uzima
    assert visit.refund_steps == [{"hours_before": 6, "percent": 80}]
    assert visit.policy.refund_percent(timedelta(hours=6)) == 80
    assert visit.policy.hold == cast.uzima.policy.hold


def test_a_free_consultation_is_confirmed_at_once(cast, hold):
    cast.doctor.consultation_fee = Decimal(0)
    visit = hold()
    assert visit.status == AppointmentStatus.CONFIRMED and visit.payment is None
    assert not Payment.objects.exists()
    assert OutboxEvent.objects.get().kind == "appointment.confirmed"


@pytest.mark.parametrize(
    "starts_at",
    [
        NOW - timedelta(days=1),
        NOW + timedelta(minutes=30),
        AT + timedelta(minutes=1),
        AT.replace(hour=20),
        AT + timedelta(days=60),
    ],
    ids=["past", "within the lead time", "off the grid", "outside the hours", "beyond the horizon"],
)
def test_a_time_that_is_not_offered_is_refused(hold, starts_at):
    with pytest.raises(SlotNotOffered):
        hold(starts_at=starts_at)
    assert_nothing_happened()


def test_a_kind_of_visit_that_is_not_offered_is_refused(cast, hold):
    cast.doctor.consultation_modes = ["video"]
    with pytest.raises(SlotNotOffered):
        hold()


def test_a_doctor_of_another_clinic_or_not_verified_is_refused(cast, hold):
    with pytest.raises(SlotNotOffered):
        hold(doctor=cast.other_doctor)
    cast.doctor.verification_status = VerificationStatus.PENDING
    with pytest.raises(SlotNotOffered):
        hold()
    assert_nothing_happened()


def test_a_taken_time_is_refused_to_the_second(cast, hold):
    factories.link_patient(cast.other_patient, cast.uzima)
    hold()
    with pytest.raises(SlotTaken):
        hold(by=cast.other_patient)
    assert Appointment.objects.count() == Payment.objects.count() == 1


def test_a_time_off_is_refused(cast, hold):
    TimeOff.objects.create(doctor=cast.doctor, starts_at=AT, ends_at=AT + timedelta(hours=1))
    with pytest.raises(SlotTaken):
        hold()


def test_the_database_itself_keeps_visits_apart_and_it_reads_as_taken(cast, hold, monkeypatch):
    factories.link_patient(cast.other_patient, cast.uzima)
    hold()
    monkeypatch.setattr("appointments.services.booking._check_offered", lambda *args, **named: None)
    with pytest.raises(SlotTaken):
        hold(by=cast.other_patient)
    with pytest.raises(SlotTaken):
        hold(by=cast.other_patient, starts_at=AT + timedelta(minutes=15))
    assert Appointment.objects.count() == 1


def test_the_same_key_gives_the_same_visit(hold):
    first = hold()
    assert hold().pk == first.pk
    assert Appointment.objects.count() == Payment.objects.count() == OutboxEvent.objects.count() == 1


@pytest.mark.parametrize("changes", [{"starts_at": AT + timedelta(hours=1)}, {"mode": "video"}, {"notes": "Fever"}])
def test_the_same_key_for_something_else_is_refused(hold, changes):
    hold()
    with pytest.raises(KeyReused):
        hold(**changes)
    assert Appointment.objects.count() == 1


def test_two_people_may_use_the_same_key(cast, hold):
    factories.link_patient(cast.other_patient, cast.uzima)
    hold()
    hold(by=cast.other_patient, starts_at=AT + timedelta(hours=1))
    assert Appointment.objects.count() == 2


def test_nobody_holds_more_than_three_unpaid_times(hold):
    for number in range(3):
        hold(starts_at=AT + timedelta(hours=number), idempotency_key=f"key-{number}")
    with pytest.raises(TooManyHolds):
        hold(starts_at=AT + timedelta(hours=4), idempotency_key="key-4")
    # An hour later the three have run out and no longer count.
    later = NOW + timedelta(hours=1)
    hold(starts_at=AT + timedelta(hours=4), idempotency_key="key-4", now=later)


def test_nobody_has_more_than_four_coming_free_visits_at_a_clinic(cast, hold):
    cast.doctor.consultation_fee = Decimal(0)
    first = hold()
    for number in range(1, 4):
        hold(starts_at=AT + timedelta(hours=number), idempotency_key=f"key-{number}")
    with pytest.raises(TooManyFreeVisits):
        hold(starts_at=AT + timedelta(hours=5), idempotency_key="key-5")
    assert hold() == first  # the same form again is no fifth visit
    # One that is cancelled does not count, nor does one that has begun.
    Appointment.objects.filter(pk=first.pk).update(status=AppointmentStatus.CANCELLED, refund_due=0, cancelled_at=NOW)
    hold(starts_at=AT + timedelta(hours=5), idempotency_key="key-5")
    hold(starts_at=AT + timedelta(days=1), idempotency_key="key-6", now=AT + timedelta(hours=1))


def test_free_visits_leave_room_for_paid_ones_and_ended_holds_still_give_way(cast, hold):
    hold(starts_at=AT + timedelta(hours=5), idempotency_key="key-5")
    cast.doctor.consultation_fee = Decimal(0)
    for number in range(4):
        hold(starts_at=AT + timedelta(hours=number), idempotency_key=f"key-{number}")
    cast.doctor.consultation_fee = Decimal(2500)
    later = NOW + timedelta(hours=1)
    hold(starts_at=AT + timedelta(hours=5), idempotency_key="key-6", now=later)
    assert Appointment.objects.live().count() == 5


def test_an_unverified_address_books_nothing(cast, hold):
    cast.patient.user.email_verified = False
    with pytest.raises(EmailNotVerified):
        hold()
    assert_nothing_happened()


def test_a_guardian_books_for_a_child_and_for_nobody_elses(cast, hold):
    child = factories.make_patient("Baraka", "Hassan")
    factories.link_patient(child, cast.uzima)
    with pytest.raises(NotYourPatient):
        hold(patient=child)
    Guardianship.objects.create(guardian=cast.patient, child=child)
    visit = hold(patient=child)
    assert visit.patient == child and visit.booked_by == cast.patient.user
    assert visit.payment.user == cast.patient.user


def test_without_consent_to_the_clinic_nothing_is_booked(cast, hold):
    with pytest.raises(ConsentNeeded):
        hold(by=cast.other_patient)
    assert_nothing_happened()


def test_an_ended_hold_gives_way_at_once(cast, hold):
    factories.link_patient(cast.other_patient, cast.uzima)
    first = hold()
    later = NOW + timedelta(minutes=15)
    second = hold(by=cast.other_patient, now=later)
    first.refresh_from_db()
    assert first.status == AppointmentStatus.CANCELLED and first.refund_due == 0
    assert second.status == AppointmentStatus.PENDING_PAYMENT
    assert OutboxEvent.objects.filter(kind="appointment.expired").count() == 1


def test_an_ended_hold_that_the_sweeper_lets_go_of_at_the_same_moment_gives_way_too(cast, hold, quicker_sweeper):
    factories.link_patient(cast.other_patient, cast.uzima)
    first = hold()
    second = hold(by=cast.other_patient, now=NOW + timedelta(minutes=15))
    first.refresh_from_db()
    assert (first.status, second.status) == (AppointmentStatus.CANCELLED, AppointmentStatus.PENDING_PAYMENT)
    assert OutboxEvent.objects.filter(kind="appointment.expired").count() == 1


def test_an_ended_hold_that_overlaps_with_another_length_gives_way_too(cast, hold):
    factories.link_patient(cast.other_patient, cast.uzima)
    first = hold(starts_at=AT + timedelta(minutes=30))
    cast.doctor.consultation_duration_minutes = 60
    second = hold(by=cast.other_patient, now=NOW + timedelta(minutes=15))
    assert second.duration_minutes == 60
    first.refresh_from_db()
    assert first.status == AppointmentStatus.CANCELLED


class Deadlock(Exception):
    sqlstate = "40P01"


def quarrelsome(times):
    """`_hold_once` that meets a deadlock so many times first."""
    really, left = booking._hold_once, [times]

    def once(*args):
        if left[0]:
            left[0] -= 1
            raise OperationalError("deadlock detected") from Deadlock()
        return really(*args)

    return once


def test_a_deadlock_is_tried_once_more(hold, monkeypatch):
    monkeypatch.setattr(booking, "_hold_once", quarrelsome(1))
    assert hold().status == AppointmentStatus.PENDING_PAYMENT


def test_a_second_deadlock_is_told(hold, monkeypatch):
    monkeypatch.setattr(booking, "_hold_once", quarrelsome(2))
    with pytest.raises(OperationalError):
        hold()
    assert_nothing_happened()


class TestExpiry:
    def test_an_unpaid_hold_ends_and_frees_its_time(self, hold):
        visit = hold()
        assert expire_holds(NOW + timedelta(minutes=14)) == 0
        assert expire_holds(NOW + timedelta(minutes=15)) == 1
        visit.refresh_from_db()
        assert visit.status == AppointmentStatus.CANCELLED and visit.refund_due == 0
        assert visit.cancelled_at == NOW + timedelta(minutes=15)
        assert OutboxEvent.objects.filter(kind="appointment.expired").count() == 1
        assert expire_holds(NOW + timedelta(minutes=16)) == 0

    def test_a_payment_in_trouble_keeps_no_other_hold(self, cast, hold, monkeypatch):
        stuck, other = hold(), hold(starts_at=AT + timedelta(hours=2), idempotency_key="another-key")
        Payment.objects.filter(pk=stuck.payment_id).update(charged_at=NOW)

        def break_down(**asked):
            raise ArithmeticError

        monkeypatch.setattr("precta.payments.services.settle_payment", break_down)
        assert expire_holds(NOW + timedelta(minutes=15)) == 1
        other.refresh_from_db()
        assert other.status == AppointmentStatus.CANCELLED
        assert expire_holds(NOW + timedelta(minutes=17)) == 1  # by then the patience with the other is over, too

    def test_a_confirmed_visit_never_ends_as_a_hold(self, cast, hold):
        visit = hold()
        Appointment.objects.update(status=AppointmentStatus.CONFIRMED)
        assert expire_holds(NOW + timedelta(days=2)) == 0
        visit.refresh_from_db()
        assert visit.status == AppointmentStatus.CONFIRMED
