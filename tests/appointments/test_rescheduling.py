"""Moving a visit: same price, dearer, cheaper, over itself, too late, taken."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from appointments import reasons
from appointments.exceptions import (
    FeeChanged,
    InvalidTransition,
    KeyReused,
    NothingToMove,
    SlotNotOffered,
    SlotTaken,
    TooLateToMove,
)
from appointments.models import Appointment, TimeOff
from appointments.services.booking import expire_holds
from appointments.services.cancellation import cancel_appointment, quote_refund
from appointments.services.confirmation import confirm_paid, take_locks
from appointments.services.goodwill import give_back_part
from appointments.services.rescheduling import last_moment_to_move, quote_reschedule, reschedule_appointment
from precta.ids import new_id
from precta.outbox.models import OutboxEvent
from precta.payments.models import Payment, Refund
from tests import factories
from tests.appointments.money_helpers import broken_invariants, paid_visit, pay, refunds_of

# A Sunday, 12:00 in Nairobi.
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
OLD = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)  # Tuesday 10:00 in Nairobi
NEW = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_uzima(in_uzima, cast):
    factories.make_full_week(cast.doctor)


@pytest.fixture
def visit(cast):
    return paid_visit(cast.patient, cast.doctor, OLD, now=NOW, notes="cough")


def move(visit, cast, starts_at=NEW, **extra):
    arguments = {
        "mode": "in_person",
        "by_user": cast.patient.user,
        "idempotency_key": new_id(),
        "now": NOW,
    } | extra
    visit = Appointment.objects.select_related("clinic", "doctor").get(pk=visit.pk)
    return reschedule_appointment(appointment=visit, starts_at=starts_at, **arguments)


def charge(doctor, fee):
    doctor.consultation_fee = Decimal(fee)
    doctor.save()


def settle(payment):
    """What settling a payment does, without a provider."""
    take_locks(payment=payment)
    payment.status, payment.paid_at = "completed", NOW
    payment.save()
    confirm_paid(payment=payment, now=NOW)


def assert_untouched(visit):
    visit.refresh_from_db()
    assert (visit.status, visit.cancelled_at, visit.refund_due) == ("confirmed", None, None)
    assert not OutboxEvent.objects.filter(kind="appointment.rescheduled").exists()
    assert not Refund.objects.exists()


def test_at_the_same_price_the_visit_changes_its_time_and_the_payment_goes_along(cast, visit, uzima):
    new = move(visit, cast)
    visit.refresh_from_db()
    assert (visit.status, visit.cancellation_reason, visit.refund_due) == ("cancelled", reasons.RESCHEDULED, 0)
    assert (new.status, new.scheduled_at, new.fee, new.notes) == ("confirmed", NEW, Decimal(2500), "cough")
    assert new.rescheduled_from_id == visit.pk
    payment = Payment.objects.get()
    assert (payment.subject_id, new.payment_id) == (new.pk, payment.pk)
    assert not Refund.objects.exists()
    assert not broken_invariants(uzima)
    event = OutboxEvent.objects.get(kind="appointment.rescheduled")
    assert event.payload == {"appointment_id": new.pk, "from_id": visit.pk}


def test_the_kind_of_visit_can_change_with_the_time_or_at_the_same_time(cast, visit, uzima):
    new = move(visit, cast, OLD, mode="video")
    assert (new.consultation_type, new.scheduled_at) == ("video", OLD)
    assert not broken_invariants(uzima)


def test_a_new_time_may_lie_over_the_old_one(cast, visit, uzima):
    factories.make_window(cast.doctor, 2, "17:15", "18:15")
    half_over = OLD + timedelta(minutes=15)
    with_other_grid = paid_visit(cast.other_patient, cast.doctor, half_over.replace(hour=14, minute=15), now=NOW)
    new = move(with_other_grid, cast, half_over.replace(hour=14, minute=45), by_user=cast.other_patient.user)
    assert new.status == "confirmed"
    cast.doctor.consultation_duration_minutes = 45
    cast.doctor.save()
    longer = move(visit, cast, OLD - timedelta(minutes=30))  # 09:30-10:15, over 10:00
    assert longer.duration_minutes == 45
    assert not broken_invariants(uzima)


def test_a_time_over_the_old_one_never_costs_more(cast, visit):
    charge(cast.doctor, 3000)
    new = move(visit, cast, OLD, mode="video")
    assert (new.status, new.fee) == ("confirmed", Decimal(2500))


def test_a_cheaper_time_gives_the_difference_back(cast, visit, uzima):
    charge(cast.doctor, 2000)
    new = move(visit, cast)
    assert (new.status, new.fee) == ("confirmed", Decimal(2000))
    assert refunds_of(new) == [Decimal(500)]
    assert not refunds_of(visit)
    assert not broken_invariants(uzima)
    back = move(new, cast, OLD)
    assert refunds_of(back) == [Decimal(500)]
    assert not broken_invariants(uzima)
    assert cancel_appointment(appointment=back, by_user=None, side="clinic", now=NOW).refund_due == Decimal(2500)
    assert not broken_invariants(uzima)


def test_a_dearer_time_is_held_and_the_old_visit_stands_until_the_difference_is_paid(cast, visit, uzima):
    charge(cast.doctor, 3200)
    new = move(visit, cast, method="card")
    assert (new.status, new.fee, new.payment.amount, new.payment.method) == (
        "pending_payment",
        Decimal(3200),
        Decimal(700),
        "card",
    )
    assert_untouched(visit)
    settle(new.payment)
    new.refresh_from_db()
    visit.refresh_from_db()
    assert (new.status, visit.status, visit.cancellation_reason) == ("confirmed", "cancelled", reasons.RESCHEDULED)
    assert {p.subject_id for p in Payment.objects.all()} == {new.pk}
    assert OutboxEvent.objects.filter(kind="appointment.rescheduled").count() == 1
    assert not broken_invariants(uzima)


def test_the_hold_of_a_dearer_time_ends_when_that_time_begins(cast, visit, uzima):
    charge(cast.doctor, 3200)
    type(uzima).objects.filter(pk=uzima.pk).update(settings={"hold_minutes": 60, "lead_time_minutes": 0})
    soon = NOW + timedelta(minutes=30)
    assert move(visit, cast, soon).hold_expires_at == soon


def test_a_difference_that_is_never_paid_leaves_the_old_visit_as_it_was(cast, visit, uzima):
    charge(cast.doctor, 3200)
    new = move(visit, cast)
    assert expire_holds(now=NOW + timedelta(minutes=16)) == 1
    new.refresh_from_db()
    assert new.status == "cancelled"
    assert_untouched(visit)
    assert Payment.objects.get(status="completed").subject_id == visit.pk
    assert not broken_invariants(uzima)


def test_a_difference_paid_after_the_hold_goes_back_and_the_old_visit_stands(cast, visit, uzima):
    charge(cast.doctor, 3200)
    new = move(visit, cast)
    expire_holds(now=NOW + timedelta(minutes=16))
    settle(new.payment)
    visit.refresh_from_db()
    assert visit.status == "confirmed"
    assert refunds_of(new) == [Decimal(700)]
    assert not broken_invariants(uzima)


def test_a_difference_paid_for_a_visit_that_was_cancelled_meanwhile_goes_back(cast, visit, uzima):
    charge(cast.doctor, 3200)
    new = move(visit, cast)
    cancel_appointment(appointment=visit, by_user=cast.doctor.user, side="doctor", now=NOW)
    settle(new.payment)
    new.refresh_from_db()
    assert (new.status, new.refund_due) == ("cancelled", Decimal(700))
    assert refunds_of(visit) == [Decimal(2500)]
    assert not broken_invariants(uzima)


def test_a_difference_paid_while_the_visit_takes_place_goes_back(cast, visit, uzima):
    charge(cast.doctor, 3200)
    new = move(visit, cast)
    Appointment.objects.filter(pk=visit.pk).update(status="in_progress")
    settle(new.payment)
    new.refresh_from_db()
    assert (new.status, new.refund_due) == ("cancelled", Decimal(700))
    assert not broken_invariants(uzima)


def test_choosing_again_lets_go_of_the_time_held_before(cast, visit):
    charge(cast.doctor, 3200)
    first = move(visit, cast)
    second = move(visit, cast, NEW + timedelta(hours=1))
    first.refresh_from_db()
    assert (first.status, first.cancellation_reason) == ("cancelled", reasons.MOVE_DROPPED)
    assert second.status == "pending_payment"


def test_a_second_click_gives_the_same_new_visit(cast, visit):
    first = move(visit, cast, idempotency_key="one-click")
    assert move(visit, cast, idempotency_key="one-click").pk == first.pk
    with pytest.raises(KeyReused):
        move(visit, cast, NEW + timedelta(hours=1), idempotency_key="one-click")
    assert Appointment.objects.count() == 2


def test_of_two_tabs_the_second_is_told_that_the_visit_has_moved(cast, visit):
    first = move(visit, cast)
    with pytest.raises(InvalidTransition) as caught:
        move(visit, cast, NEW + timedelta(hours=1))
    assert caught.value.current == "cancelled"
    first.refresh_from_db()
    assert first.status == "confirmed"


def test_a_time_that_somebody_took_meanwhile_leaves_the_visit_where_it_was(cast, visit):
    factories.make_appointment(cast.other_patient, cast.doctor, NEW)
    with pytest.raises(SlotTaken):
        move(visit, cast)
    assert_untouched(visit)


def test_an_ended_hold_is_in_nobodys_way(cast, visit):
    hold = factories.make_appointment(
        cast.other_patient, cast.doctor, NEW, status="pending_payment", hold_expires_at=NOW - timedelta(seconds=1)
    )
    assert move(visit, cast).status == "confirmed"
    hold.refresh_from_db()
    assert hold.cancellation_reason == reasons.HOLD_EXPIRED


def test_nor_is_one_that_the_sweeper_lets_go_of_at_the_same_moment(cast, visit, quicker_sweeper):
    ended = {"status": "pending_payment", "hold_expires_at": NOW - timedelta(seconds=1)}
    factories.make_appointment(cast.other_patient, cast.doctor, NEW, **ended)
    assert move(visit, cast).status == "confirmed"
    # Late money looks for its time in the same way.
    gone = factories.make_appointment(
        cast.patient, cast.doctor, OLD, status="cancelled", cancellation_reason=reasons.HOLD_EXPIRED, refund_due=0
    )
    late = pay(gone, 2500, at=NOW)
    factories.make_appointment(cast.other_patient, cast.doctor, OLD, **ended)
    take_locks(payment=late)
    confirm_paid(payment=late, now=NOW)
    assert Appointment.objects.filter(scheduled_at=OLD, status="confirmed").count() == 1


def test_what_the_clinic_gave_back_is_not_asked_for_again_when_the_visit_moves(cast, visit, uzima):
    give_back_part(
        payment=Payment.objects.get(), amount=Decimal(500), reason="waited long", by_user=cast.owner, key="a-gift"
    )
    new = move(visit, cast)
    assert (new.status, new.fee, refunds_of(new)) == ("confirmed", Decimal(2000), [Decimal(500)])
    assert move(new, cast, OLD).status == "confirmed"
    assert not broken_invariants(uzima)


def test_a_gift_makes_no_dearer_fee_cheaper(cast, visit):
    give_back_part(
        payment=Payment.objects.get(), amount=Decimal(500), reason="waited long", by_user=cast.owner, key="a-gift"
    )
    charge(cast.doctor, 3000)
    new = move(visit, cast)
    assert (new.status, new.payment.amount) == ("pending_payment", Decimal(1000))


@pytest.mark.parametrize(
    "starts_at",
    [NOW - timedelta(days=1), NOW + timedelta(minutes=30), NEW + timedelta(minutes=7), NEW + timedelta(days=60)],
    ids=["past", "within the lead time", "off the grid", "beyond the horizon"],
)
def test_a_time_that_is_not_offered_moves_nothing(cast, visit, starts_at):
    with pytest.raises(SlotNotOffered):
        move(visit, cast, starts_at)
    assert_untouched(visit)


def test_a_doctor_who_lost_the_verification_takes_no_moves(cast, visit):
    cast.doctor.verification_status = "rejected"
    cast.doctor.save()
    with pytest.raises(SlotNotOffered):
        move(visit, cast)


def test_the_same_time_again_is_no_move(cast, visit):
    with pytest.raises(NothingToMove):
        move(visit, cast, OLD)
    assert_untouched(visit)


@pytest.mark.parametrize("status", ["pending_payment", "in_progress", "completed", "no_show", "cancelled"])
def test_only_a_confirmed_visit_moves(cast, status):
    extra = {"hold_expires_at": NOW + timedelta(minutes=5)} if status == "pending_payment" else {}
    visit = factories.make_appointment(cast.patient, cast.doctor, OLD, status=status, **extra)
    with pytest.raises(InvalidTransition):
        move(visit, cast)
    assert Appointment.objects.get().status == status


def test_a_patient_moves_as_long_as_cancelling_gives_something_back(cast, visit):
    assert last_moment_to_move(visit) == OLD - timedelta(hours=2)
    with pytest.raises(TooLateToMove):
        move(visit, cast, now=OLD - timedelta(minutes=119))
    assert_untouched(visit)
    assert move(visit, cast, now=OLD - timedelta(hours=2)).status == "confirmed"


def test_the_desk_and_a_patient_whose_doctor_is_off_move_until_the_visit_begins(cast, visit):
    assert last_moment_to_move(visit, side="clinic") == OLD
    TimeOff.objects.create(doctor=cast.doctor, starts_at=OLD, ends_at=OLD + timedelta(hours=1))
    assert last_moment_to_move(visit) == OLD


@pytest.mark.parametrize("fee", [2500, 3200], ids=["switched at once", "held for the difference"])
def test_a_moved_visit_stays_under_the_rules_it_was_booked_under(cast, visit, fee):
    charge(cast.doctor, fee)
    visit.refund_steps = [{"hours_before": 12, "percent": 90}]
    visit.save()
    assert last_moment_to_move(visit) == OLD - timedelta(hours=12)
    with pytest.raises(TooLateToMove):
        move(visit, cast, now=OLD - timedelta(hours=11))
    new = move(visit, cast)
    new.refresh_from_db()
    assert new.refund_steps == [{"hours_before": 12, "percent": 90}]


def test_a_free_visit_moves_until_the_lead_time(cast):
    visit = factories.make_appointment(cast.patient, cast.doctor, OLD)
    assert last_moment_to_move(visit) == OLD - timedelta(minutes=60)


def test_nobody_pays_more_because_the_doctor_is_off(cast, visit):
    charge(cast.doctor, 3200)
    assert quote_reschedule(appointment=visit, starts_at=NEW).to_pay == Decimal(700)
    TimeOff.objects.create(doctor=cast.doctor, starts_at=OLD, ends_at=OLD + timedelta(hours=1))
    new = move(visit, cast)
    visit.refresh_from_db()
    assert (new.status, new.fee) == ("confirmed", Decimal(2500))
    assert visit.cancellation_reason == reasons.RESCHEDULED_FOR_CLINIC


def test_nobody_pays_more_because_the_clinic_moves_the_visit(cast, visit):
    charge(cast.doctor, 3200)
    new = move(visit, cast, by_user=cast.staff, side="clinic")
    assert (new.status, new.fee, new.booked_by_id) == ("confirmed", Decimal(2500), cast.patient.pk)


def test_a_fee_that_changed_since_the_page_was_shown_moves_nothing(cast, visit):
    charge(cast.doctor, 3200)
    with pytest.raises(FeeChanged) as caught:
        move(visit, cast, expected_fee=Decimal(2500))
    assert (caught.value.quote.fee, caught.value.quote.to_pay) == (Decimal(3200), Decimal(700))
    assert_untouched(visit)


def test_moving_late_is_no_way_around_the_deadline(cast, visit):
    late = OLD - timedelta(hours=3)
    new = move(visit, cast, NEW + timedelta(days=7), now=late)
    assert quote_refund(appointment=new, by="patient", now=late).percent == 50
