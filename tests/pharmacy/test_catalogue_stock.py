"""What happens to the shelf, and that the stock follows: never below zero, never more than lies there."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from pharmacy import catalogue_invariants, exceptions
from pharmacy.models import Medicine, MedicineBatch, PriceChange, StockMovement
from pharmacy.services import stock
from pharmacy.services.catalogue import (
    correct_count,
    put_on_sale,
    receive_batch,
    save_medicine,
    set_aside_expired,
    warn_of_low_stock,
    write_off,
)
from pharmacy.tasks import set_aside_expired_all, warn_of_low_stock_all
from precta import clock
from precta.audit.models import AuditLog
from precta.ids import new_id
from precta.invariants import INVARIANTS
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import sweep_events
from precta.tenancy import clinic_context
from tests import factories
from tests.pharmacy.shelf import FAR, make_batch, make_medicine, noted, order_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(cast):
    with clinic_context(cast.uzima):
        yield cast


@pytest.fixture
def medicine(shop):
    return make_medicine(shop.owner)


def broken():
    mine = (item for item in INVARIANTS if item.check.__module__ == catalogue_invariants.__name__)
    return {item.says: found for item in mine if (found := list(item.check()))}


def test_each_price_is_kept_with_who_set_it_and_only_when_it_changes(shop, medicine):
    medicine.price = Decimal("210.00")
    save_medicine(medicine=medicine, by_user=shop.owner)
    save_medicine(medicine=medicine, by_user=shop.owner)
    kept = PriceChange.objects.order_by("changed_at").values_list("old_price", "new_price", "changed_by")
    assert list(kept) == [(None, 190, shop.owner.pk), (190, 210, shop.owner.pk)]
    assert AuditLog.objects.filter(action="medicine.changed").get().details == {"fields": ["price"]}


def test_saving_leaves_alone_what_somebody_else_changed_meanwhile(shop, medicine):
    stale = Medicine.objects.get(pk=medicine.pk)
    medicine.price = Decimal("210.00")
    save_medicine(medicine=medicine, by_user=shop.owner, fields=["price"])
    stale.low_stock_at, stale.stock = 9, 77
    save_medicine(medicine=stale, by_user=shop.owner, fields=["low_stock_at"])
    medicine.refresh_from_db()
    assert (medicine.price, medicine.low_stock_at, medicine.stock) == (210, 9, 0)


def test_a_number_is_taken_once(shop, medicine):
    with pytest.raises(exceptions.ArticleNumberTaken):
        make_medicine(shop.owner, brand_name="Other")
    assert Medicine.objects.count() == PriceChange.objects.count() == 1


def test_packs_come_in_break_and_are_counted(shop, medicine):
    batch = make_batch(shop.owner, medicine, 10)
    assert make_batch(shop.owner, medicine, 5) == batch and noted(medicine) == (15, 15)
    assert write_off(batch=batch, packs=2, reason="Broken", by_user=shop.owner) == 0
    assert correct_count(batch=batch, counted=12, seen=13, by_user=shop.owner) == 0
    assert correct_count(batch=batch, counted=14, seen=12, by_user=shop.owner) == 0
    assert noted(medicine) == (14, 14) and broken() == {}
    assert not OutboxEvent.objects.filter(kind="stock.missing").exists()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"expires_on": FAR + timedelta(days=1)}, exceptions.BatchDiffers),
        ({"today": FAR + timedelta(days=1)}, exceptions.AlreadyExpired),
        ({"number": "OLD"}, exceptions.BatchSetAside),
    ],
)
def test_packs_that_cannot_be_right_are_not_taken_in(shop, medicine, change, error):
    make_batch(shop.owner, medicine, 3)
    MedicineBatch.objects.create(medicine=medicine, number="OLD", expires_on=FAR, set_aside_at=clock.now())
    values = {"number": "B1", "expires_on": FAR, "packs": 4, "today": FAR} | change
    with pytest.raises(error):
        receive_batch(medicine=medicine, by_user=shop.owner, **values)
    assert noted(medicine) == (3, 3) and MedicineBatch.objects.count() == 2


def test_a_form_that_is_sent_twice_counts_once(shop, medicine):
    key, other = new_id(), new_id()
    for _ in range(2):
        batch = receive_batch(
            medicine=medicine, number="B1", expires_on=FAR, packs=4, by_user=shop.owner, today=FAR, key=key
        )
    for _ in range(2):
        write_off(batch=batch, packs=1, reason="Lost", by_user=shop.owner, key=other)
    assert noted(medicine) == (3, 3) and StockMovement.objects.count() == 2


def test_nobody_takes_more_off_a_batch_than_lies_there(shop, medicine):
    batch = make_batch(shop.owner, medicine, 3)
    with pytest.raises(exceptions.NotEnoughOnShelf):
        write_off(batch=batch, packs=4, reason="Lost", by_user=shop.owner)
    with pytest.raises(exceptions.CountedAnew):
        correct_count(batch=batch, counted=5, seen=4, by_user=shop.owner)
    assert noted(medicine) == (3, 3)


def test_promised_packs_that_break_are_missed_and_new_ones_go_to_the_order_first(shop, medicine):
    batch = make_batch(shop.owner, medicine, 10)
    order_of(shop, medicine, 8)
    assert noted(medicine) == (2, 10)
    assert write_off(batch=batch, packs=5, reason="Broken", by_user=shop.owner) == 3
    assert noted(medicine) == (0, 5) and broken() == {}
    event = OutboxEvent.objects.get(kind="stock.missing")
    assert event.payload == {"medicine_id": medicine.pk, "packs": 3}
    make_batch(shop.owner, medicine, 2, number="B2")
    assert noted(medicine) == (0, 7)
    make_batch(shop.owner, medicine, 4, number="B3")
    assert noted(medicine) == (3, 11) and broken() == {}
    assert stock.missing_packs([medicine.pk]) == {}


def test_packs_that_an_order_gives_back_go_to_those_who_miss_them_first(shop, medicine):
    batch = make_batch(shop.owner, medicine, 10)
    first, _second = order_of(shop, medicine, 6), order_of(shop, medicine, 4)
    assert write_off(batch=batch, packs=5, reason="Broken", by_user=shop.owner) == 5
    stock.release(order=first, packs=[(medicine.pk, 6)])
    # Five lie there, four are promised.
    assert noted(medicine) == (1, 5) and stock.missing_packs([medicine.pk]) == {} and broken() == {}


def test_what_expired_is_set_aside_once_as_far_as_it_is_not_promised(shop, medicine):
    make_batch(shop.owner, medicine, 6, number="OLD", expires_on=FAR)
    make_batch(shop.owner, medicine, 4, number="NEW", expires_on=FAR + timedelta(days=200))
    order_of(shop, medicine, 7)
    assert set_aside_expired(today=FAR) == 0  # its last day
    assert set_aside_expired(today=FAR + timedelta(days=1)) == 1
    old = MedicineBatch.objects.get(number="OLD")
    assert old.set_aside_at is not None and old.on_hand == 0
    # Ten lay there and seven were promised: three were for sale, and three of the promised are missing now.
    assert noted(medicine) == (0, 4) and stock.missing_packs([medicine.pk]) == {medicine.pk: 3} and broken() == {}
    assert set_aside_expired(today=FAR + timedelta(days=1)) == 0
    assert OutboxEvent.objects.filter(kind="stock.missing").count() == 1


def test_the_pharmacists_are_told_what_is_low_once_a_day_and_what_is_missing_at_once(shop, medicine):
    pharmacist = factories.make_staff(shop.uzima, "pharmacist")
    batch = make_batch(shop.owner, medicine, 5)
    assert warn_of_low_stock(clinic=shop.uzima) is True
    assert warn_of_low_stock(clinic=shop.uzima) is False
    order_of(shop, medicine, 5)
    write_off(batch=batch, packs=1, reason="Broken", by_user=shop.owner)
    sweep_events()
    told = Notification.objects.filter(channel="push").order_by("title")
    assert [(one.user_id, one.title) for one in told] == [
        (pharmacist.pk, "Medicines are running low"),
        (pharmacist.pk, "Packs that were promised are missing"),
    ]
    assert "/stock/" in told[1].data["url"] and "?stock=low" in told[0].data["url"]
    assert not Notification.objects.filter(channel="email", title="Medicines are running low").exists()


def test_nothing_low_or_nothing_sold_tells_nobody(shop, medicine):
    make_batch(shop.owner, medicine, 6)
    assert warn_of_low_stock(clinic=shop.uzima) is False
    write_off(batch=MedicineBatch.objects.get(), packs=5, reason="Lost", by_user=shop.owner)
    shop.uzima.settings = {**shop.uzima.settings, "sells_medicines": False}
    assert warn_of_low_stock(clinic=shop.uzima) is False
    shop.uzima.settings = {}
    put_on_sale(medicine=medicine, on_sale=False, by_user=shop.owner)
    assert warn_of_low_stock(clinic=shop.uzima) is False


def test_the_beat_goes_to_every_clinic(shop, monkeypatch):
    queued = []
    monkeypatch.setattr("pharmacy.tasks.each_clinic", lambda task, **how: queued.append((task.name, how)))
    set_aside_expired_all()
    warn_of_low_stock_all()
    assert queued == [
        ("pharmacy.tasks.set_aside_expired", {}),
        ("pharmacy.tasks.warn_of_low_stock", {"only_active": True}),
    ]


# Each seeded violation is named


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (
            "UPDATE pharmacy_medicine SET stock = stock - 1 WHERE stock > 0",
            "a medicine's stock is the sum of its movements",
        ),
        (
            "UPDATE pharmacy_medicinebatch SET on_hand = on_hand + 1",
            "what lies on the shelf of a batch is the sum of its movements",
        ),
        ("UPDATE pharmacy_medicine SET stock = stock + 9", "no more is for sale than lies on the shelf"),
        (
            "ALTER TABLE pharmacy_medicine DROP CONSTRAINT medicine_stock_not_negative;"
            "UPDATE pharmacy_medicine SET stock = -1",
            "no stock and no shelf is below zero",
        ),
        ("UPDATE pharmacy_medicine SET price = price + 1", "a medicine costs what its latest price change says"),
        (
            "UPDATE pharmacy_stockmovement SET medicine_id = (SELECT id FROM pharmacy_medicine WHERE sku = 'OTHER')",
            "a movement and its batch are of one medicine",
        ),
    ],
)
def test_a_seeded_violation_is_named(shop, medicine, sql, says):
    make_medicine(shop.owner, sku="OTHER")
    make_batch(shop.owner, medicine, 4)
    assert broken() == {}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(sql)
    assert says in broken()
