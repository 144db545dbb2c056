"""Placing an order: what it costs, what it reserves, what a prescription gives; every refusal writes nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from pharmacy import exceptions
from pharmacy.models import Medicine, Order, OrderStatus
from pharmacy.services.order_changes import cancel_order, remove_packs
from pharmacy.services.order_paying import take_cash_for
from pharmacy.services.ordering import MOST_UNPAID_ORDERS, expire_orders
from precta.ids import new_id
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from precta.payments.exceptions import HoldEnded
from precta.payments.models import Payment, PaymentPurpose
from precta.payments.services import charge_mpesa, settle_payment
from precta.tenancy import clinic_context
from tests import factories
from tests.payments.conftest import provider  # noqa: F401 - a fixture
from tests.pharmacy.conftest import issue, line
from tests.pharmacy.order_helpers import (
    AMOXICILLIN_LINE,
    amoxicillin,
    broken_invariants,
    counts,
    make_medicine,
    pay_for,
    place,
    refunds_of,
    stock_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def prescribed(visit):
    """15 capsules: two packs of ten."""
    return issue(visit, line(**AMOXICILLIN_LINE))


def settings_of(clinic, **changed):
    clinic.settings = {**clinic.settings, **changed}
    clinic.save(update_fields=["settings"])


def test_an_order_holds_its_packs_and_waits_for_its_money(cast, uzima):
    one, other = make_medicine(uzima), make_medicine(uzima, "Ibuprofen", price=Decimal("150.00"))
    order = place(uzima, cast.patient, (one, 3), (other, 1), fulfilment="delivery", delivery_address="Ngong Road 5")
    assert (order.subtotal, order.delivery_fee, order.total_amount) == (450, 250, 700)
    assert (stock_of(uzima, one), stock_of(uzima, other)) == (17, 19)
    with clinic_context(uzima):
        payment = Payment.objects.get()
        assert (payment.type, payment.subject_id, payment.amount) == (PaymentPurpose.ORDER, order.pk, 700)
        assert Order.objects.get().status == OrderStatus.PENDING_PAYMENT
    assert broken_invariants(uzima) == {}


@pytest.mark.parametrize(
    ("rule", "zone", "packs", "fee"),
    [
        ({}, "", 1, 250),
        ({"delivery_zones": [{"name": "Westlands", "fee": "180"}]}, "Westlands", 1, 180),
        ({"free_delivery_from": "500"}, "", 5, 0),
        ({"free_delivery_from": "500"}, "", 4, 250),
    ],
)
def test_the_delivery_costs_what_the_clinics_rule_says(cast, uzima, rule, zone, packs, fee):
    settings_of(uzima, **rule)
    wishes = {"fulfilment": "delivery", "delivery_address": "Ngong Road 5", "delivery_zone": zone}
    assert place(uzima, cast.patient, (make_medicine(uzima), packs), **wishes).delivery_fee == fee


@pytest.mark.parametrize(
    ("rule", "wishes"),
    [
        ({"offers_delivery": False}, {"fulfilment": "delivery", "delivery_address": "x"}),
        ({"offers_pickup": False}, {}),
        (
            {"delivery_zones": [{"name": "Westlands", "fee": "180"}]},
            {"fulfilment": "delivery", "delivery_address": "x", "delivery_zone": "Mombasa"},
        ),
    ],
)
def test_nothing_goes_where_the_clinic_does_not_bring_it(cast, uzima, rule, wishes):
    settings_of(uzima, **rule)
    medicine = make_medicine(uzima)
    before = counts(uzima)
    with pytest.raises(exceptions.NotDelivered):
        place(uzima, cast.patient, (medicine, 1), **wishes)
    assert counts(uzima) == before
    assert stock_of(uzima, medicine) == 20


def test_a_price_that_changed_is_told_and_nothing_is_ordered(cast, uzima):
    medicine = make_medicine(uzima)
    with clinic_context(uzima):
        Medicine.objects.update(price=Decimal("130.00"))
    before = counts(uzima)
    with pytest.raises(exceptions.TotalChanged) as caught:
        place(uzima, cast.patient, (medicine, 2), expected_total=Decimal("200.00"))
    assert caught.value.total == 260
    assert counts(uzima) == before


def test_what_no_payment_can_be_of_is_refused_before_one_begins(cast, uzima):
    medicine = make_medicine(uzima, stock=60, price=Decimal("2000000.00"))
    before = counts(uzima)
    with pytest.raises(exceptions.TotalTooHigh):
        place(uzima, cast.patient, (medicine, 60))
    assert counts(uzima) == before and stock_of(uzima, medicine) == 60


def test_all_packs_or_none(cast, uzima):
    plenty, scarce = make_medicine(uzima), make_medicine(uzima, "Ibuprofen", stock=1)
    with pytest.raises(exceptions.OutOfStock) as caught:
        place(uzima, cast.patient, (plenty, 1), (scarce, 2))
    assert caught.value.left == {scarce.pk: 1}
    assert stock_of(uzima, plenty) == 20


def test_what_is_taken_off_sale_is_not_sold(cast, uzima):
    medicine = make_medicine(uzima, is_active=False)
    with pytest.raises(exceptions.OutOfStock):
        place(uzima, cast.patient, (medicine, 1))


def test_the_same_form_twice_is_one_order_and_another_one_is_refused(cast, uzima):
    medicine, key = make_medicine(uzima), new_id()
    first = place(uzima, cast.patient, (medicine, 1), idempotency_key=key)
    assert place(uzima, cast.patient, (medicine, 1), idempotency_key=key).pk == first.pk
    with pytest.raises(exceptions.OrderKeyReused):
        place(uzima, cast.patient, (medicine, 2), idempotency_key=key)
    assert stock_of(uzima, medicine) == 19


def test_somebody_holds_packs_for_a_few_unpaid_orders_at_most(cast, uzima):
    medicine = make_medicine(uzima)
    for _number in range(MOST_UNPAID_ORDERS):
        place(uzima, cast.patient, (medicine, 1))
    with pytest.raises(exceptions.TooManyUnpaidOrders):
        place(uzima, cast.patient, (medicine, 1))


def test_nobody_orders_for_a_stranger_or_without_consent(cast, uzima, pwani):
    medicine = make_medicine(uzima)
    with pytest.raises(exceptions.NotForThisPatient):
        place(uzima, cast.patient, (medicine, 1), placed_by=cast.other_patient.user)
    stranger = factories.make_patient("Nobody", "Yet")
    with pytest.raises(exceptions.CareConsentNeeded):
        place(uzima, stranger, (medicine, 1))
    assert counts(uzima)[:2] == (0, 0)


def test_a_prescription_only_medicine_needs_a_line_that_names_it(cast, uzima, prescribed):
    medicine, other = amoxicillin(uzima), make_medicine(uzima, "Metronidazole", is_prescription_only=True)
    before = counts(uzima)
    for lines, prescription in (
        ([(medicine, 1)], None),
        ([(medicine, 1, 0)], None),
        ([(medicine, 1)], prescribed),
        ([(other, 1, 0)], prescribed),
        ([(medicine, 1, 1)], prescribed),
    ):
        with pytest.raises(exceptions.PrescriptionNeeded):
            place(uzima, cast.patient, *lines, prescription=prescription)
    assert counts(uzima) == before
    assert place(uzima, cast.patient, (medicine, 2, 0), prescription=prescribed).subtotal == 400


def test_a_prescription_gives_what_was_prescribed_over_all_its_orders(cast, uzima, prescribed):
    medicine = amoxicillin(uzima)
    with pytest.raises(exceptions.MoreThanPrescribed) as caught:
        place(uzima, cast.patient, (medicine, 3, 0), prescription=prescribed)
    assert caught.value.left == {medicine.pk: 2}
    first = place(uzima, cast.patient, (medicine, 1, 0), prescription=prescribed)
    with pytest.raises(exceptions.MoreThanPrescribed):
        place(uzima, cast.patient, (medicine, 2, 0), prescription=prescribed)
    place(uzima, cast.patient, (medicine, 1, 0), prescription=prescribed)
    with pytest.raises(exceptions.MoreThanPrescribed):
        place(uzima, cast.patient, (medicine, 1, 0), prescription=prescribed)
    with clinic_context(uzima):
        cancel_order(order=first, by_user=cast.patient.user, side="patient")
    place(uzima, cast.patient, (medicine, 1, 0), prescription=prescribed)


def test_packs_of_another_strength_count_by_what_they_hold(cast, uzima, prescribed):
    half = amoxicillin(uzima, strength="250 mg")
    whole = amoxicillin(uzima)
    # 15 × 500 mg are 30 × 250 mg: three packs; two of them leave a third of the course, one pack of the other.
    place(uzima, cast.patient, (half, 2, 0), prescription=prescribed)
    with pytest.raises(exceptions.MoreThanPrescribed):
        place(uzima, cast.patient, (whole, 2, 0), prescription=prescribed)
    place(uzima, cast.patient, (whole, 1, 0), prescription=prescribed)


def test_what_was_ordered_against_a_replaced_prescription_counts(cast, uzima, visit, prescribed):
    medicine = amoxicillin(uzima)
    place(uzima, cast.patient, (medicine, 2, 0), prescription=prescribed)
    newer = issue(
        visit,
        line("Paracetamol 500 mg tablet"),
        line(**AMOXICILLIN_LINE),
        replaces=prescribed,
        replacement_reason="typing",
    )
    with pytest.raises(exceptions.PrescriptionNotValid):
        place(uzima, cast.patient, (medicine, 1, 0), prescription=prescribed)
    with pytest.raises(exceptions.MoreThanPrescribed):
        place(uzima, cast.patient, (medicine, 1, 1), prescription=newer)


@pytest.fixture
def replace(visit, prescribed):
    return lambda: issue(visit, line(**AMOXICILLIN_LINE), replaces=prescribed, replacement_reason="typing")


def test_money_for_a_prescription_that_was_replaced_meanwhile_goes_back(cast, uzima, provider, prescribed, replace):  # noqa: F811
    medicine = amoxicillin(uzima)
    order = place(uzima, cast.patient, (medicine, 2, 0), (make_medicine(uzima), 1), prescription=prescribed)
    replace()
    order = pay_for(uzima, order, provider)
    assert (order.status, order.refund_due, order.placed_at) == (OrderStatus.CANCELLED, 500, None)
    assert refunds_of(uzima, order) == [500]
    assert stock_of(uzima, medicine) == 20
    assert broken_invariants(uzima) == {}


def test_money_still_places_what_no_prescription_limits(cast, uzima, provider, prescribed, replace):  # noqa: F811
    order = place(uzima, cast.patient, (make_medicine(uzima), 1), prescription=prescribed)
    replace()
    assert pay_for(uzima, order, provider).status == OrderStatus.PLACED


def test_no_cash_is_taken_for_a_prescription_that_was_replaced(cast, uzima, prescribed, replace):
    order = place(uzima, cast.patient, (amoxicillin(uzima), 2, 0), prescription=prescribed)
    replace()
    with clinic_context(uzima), pytest.raises(HoldEnded):
        take_cash_for(order=order, taken_by=cast.staff)
    assert (order.status, refunds_of(uzima, order)) == (OrderStatus.PENDING_PAYMENT, [])


def test_unpaid_orders_of_a_replaced_prescription_are_let_go_and_money_for_them_goes_back(
    cast,
    uzima,
    provider,  # noqa: F811
    prescribed,
    replace,
):
    medicine = amoxicillin(uzima)
    order = place(uzima, cast.patient, (medicine, 2, 0), prescription=prescribed)
    with clinic_context(uzima):
        payment = Payment.objects.get()
        charge_mpesa(payment=payment, phone="0712345678")
        replace()
        for kind in ("prescription.replaced", "order.cancelled"):
            assert relay_event(OutboxEvent.objects.get(kind=kind).pk)
        order.refresh_from_db()
        assert (order.status, order.refund_due, stock_of(uzima, medicine)) == (OrderStatus.CANCELLED, 0, 20)
        told = Notification.objects.get(user=cast.patient.user, channel="push", type="order_status")
        assert "Order again from the new one" in told.body
        provider.approve(payment.provider_reference)
        settle_payment(reference=payment.provider_reference)
    assert refunds_of(uzima, order) == [400]
    assert broken_invariants(uzima) == {}


def test_a_course_that_nobody_can_reckon_is_one_pack(cast, uzima, visit):
    medicine = amoxicillin(uzima)
    open_ended = issue(visit, line(**AMOXICILLIN_LINE, duration="as needed"))
    with pytest.raises(exceptions.MoreThanPrescribed):
        place(uzima, cast.patient, (medicine, 2, 0), prescription=open_ended)
    place(uzima, cast.patient, (medicine, 1, 0), prescription=open_ended)


def test_anothers_or_an_old_prescription_is_refused(cast, uzima, visit, prescribed):
    medicine = amoxicillin(uzima)
    other = factories.make_patient("Other", "Person")
    factories.link_patient(other, uzima)
    before = counts(uzima)
    with pytest.raises(exceptions.PrescriptionNotValid):
        place(uzima, other, (medicine, 1, 0), prescription=prescribed)
    with pytest.raises(exceptions.PrescriptionNotValid):
        place(
            uzima,
            cast.patient,
            (medicine, 1, 0),
            prescription=prescribed,
            now=timezone.now() + timedelta(days=60),
        )
    assert counts(uzima) == before


def test_money_places_the_order_once(cast, uzima, provider):  # noqa: F811
    medicine = make_medicine(uzima)
    order = pay_for(uzima, place(uzima, cast.patient, (medicine, 2)), provider)
    assert order.status == OrderStatus.PLACED
    with clinic_context(uzima):
        settle_payment(reference=Payment.objects.get().provider_reference)
        assert OutboxEvent.objects.filter(kind="order.placed").count() == 1
        assert not OutboxEvent.objects.filter(kind__startswith="appointment.").exists()
    assert broken_invariants(uzima) == {}


def test_an_order_that_nobody_pays_gives_its_packs_back(cast, uzima):
    medicine = make_medicine(uzima)
    order = place(uzima, cast.patient, (medicine, 2))
    with clinic_context(uzima):
        assert expire_orders(timezone.now()) == 0
        assert expire_orders(order.hold_expires_at + timedelta(seconds=1)) == 1
        assert Order.objects.get().status == OrderStatus.CANCELLED
    assert stock_of(uzima, medicine) == 20
    assert broken_invariants(uzima) == {}


def test_an_open_prompt_spares_the_order_and_money_in_it_places_it(cast, uzima, provider):  # noqa: F811
    order = place(uzima, cast.patient, (make_medicine(uzima), 2))
    with clinic_context(uzima):
        payment = Payment.objects.get()
        charge_mpesa(payment=payment, phone="0712345678")
        assert expire_orders(order.hold_expires_at + timedelta(seconds=1)) == 0
        provider.approve(payment.provider_reference)
        assert expire_orders(order.hold_expires_at + timedelta(seconds=2)) == 0
        assert Order.objects.get().status == OrderStatus.PLACED


def ended_while_asked(clinic, order):
    """The prompt is out, and nobody answered for longer than the hold is spared."""
    with clinic_context(clinic):
        payment = Payment.objects.get(pk=order.payment_id)
        charge_mpesa(payment=payment, phone="0712345678")
        assert expire_orders(order.hold_expires_at + timedelta(minutes=2)) == 1
    return payment


def test_money_that_comes_late_takes_the_packs_again(cast, uzima, provider, prescribed):  # noqa: F811
    medicine = amoxicillin(uzima)
    order = place(uzima, cast.patient, (medicine, 2, 0), prescription=prescribed)
    payment = ended_while_asked(uzima, order)
    with clinic_context(uzima):
        provider.approve(payment.provider_reference)
        settle_payment(reference=payment.provider_reference)
        settle_payment(reference=payment.provider_reference)
        again = Order.objects.exclude(pk=order.pk).get()
    assert (again.status, again.total_amount) == (OrderStatus.PLACED, 400)
    assert stock_of(uzima, medicine) == 18
    assert refunds_of(uzima, order) == []
    assert broken_invariants(uzima) == {}


@pytest.mark.parametrize("gone", ["packs", "prescription", "allowance"])
def test_money_that_comes_late_for_what_is_gone_goes_back_in_full(cast, uzima, provider, visit, prescribed, gone):  # noqa: F811
    medicine = amoxicillin(uzima, stock=3)
    order = place(uzima, cast.patient, (medicine, 2, 0), prescription=prescribed)
    payment = ended_while_asked(uzima, order)
    if gone == "packs":
        with clinic_context(uzima):
            Medicine.objects.update(is_active=False)
    elif gone == "prescription":
        issue(visit, line(**AMOXICILLIN_LINE), replaces=prescribed, replacement_reason="typing")
    else:
        place(uzima, cast.patient, (medicine, 1, 0), prescription=prescribed)
    with clinic_context(uzima):
        provider.approve(payment.provider_reference)
        settle_payment(reference=payment.provider_reference)
        order.refresh_from_db()
    assert (order.status, order.refund_due) == (OrderStatus.CANCELLED, 400)
    assert refunds_of(uzima, order) == [400]
    assert broken_invariants(uzima) == {}


def test_cancelling_gives_packs_and_money_back(cast, uzima, provider):  # noqa: F811
    medicine = make_medicine(uzima)
    order = pay_for(uzima, place(uzima, cast.patient, (medicine, 2)), provider)
    with clinic_context(uzima):
        with pytest.raises(exceptions.OrderRefundChanged):
            cancel_order(order=order, by_user=cast.patient.user, side="patient", expected_refund=Decimal(1))
        after = cancel_order(order=order, by_user=cast.patient.user, side="patient", expected_refund=Decimal(200))
        assert cancel_order(order=order, by_user=cast.patient.user, side="patient").pk == after.pk
    assert (after.status, after.refund_due) == (OrderStatus.CANCELLED, 200)
    assert refunds_of(uzima, order) == [200]
    assert stock_of(uzima, medicine) == 20
    assert broken_invariants(uzima) == {}


def test_what_left_the_pharmacy_is_not_cancelled(cast, uzima, provider):  # noqa: F811
    order = pay_for(uzima, place(uzima, cast.patient, (make_medicine(uzima), 2)), provider)
    with clinic_context(uzima):
        Order.objects.update(status="dispatched", dispatched_at=timezone.now())
        with pytest.raises(exceptions.OrderLeft):
            cancel_order(order=order, by_user=cast.patient.user, side="patient")
    assert refunds_of(uzima, order) == []


def test_fewer_packs_lower_the_order_and_pay_the_difference_back(cast, uzima, provider):  # noqa: F811
    one, other = make_medicine(uzima), make_medicine(uzima, "Ibuprofen")
    wishes = {"fulfilment": "delivery", "delivery_address": "Ngong Road 5"}
    order = pay_for(uzima, place(uzima, cast.patient, (one, 3), (other, 1), **wishes), provider)
    pharmacist = factories.make_staff(uzima, "pharmacist")
    with clinic_context(uzima):
        first, second = order.items.order_by("position")
        remove_packs(item=first, keep=1, by_user=pharmacist, reason="Sold out")
        remove_packs(item=first, keep=1, by_user=pharmacist, reason="Sold out")
        order.refresh_from_db()
        assert (order.subtotal, order.total_amount) == (200, 450)
        assert refunds_of(uzima, order) == [200]
        assert broken_invariants(uzima) == {}
        remove_packs(item=second, keep=0, by_user=pharmacist, reason="Sold out")
        remove_packs(item=first, keep=0, by_user=pharmacist, reason="Sold out")
        order.refresh_from_db()
    assert (order.status, order.refund_due) == (OrderStatus.CANCELLED, 650)
    assert (stock_of(uzima, one), stock_of(uzima, other)) == (20, 20)
    assert broken_invariants(uzima) == {}


def test_a_second_success_for_one_order_goes_back(cast, uzima, provider):  # noqa: F811
    order = place(uzima, cast.patient, (make_medicine(uzima), 2))
    with clinic_context(uzima):
        first = Payment.objects.get()
        charge_mpesa(payment=first, phone="0712345678")
        second = Payment.objects.create(
            user=first.user,
            type="order",
            subject_id=order.pk,
            amount=first.amount,
            method="mpesa",
            provider_reference=f"{uzima.code}-{new_id()}",
        )
        charge_mpesa(payment=second, phone="0722345678")
        for payment in (first, second):
            provider.approve(payment.provider_reference)
            settle_payment(reference=payment.provider_reference)
        second.refresh_from_db()
        assert second.duplicate_of_id == first.pk
        assert Order.objects.get().status == OrderStatus.PLACED
    assert broken_invariants(uzima) == {}
