"""What is told of an order and to whom; what its invariants catch; what becomes of orders of a suspended clinic."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Guardianship
from appointments.figures.days import days_of
from clinics.models import Clinic
from pharmacy import order_invariants as invariants
from pharmacy.services.order_changes import cancel_order, remove_packs
from pharmacy.services.order_suspension import refund_open_orders
from pharmacy.services.transitions import move
from precta.notifications.models import Notification
from precta.outbox.services import emit, sweep_events
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests import factories
from tests.payments.conftest import provider  # noqa: F401 - a fixture
from tests.pharmacy.order_helpers import broken_invariants, make_medicine, pay_for, place, refunds_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def placed(cast, provider):  # noqa: F811
    lines = ((make_medicine(cast.uzima, "Paracetamol"), 2), (make_medicine(cast.uzima, "Ibuprofen"), 1))
    return pay_for(cast.uzima, place(cast.uzima, cast.patient, *lines), provider)


def told(cast):
    with clinic_context(cast.uzima):
        sweep_events()
    return list(Notification.objects.filter(user=cast.patient.user, channel="push").order_by("created_at"))


def test_every_step_is_told_and_no_medicine_is_named(cast, placed):
    with clinic_context(cast.uzima):
        now = timezone.now()
        for status, kind, changes in (
            ("processing", "order.processing", {"processing_at": now}),
            (
                "dispatched",
                "order.dispatched",
                {"dispatched_at": now, "courier_name": "Juma", "courier_phone": "+254711"},
            ),
            ("delivered", "order.delivered", {"delivered_at": now}),
        ):
            sweep_events()
            move(placed, status, **changes)
            emit(kind, order_id=placed.pk)
    rows = told(cast)
    words = " ".join(f"{row.title} {row.body}" for row in rows)
    assert [row.type for row in rows].count("order_status") == 4
    assert all(row.data["url"].endswith(f"/orders/{placed.pk}/") for row in rows if row.type == "order_status")
    for name in ("Paracetamol", "Ibuprofen"):
        assert name not in words


def test_a_cancelled_order_is_told_with_its_money(cast, placed):
    with clinic_context(cast.uzima):
        cancel_order(order=placed, by_user=None, side="clinic")
    (row,) = [row for row in told(cast) if "cancelled" in row.title]
    assert "300" in row.body


def test_who_ordered_for_a_child_hears_no_more_of_it_once_the_guardianship_is_over(cast, provider):  # noqa: F811
    child = factories.make_patient("Baraka", "Hassan", user=factories.make_user("baraka@no-mail.invalid"))
    factories.link_patient(child, cast.uzima)
    link = Guardianship.objects.create(guardian=cast.patient, child=child)
    ordered = place(cast.uzima, child, (make_medicine(cast.uzima, "Paracetamol"), 1), placed_by=cast.patient.user)
    pay_for(cast.uzima, ordered, provider)
    before = len(told(cast))
    assert before
    Guardianship.objects.filter(pk=link.pk).update(ended_at=timezone.now())
    with clinic_context(cast.uzima):
        cancel_order(order=ordered, by_user=None, side="clinic")
    assert len(told(cast)) == before


def test_fewer_packs_are_told_and_swahili_reads_swahili(cast, placed):
    cast.patient.preferred_language = "sw"
    cast.patient.save(update_fields=["preferred_language"])
    with clinic_context(cast.uzima):
        item = placed.items.first()
        remove_packs(item=item, keep=0, by_user=cast.owner, reason="Sold out")
    assert any(row.language == "sw" for row in told(cast) if row.type == "order_status")


def test_a_suspended_clinics_open_orders_are_paid_back(cast, placed):
    unpaid = place(cast.uzima, cast.patient, (make_medicine(cast.uzima, "Cetirizine"), 1))
    with clinic_context(cast.uzima):
        assert refund_open_orders(clinic=cast.uzima) == 0
        Clinic.objects.filter(pk=cast.uzima.pk).update(status="suspended")
        assert refund_open_orders(clinic=cast.uzima) == 2
        assert refund_open_orders(clinic=cast.uzima) == 0
        placed.refresh_from_db()
        unpaid.refresh_from_db()
    assert (placed.status, placed.refund_due, unpaid.refund_due) == ("cancelled", 300, 0)
    assert refunds_of(cast.uzima, placed) == [300]
    assert broken_invariants(cast.uzima) == {}


def test_orders_are_no_income_of_visits(cast, placed):
    today = timezone.now().astimezone(cast.uzima.policy.tz).date()
    with clinic_context(cast.uzima):
        days = days_of(cast.uzima, first=today - timedelta(days=1), last=today + timedelta(days=1))
    assert sum((day.revenue for day in days), Decimal(0)) == 0


def as_it_never_should_be(table, sql, key):
    """Past the constraints, as only a repair by hand could."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name in ("total_adds_up", "cancelled_complete"):
            cursor.execute(f"ALTER TABLE pharmacy_order DROP CONSTRAINT order_{name}")
        for name in ("total_adds_up", "removed_with_reason"):
            cursor.execute(f"ALTER TABLE pharmacy_orderitem DROP CONSTRAINT order_item_{name}")
        cursor.execute(f"UPDATE {table} {sql}", [key])
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


@pytest.mark.parametrize(
    ("check", "table", "sql"),
    [
        (invariants.odd_totals, "pharmacy_order", "SET subtotal = 1 WHERE id = %s"),
        (invariants.odd_totals, "pharmacy_order", "SET total_amount = 1 WHERE id = %s"),
        (invariants.odd_totals, "pharmacy_orderitem", "SET total_price = 1 WHERE order_id = %s"),
        (invariants.unbalanced_orders, "payments_payment", "SET amount = 1 WHERE subject_id = %s"),
        (invariants.unrefunded_orders, "pharmacy_order", "SET status = 'cancelled', refund_due = 5 WHERE id = %s"),
        (
            invariants.stale_orders,
            "pharmacy_order",
            "SET status = 'pending_payment', hold_expires_at = '2020-01-01' WHERE id = %s",
        ),
        (invariants.odd_reservations, "pharmacy_orderitem", "SET quantity = 1 WHERE order_id = %s"),
        (invariants.odd_reservations, "pharmacy_order", "SET status = 'cancelled' WHERE id = %s"),
    ],
)
def test_the_invariants_name_what_is_unsound(cast, placed, check, table, sql):
    with clinic_context(cast.uzima):
        assert check() == []
        as_it_never_should_be(table, sql, placed.pk)
        assert check() == [placed.pk]


def test_an_order_placed_twice_is_named(cast, placed):
    with clinic_context(cast.uzima):
        assert invariants.placed_twice() == []
        emit("order.placed", order_id=placed.pk)
        assert invariants.placed_twice() == [placed.pk]


def test_the_clinics_money_lists_say_what_an_order_paid_for(cast, placed, at_clinic):
    with clinic_context(cast.uzima):
        cancel_order(order=placed, by_user=None, side="clinic")
        payment, refund = Payment.objects.get(), Refund.objects.get()
    owner = at_clinic(cast.uzima, cast.owner)
    desk = at_clinic(cast.uzima, cast.staff)
    for path in (f"/admin/payments/payment/{payment.pk}/change/", f"/admin/payments/refund/{refund.pk}/change/"):
        assert f"/admin/pharmacy/order/{placed.pk}/change/" in owner.get(path).content.decode()
        text = desk.get(path).content.decode()
        assert placed.number in text
        assert f"/admin/pharmacy/order/{placed.pk}/" not in text
    assert "Order" in owner.get("/admin/payments/payment/").content.decode()
