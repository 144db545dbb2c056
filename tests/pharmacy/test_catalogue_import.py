"""A list that is read in: what it would do is shown, exactly that is done, and nothing else."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from pharmacy import exceptions
from pharmacy.models import Medicine, MedicineBatch, PriceChange, StockMovement
from pharmacy.services.catalogue import save_medicine, write_off
from pharmacy.services.catalogue_import import apply, check
from precta.audit.models import AuditLog
from precta.tenancy import clinic_context
from tests.pharmacy.shelf import FAR, line_of, make_batch, make_medicine, noted, order_of
from tests.pharmacy.test_catalogue_stock import broken

pytestmark = pytest.mark.django_db

TODAY = date(2027, 3, 1)
HEAD = "sku;generic_name;brand_name;form;strength;pack_size;pack_unit;price;batch;expiry;packs\n"


@pytest.fixture
def shop(cast):
    with clinic_context(cast.uzima):
        yield cast


def planned(text):
    return check(data=text.encode(), today=TODAY)


def done(shop, text):
    return apply(data=text.encode(), fingerprint=planned(text).fingerprint, by_user=shop.owner, today=TODAY)


def said(plan):
    return [(one.line, one.column, one.says) for one in plan.problems]


def test_a_check_writes_nothing(shop, django_assert_max_num_queries):
    make_medicine(shop.owner)
    before = Medicine.objects.values().get(), AuditLog.objects.count()
    with django_assert_max_num_queries(3):
        plan = planned(HEAD + "AMX-500;Amoxicillin;Amoxil;capsule;500 mg;15;capsules;210;B9;2028-05-31;4\n")
    assert plan.changed[0].prices == (Decimal("190.00"), Decimal(210)) and plan.openings
    assert (Medicine.objects.values().get(), AuditLog.objects.count()) == before
    assert not MedicineBatch.objects.exists()


def test_a_list_adds_changes_and_leaves_alone(shop):
    kept = make_medicine(shop.owner)
    same = make_medicine(shop.owner, sku="SAME", brand_name="")
    plan = done(
        shop,
        HEAD + "AMX-500;Amoxicillin;Amoxil;capsule;500 mg;20;capsules;210,50;B9;31/05/2028;4\n"
        "SAME;Amoxicillin;;Capsules;500 mg;15;capsules;190;;;\n"
        "NEW;Augmentin;;tablet;625 mg;14;tablets;1,850.00;C1;05/2028;7\n",
    )
    assert (len(plan.added), len(plan.changed), plan.unchanged, len(plan.openings)) == (1, 1, 1, 2)
    kept.refresh_from_db()
    assert (kept.price, kept.pack_size) == (Decimal("210.50"), 20)
    new = Medicine.objects.get(sku="NEW")
    assert new.substances == ["amoxicillin", "clavulanic acid"] and new.is_prescription_only and new.is_active
    assert noted(new) == (7, 7) and noted(kept) == (4, 4) and noted(same) == (0, 0)
    assert MedicineBatch.objects.get(number="C1").expires_on == date(2028, 5, 31)
    assert PriceChange.objects.filter(medicine=kept).latest("changed_at").changed_by == shop.owner
    assert PriceChange.objects.count() == 4
    details = AuditLog.objects.get(action="catalogue.imported").details
    assert (details["added"], details["changed"], details["batches"], details["lines"]) == (1, 1, 2, 3)
    assert broken() == {}


def test_a_list_never_changes_what_an_order_was_reckoned_with(shop):
    medicine = make_medicine(shop.owner)
    make_batch(shop.owner, medicine)
    line_of(order_of(shop, medicine, 2), medicine, 2)
    plan = planned(HEAD + "AMX-500;Amoxicillin;Amoxil;capsule;250 mg;10;capsules;190;;;\n")
    assert [(one.line, one.column) for one in plan.problems] == [(2, "strength"), (2, "pack_size")]
    assert "There are orders of this article" in plan.problems[0].says
    with pytest.raises(exceptions.ArticleOrdered):
        medicine.pack_size = 10
        save_medicine(medicine=medicine, by_user=shop.owner)
    assert Medicine.objects.get().pack_size == 15
    assert not planned(HEAD + "AMX-500;Amoxicillin;Amoxyl;capsule;500 mg;15;capsules;200;;;\n").problems


def test_the_same_list_again_changes_nothing(shop):
    text = HEAD + "NEW;Augmentin;;tablet;625 mg;14;tablets;1850;C1;05/2028;7\n"
    done(shop, text)
    again = planned(text)
    assert not again.does_something and not again.problems and again.unchanged == 1
    done(shop, text)
    assert StockMovement.objects.count() == 1 and PriceChange.objects.count() == 1


def test_packs_of_a_known_batch_stay_and_the_line_says_so(shop):
    medicine = make_medicine(shop.owner)
    make_batch(shop.owner, medicine, 3, number="B1", expires_on=FAR)
    head = "sku;batch;expiry;packs\n"
    plan = planned(head + f"AMX-500;B1;{FAR};8\n")
    [stays] = plan.left_alone
    assert (stays.line, stays.column, stays.value) == (
        2,
        "packs",
        "8",
    ) and "3 packs of it are on the shelf" in stays.says
    assert not plan.problems and not plan.does_something
    assert not planned(head + f"AMX-500;B1;{FAR};3\n").left_alone


def test_a_list_of_numbers_and_prices_changes_prices_only(shop):
    medicine = make_medicine(shop.owner, low_stock_at=9, is_prescription_only=False)
    plan = done(shop, "code,price\nAMX-500,250\n")
    assert plan.changed[0].told == []
    medicine.refresh_from_db()
    assert (medicine.price, medicine.low_stock_at, medicine.is_prescription_only) == (250, 9, False)
    assert said(planned("code,price\nNEW,250\n"))[0][:2] == (2, "generic_name")


def test_every_problem_is_told_by_line_and_column(shop):
    medicine = make_medicine(shop.owner)
    make_batch(shop.owner, medicine, 3, number="B1", expires_on=FAR)
    plan = planned(
        HEAD + "A;Amoxicillin;;brick;;0;;-5;;;\n"
        "B;Moonshine;;tablet;;10;tablets;NaN;;;\n"
        ";Amoxicillin;;tablet;;10;tablets;5;;;\n"
        "C;Moonshine;;tablet;;10;tablets;5;;;\n"
        "D;Amoxicillin;;tablet;;10;tablets;1e400;;;\n"
        "E;Amoxicillin;;tablet;;10;tablets;5;X1;2020-01-01;3\n"
        "F;Amoxicillin;;tablet;;10;tablets;5;X1;;3\n"
        "G;Amoxicillin;;tablet;;10;tablets;5;;;;too;many\n"
        "G;Amoxicillin;;tablet;;10;tablets;6;;;\n"
        f"AMX-500;Amoxicillin;Amoxil;capsule;500 mg;15;capsules;190;B1;{FAR + timedelta(days=1)};3\n"
        f"H;{'x' * 201};;tablet;;10;tablets;5;;;\n"
    )
    assert [(line, column) for line, column, _says in said(plan)] == [
        *((2, "form"), (2, "pack_size"), (2, "pack_unit"), (2, "price"), (3, "price"), (4, "sku"), (5, "generic_name")),
        *((6, "price"), (7, "expiry"), (8, "expiry"), (9, ""), (10, "sku"), (11, "expiry"), (12, "generic_name")),
    ]
    assert plan.problems[0].value == "brick" and "brick" in plan.problems[0].says
    with pytest.raises(exceptions.CatalogueChanged):
        apply(data=HEAD.encode() + b"A;x;;brick;;0;;-5;;;\n", fingerprint="", by_user=shop.owner, today=TODAY)
    assert Medicine.objects.count() == 1


def test_what_changed_since_the_check_is_shown_and_nothing_is_written(shop):
    medicine = make_medicine(shop.owner)
    text = "sku,price\nAMX-500,250\n"
    seen = planned(text).fingerprint
    medicine.price = Decimal("200.00")
    save_medicine(medicine=medicine, by_user=shop.owner)
    with pytest.raises(exceptions.CatalogueChanged) as refused:
        apply(data=text.encode(), fingerprint=seen, by_user=shop.owner, today=TODAY)
    assert refused.value.plan.changed[0].prices == (200, 250)
    medicine.refresh_from_db()
    assert medicine.price == 200
    apply(data=text.encode(), fingerprint=refused.value.plan.fingerprint, by_user=shop.owner, today=TODAY)
    medicine.refresh_from_db()
    assert medicine.price == 250


def test_opening_packs_make_good_what_orders_miss(shop):
    medicine = make_medicine(shop.owner)
    batch = make_batch(shop.owner, medicine, 5)
    order_of(shop, medicine, 5)
    write_off(batch=batch, packs=2, reason="Broken", by_user=shop.owner)
    done(shop, "sku,batch,expiry,packs\nAMX-500,B7,2028-05-31,6\n")
    assert noted(medicine) == (4, 9) and broken() == {}


def test_a_long_list_is_checked_and_read_in_with_few_statements(shop, django_assert_max_num_queries):
    rows = "".join(f"N-{n};Amoxicillin;;tablet;;10;tablets;{n + 1};B{n};2028-05-31;3\n" for n in range(2_000))
    plan = planned(HEAD + rows)
    assert len(plan.added) == 2_000
    with django_assert_max_num_queries(40):
        apply(data=(HEAD + rows).encode(), fingerprint=plan.fingerprint, by_user=shop.owner, today=TODAY)
    assert Medicine.objects.filter(stock=3).count() == 2_000 and broken() == {}
