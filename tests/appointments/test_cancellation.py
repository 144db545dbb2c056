"""Cancelling a visit: who gets what back, shown before, stored, requested, once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from appointments import reasons
from appointments.exceptions import InvalidTransition, RefundChanged, VisitBegan
from appointments.models import Appointment, AppointmentStatus, TimeOff
from appointments.services.cancellation import cancel_appointment, quote_refund
from appointments.services.confirmation import confirm_paid
from precta.audit.models import AuditLog
from precta.outbox.models import OutboxEvent
from precta.payments.models import Payment
from tests import factories
from tests.appointments.money_helpers import broken_invariants, paid_visit, pay, refunds_of

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_uzima(in_uzima):
    pass


def in_hours(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def cancel(visit, cast, **extra):
    arguments = {"by_user": cast.patient.user, "side": "patient", "now": NOW} | extra
    return cancel_appointment(appointment=visit, **arguments)


# Notice in hours × side → share of 2,500 that goes back, by the default policy (24 h: all, 2 h: half).
SHARES = [
    (72, "patient", 100),
    (24, "patient", 100),
    (23.99, "patient", 50),
    (2, "patient", 50),
    (1.99, "patient", 0),
    (0.1, "patient", 0),
    (72, "doctor", 100),
    (1, "doctor", 100),
    (-0.5, "doctor", 100),
    (1, "clinic", 100),
]


@pytest.mark.parametrize(("hours", "side", "share"), SHARES)
def test_what_is_shown_is_stored_and_requested(cast, hours, side, share):
    visit = paid_visit(cast.patient, cast.doctor, in_hours(hours), now=NOW)
    quote = quote_refund(appointment=visit, by=side, now=NOW)
    assert quote.amount == Decimal(2500) * share / 100
    done = cancel(visit, cast, side=side, expected_refund=quote.amount, reason="I cannot come")
    assert (done.status, done.refund_due, done.cancelled_at) == ("cancelled", quote.amount, NOW)
    assert done.cancelled_by_id == cast.patient.user.pk
    assert sum(refunds_of(visit)) == quote.amount
    assert not broken_invariants(cast.uzima)
    event = OutboxEvent.objects.get(kind="appointment.cancelled")
    assert event.payload == {"appointment_id": visit.pk, "side": side}
    assert AuditLog.objects.filter(action="appointment.cancelled", resource_id=visit.pk).count() == 1


def test_what_the_patient_wrote_reaches_neither_the_audit_nor_the_outbox(cast):
    visit = paid_visit(cast.patient, cast.doctor, in_hours(48), now=NOW)
    cancel(visit, cast, reason="a rash on my arm")
    assert "rash" not in str(list(AuditLog.objects.values_list("details", flat=True)))
    assert "rash" not in str(list(OutboxEvent.objects.values_list("payload", flat=True)))


@pytest.mark.parametrize("words", sorted(reasons.OF_THE_PORTAL))
def test_nobody_ends_a_visit_in_the_portals_own_words(cast, words):
    visit = paid_visit(cast.patient, cast.doctor, in_hours(48), now=NOW)
    assert cancel(visit, cast, reason=words).cancellation_reason == f"{words}."


def test_the_refund_follows_the_clinics_own_steps(cast, uzima):
    uzima.settings = {"refund_steps": [{"hours_before": 6, "percent": 80}]}
    uzima.save()
    visit = paid_visit(cast.patient, cast.doctor, in_hours(7), now=NOW)
    assert quote_refund(appointment=Appointment.objects.get(), by="patient", now=NOW).amount == Decimal(2000)
    visit.refresh_from_db()
    quote = quote_refund(appointment=visit, by="patient", now=NOW)
    assert [(step.until, step.amount) for step in quote.steps] == [(in_hours(1), Decimal(2000))]


def test_new_rules_of_the_clinic_do_not_reach_visits_booked_under_the_old_ones(cast, uzima):
    booked_under = [{"hours_before": 24, "percent": 100}]
    visit = paid_visit(cast.patient, cast.doctor, in_hours(48), now=NOW, refund_steps=booked_under)
    uzima.settings = {"refund_steps": []}
    uzima.save()
    visit.clinic = uzima
    quote = quote_refund(appointment=visit, by="patient", now=NOW)
    assert (quote.amount, [step.until for step in quote.steps]) == (Decimal(2500), [in_hours(24)])
    assert cancel(visit, cast).refund_due == 2500
    assert refunds_of(visit) == [Decimal(2500)]


def test_a_visit_booked_without_any_refund_stays_so(cast):
    visit = paid_visit(cast.patient, cast.doctor, in_hours(48), now=NOW, refund_steps=[])
    assert quote_refund(appointment=visit, by="patient", now=NOW).amount == 0


def test_nothing_is_paid_back_for_a_time_that_was_only_held(cast):
    visit = factories.make_appointment(
        cast.patient, cast.doctor, in_hours(48), status="pending_payment", fee=2500, hold_expires_at=in_hours(0.2)
    )
    assert quote_refund(appointment=visit, by="patient", now=NOW).amount == 0
    assert cancel(visit, cast).refund_due == 0
    assert not refunds_of(visit)
    assert not OutboxEvent.objects.filter(kind="appointment.cancelled").exists()


def test_a_free_visit_is_cancelled_without_a_refund(cast):
    visit = factories.make_appointment(cast.patient, cast.doctor, in_hours(48))
    assert cancel(visit, cast).refund_due == 0
    assert not refunds_of(visit)


@pytest.mark.parametrize("status", ["in_progress", "completed", "no_show"])
@pytest.mark.parametrize("side", ["patient", "doctor", "clinic"])
def test_a_visit_that_has_begun_or_is_over_is_never_cancelled(cast, status, side):
    visit = paid_visit(cast.patient, cast.doctor, in_hours(1), now=NOW, status=status)
    with pytest.raises(InvalidTransition):
        cancel(visit, cast, side=side)
    visit.refresh_from_db()
    assert visit.status == status
    assert not refunds_of(visit)
    assert not OutboxEvent.objects.exists()


def test_the_patient_cannot_cancel_once_the_time_has_come(cast):
    visit = paid_visit(cast.patient, cast.doctor, NOW, now=NOW)
    with pytest.raises(VisitBegan):
        cancel(visit, cast)
    assert Appointment.objects.get().status == AppointmentStatus.CONFIRMED
    assert not OutboxEvent.objects.exists()


def test_cancelling_twice_gives_back_once(cast):
    visit = paid_visit(cast.patient, cast.doctor, in_hours(48), now=NOW)
    first = cancel(visit, cast)
    again = cancel(Appointment.objects.get(), cast, side="doctor", now=in_hours(1))
    assert (again.cancelled_at, again.refund_due) == (first.cancelled_at, first.refund_due)
    assert refunds_of(visit) == [Decimal(2500)]
    assert OutboxEvent.objects.filter(kind="appointment.cancelled").count() == 1


def test_a_deadline_that_passed_since_the_page_was_shown_cancels_nothing(cast):
    visit = paid_visit(cast.patient, cast.doctor, in_hours(23), now=NOW)
    with pytest.raises(RefundChanged) as caught:
        cancel(visit, cast, expected_refund=Decimal(2500))
    assert caught.value.quote.amount == Decimal(1250)
    assert Appointment.objects.get().status == AppointmentStatus.CONFIRMED
    assert not refunds_of(visit)
    assert not OutboxEvent.objects.exists()


def test_several_payments_go_back_newest_first_and_never_more_than_each(cast):
    visit = factories.make_appointment(cast.patient, cast.doctor, in_hours(12), fee=Decimal(3000))
    first = pay(visit, 2500, at=NOW)
    second = pay(visit, 500, at=NOW)
    cancel(visit, cast)
    assert {p.pk: sum(r.amount for r in p.refunds.all()) for p in Payment.objects.all()} == {
        second.pk: Decimal(500),
        first.pk: Decimal(1000),
    }
    assert not broken_invariants(cast.uzima)


def test_money_that_went_back_earlier_counts_in_what_is_stored(cast):
    from precta.payments.services import request_refund

    visit = factories.make_appointment(cast.patient, cast.doctor, in_hours(48), fee=Decimal(2000))
    payment = pay(visit, 2500, at=NOW)
    request_refund(payment=payment, amount=Decimal(500), reason="cheaper", key="move:x")
    assert quote_refund(appointment=visit, by="patient", now=NOW).amount == Decimal(2000)
    assert cancel(visit, cast).refund_due == Decimal(2500)
    assert not broken_invariants(cast.uzima)


def test_whoever_cancels_because_the_doctor_is_off_gets_everything_back(cast):
    visit = paid_visit(cast.patient, cast.doctor, in_hours(1), now=NOW)
    TimeOff.objects.create(doctor=cast.doctor, starts_at=in_hours(0), ends_at=in_hours(8))
    assert cancel(visit, cast).refund_due == Decimal(2500)


def test_a_visit_that_was_moved_late_keeps_the_share_it_had_then(cast):
    old = factories.make_appointment(
        cast.patient,
        cast.doctor,
        in_hours(3),
        status="cancelled",
        cancelled_at=NOW,
        cancellation_reason=reasons.RESCHEDULED,
    )
    moved = paid_visit(cast.patient, cast.doctor, in_hours(240), now=NOW, rescheduled_from=old)
    quote = quote_refund(appointment=moved, by="patient", now=NOW)
    assert (quote.percent, quote.amount) == (50, Decimal(1250))
    assert [(step.percent, step.until) for step in quote.steps] == [(50, in_hours(238))]
    old.refund_steps = [{"hours_before": 2, "percent": 70}]
    old.save()
    assert quote_refund(appointment=moved, by="patient", now=NOW).percent == 70
    old.cancellation_reason = reasons.RESCHEDULED_FOR_CLINIC
    old.save()
    assert quote_refund(appointment=moved, by="patient", now=NOW).percent == 100


def test_a_time_held_for_a_move_is_let_go_with_the_visit(cast):
    visit = paid_visit(cast.patient, cast.doctor, in_hours(48), now=NOW)
    hold = factories.make_appointment(
        cast.patient,
        cast.doctor,
        in_hours(72),
        status="pending_payment",
        fee=3000,
        hold_expires_at=in_hours(0.2),
        rescheduled_from=visit,
    )
    cancel(visit, cast)
    hold.refresh_from_db()
    assert (hold.status, hold.cancellation_reason, hold.refund_due) == ("cancelled", reasons.MOVE_DROPPED, 0)


@pytest.mark.parametrize(("percent", "paid", "back"), [(50, "2501.00", "1250.50"), (33, "100.05", "33.02")])
def test_shares_are_whole_cents(cast, uzima, percent, paid, back):
    uzima.settings = {"refund_steps": [{"hours_before": 1, "percent": percent}]}
    uzima.save()
    visit = factories.make_appointment(cast.patient, cast.doctor, in_hours(48), fee=Decimal(paid))
    visit.clinic = uzima
    pay(visit, Decimal(paid), at=NOW)
    assert cancel(visit, cast).refund_due == Decimal(back)
    assert not broken_invariants(uzima)


@pytest.mark.parametrize("status", ["confirmed", "completed", "no_show"])
def test_money_that_a_standing_visit_does_not_need_goes_back_once(cast, uzima, status):
    moved_to_a_free_time = factories.make_appointment(cast.patient, cast.doctor, in_hours(48), fee=0, status=status)
    late = pay(moved_to_a_free_time, 2500, at=NOW)
    for _again in range(2):
        confirm_paid(payment=late, now=NOW)
    assert refunds_of(moved_to_a_free_time) == [Decimal(2500)]
    assert not broken_invariants(uzima)


def test_confirming_a_paid_visit_again_gives_nothing_back(cast, uzima):
    visit = paid_visit(cast.patient, cast.doctor, in_hours(48), now=NOW)
    confirm_paid(payment=visit.payment, now=NOW)
    assert not refunds_of(visit)


@pytest.mark.parametrize("what", ["suspended", "rejected", "moved"])
def test_everything_goes_back_when_the_doctor_sees_no_patients_here_any_more(cast, pwani, what):
    visit = paid_visit(cast.patient, cast.doctor, in_hours(1), now=NOW)
    assert quote_refund(appointment=visit, by="patient", now=NOW).amount == 0
    if what == "suspended":
        type(cast.doctor.user).objects.filter(pk=cast.doctor.pk).update(status="suspended")
    else:
        change = {"verification_status": "rejected"} if what == "rejected" else {"clinic": pwani}
        type(cast.doctor).objects.filter(pk=cast.doctor.pk).update(**change)
    assert quote_refund(appointment=visit, by="patient", now=NOW).amount == Decimal(2500)
    assert cancel(visit, cast).refund_due == Decimal(2500)
