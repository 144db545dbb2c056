"""Several at one shelf, in real threads and transactions: nothing is lost, sold twice or left hanging."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from types import SimpleNamespace

import pytest
from django.db import connection

from pharmacy.exceptions import CatalogueError, OutOfStock, StockError
from pharmacy.models import Medicine, MedicineBatch, PriceChange, StockMovement
from pharmacy.services.catalogue import correct_count, set_aside_expired, write_off
from pharmacy.services.catalogue_import import apply, check
from precta.ids import new_id
from precta.tenancy import clinic_context
from tests import factories
from tests.pharmacy.shelf import FAR, make_batch, make_medicine, noted, order_of
from tests.pharmacy.test_catalogue_stock import broken

pytestmark = pytest.mark.django_db(transaction=True)
RACERS = 6


@pytest.fixture
def shop(uzima):
    patient = factories.make_patient()
    factories.link_patient(patient, uzima)
    return SimpleNamespace(uzima=uzima, owner=factories.make_staff(uzima, "owner"), patient=patient)


def at_once(shop, *acts):
    start = Barrier(len(acts))

    def run(act):
        try:
            with clinic_context(shop.uzima):
                start.wait(20)
                return act()
        except (CatalogueError, StockError) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_many_who_receive_one_batch_bring_all_their_packs(shop):
    with clinic_context(shop.uzima):
        medicine = make_medicine(shop.owner)
    at_once(shop, *[lambda: make_batch(shop.owner, medicine, 3)] * RACERS)
    with clinic_context(shop.uzima):
        assert MedicineBatch.objects.count() == 1 and noted(medicine) == (3 * RACERS, 3 * RACERS)


def test_a_form_sent_many_times_at_once_takes_packs_off_once(shop):
    with clinic_context(shop.uzima):
        batch = make_batch(shop.owner, make_medicine(shop.owner), 10)
    key = new_id()
    at_once(shop, *[lambda: write_off(batch=batch, packs=2, reason="Lost", by_user=shop.owner, key=key)] * RACERS)
    with clinic_context(shop.uzima):
        assert noted(batch.medicine) == (8, 8)


def test_of_several_counts_of_one_page_one_is_noted(shop):
    with clinic_context(shop.uzima):
        batch = make_batch(shop.owner, make_medicine(shop.owner), 10)
    answers = at_once(
        shop,
        *[lambda n=n: correct_count(batch=batch, counted=n, seen=10, by_user=shop.owner) for n in range(RACERS)],
    )
    assert sum(isinstance(answer, CatalogueError) for answer in answers) == RACERS - 1
    with clinic_context(shop.uzima):
        assert StockMovement.objects.filter(kind="counted").count() == 1 and broken() == {}


def test_orders_and_the_shelf_at_once_never_sell_what_is_not_there(shop):
    with clinic_context(shop.uzima):
        medicine = make_medicine(shop.owner)
        batch = make_batch(shop.owner, medicine, 6)
    answers = at_once(
        shop,
        *[lambda: order_of(shop, medicine, 2)] * 4,
        lambda: write_off(batch=batch, packs=3, reason="Broken", by_user=shop.owner),
        lambda: make_batch(shop.owner, medicine, 1, number="B2"),
        lambda: set_aside_expired(today=FAR.replace(year=FAR.year + 1)),
    )
    assert all(not isinstance(answer, Exception) or isinstance(answer, (OutOfStock, StockError)) for answer in answers)
    with clinic_context(shop.uzima):
        stock, shelf = noted(medicine)
        assert 0 <= stock <= shelf and broken() == {}


def test_an_import_while_orders_reserve_ends_with_both(shop):
    with clinic_context(shop.uzima):
        medicines = [make_medicine(shop.owner, sku=f"M-{n}") for n in range(8)]
        for medicine in medicines:
            make_batch(shop.owner, medicine, 20)
        text = "sku,price,batch,expiry,packs\n" + "".join(f"M-{n},300,X{n},2040-01-31,5\n" for n in reversed(range(8)))
        seen = check(data=text.encode(), today=FAR).fingerprint
    answers = at_once(
        shop,
        lambda: apply(data=text.encode(), fingerprint=seen, by_user=shop.owner, today=FAR),
        *[lambda n=n: order_of(shop, medicines[n], 2) for n in range(5)],
    )
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    with clinic_context(shop.uzima):
        assert set(Medicine.objects.values_list("price", flat=True)) == {Decimal(300)}
        assert sorted(Medicine.objects.values_list("stock", flat=True)) == [23] * 5 + [25] * 3 and broken() == {}


def test_one_list_read_in_many_times_at_once_is_read_in_once(shop):
    head = "sku,generic_name,form,pack_size,pack_unit,price,batch,expiry,packs\n"
    text = head + "".join(f"N-{n},Amoxicillin,tablet,10,tablets,5,B{n},2040-01-31,2\n" for n in range(30))
    with clinic_context(shop.uzima):
        seen = check(data=text.encode(), today=FAR).fingerprint
    answers = at_once(shop, *[lambda: apply(data=text.encode(), fingerprint=seen, by_user=shop.owner, today=FAR)] * 4)
    assert sum(isinstance(answer, CatalogueError) for answer in answers) == 3
    with clinic_context(shop.uzima):
        assert Medicine.objects.filter(stock=2).count() == PriceChange.objects.count() == 30 and broken() == {}
