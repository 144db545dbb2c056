"""The catalogue's pages in the clinic's admin."""

import csv
import re
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from pharmacy.models import Medicine, MedicineBatch, PriceChange, StockMovement
from pharmacy.selectors import search_medicines
from pharmacy.services import stock
from pharmacy.services.catalogue import save_medicine
from pharmacy.services.catalogue_import import check
from pharmacy.states import today_at
from precta.ids import new_id
from precta.tenancy import clinic_context
from tests import factories
from tests.clinics.test_clinic_admin import form_of
from tests.pharmacy.shelf import line_of, make_batch, make_medicine, noted, order_of

pytestmark = pytest.mark.django_db

URL = "/admin/pharmacy/medicine/"


@pytest.fixture
def keeper(cast, at_clinic):
    """A signed-in pharmacist."""
    return at_clinic(cast.uzima, factories.make_staff(cast.uzima, "pharmacist"))


@pytest.fixture
def medicine(cast):
    with clinic_context(cast.uzima):
        medicine = make_medicine(cast.owner)
        make_batch(cast.owner, medicine, 10)
    return medicine


def form(**values):
    data = {
        "generic_name": "Amoxicillin",
        "brand_name": "",
        "substances": "",
        "form": "capsule",
        "strength": "250 mg",
        "pack_size": "21",
        "pack_unit": "capsules",
        "sku": "AMX-250",
        "price": "140",
        "low_stock_at": "5",
        "is_prescription_only": "on",
        "is_active": "on",
    }
    return {name: value for name, value in (data | values).items() if value is not None}


def upload(client, text, name="list.csv", **extra):
    data = text if isinstance(text, bytes) else text.encode()
    return client.post(f"{URL}import/", {"file": SimpleUploadedFile(name, data)}, **extra)


def page(answer):
    return answer.content.decode()


def hidden(answer, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page(answer))[1]


def test_the_list_shows_stock_price_and_expiry_and_can_be_narrowed(cast, keeper, django_assert_max_num_queries):
    today = today_at(cast.uzima)
    with clinic_context(cast.uzima):
        low = make_medicine(cast.owner, sku="LOW", generic_name="Furosemide", substances=["furosemide"], brand_name="")
        make_batch(cast.owner, low, 2, expires_on=today + timedelta(days=70), today=today)
        make_medicine(cast.owner, sku="OUT", generic_name="Cetirizine", substances=["cetirizine"], form="tablet")
        old = make_medicine(cast.owner, sku="OLD", generic_name="Loratadine", substances=["loratadine"], form="syrup")
        make_batch(cast.owner, old, 8, expires_on=today - timedelta(days=3), today=today - timedelta(days=9))
        full = make_medicine(cast.owner, is_prescription_only=False)
        make_batch(cast.owner, full, 40)
        for n in range(45):
            make_medicine(cast.owner, sku=f"N{n}", generic_name=f"Zinc sulfate {n}", is_active=False)
    with django_assert_max_num_queries(8):
        shown = page(keeper.get(URL))
    assert "Sold out" in shown and "warn at 5" in shown and "KES\u00a0190" in shown

    def found(query):
        return {sku for sku in ("LOW", "OUT", "OLD", "AMX-500") if f">{sku}<" in page(keeper.get(URL + query))}

    assert found("?stock=low") == {"LOW", "OUT"} and found("?stock=out") == {"OUT"}
    assert found("?stock=in") == {"LOW", "OLD", "AMX-500"}
    assert found("?expiry=90") == {"LOW"} and found("?expiry=60") == set() and found("?expiry=expired") == {"OLD"}
    assert found("?is_prescription_only__exact=0") == {"AMX-500"} and found("?form__exact=syrup") == {"OLD"}
    assert found("?is_active__exact=0") == set()
    assert found("?q=furo") == {"LOW"} and found("?q=out") == {"OUT"} and found("?q=amoxicillin+500") == {"AMX-500"}
    assert found("?q=loratadine") == {"OLD"} and found("?q=AMOXIL+furo") == set()
    assert keeper.get(URL + "?stock=nonsense&expiry=nonsense").status_code in (200, 302)
    assert keeper.get(URL + "?sku__startswith=A").status_code == 400


def test_an_article_is_added_with_its_substances_and_its_first_price(cast, keeper):
    answer = keeper.post(f"{URL}add/", form(generic_name="Augmentin", price="1.850,00"))
    with clinic_context(cast.uzima):
        medicine = Medicine.objects.get()
        assert medicine.substances == ["amoxicillin", "clavulanic acid"] and medicine.price == 1850
        assert PriceChange.objects.get().new_price == 1850
    assert answer.status_code == 302 and answer["Location"] == f"{URL}{medicine.pk}/stock/"


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"price": "-1"}, "greater than or equal"),
        ({"price": "NaN"}, "Enter a number"),
        ({"price": "1e400"}, "less than or equal"),
        ({"pack_size": "0"}, "greater than or equal"),
        ({"form": "brick"}, "no form that we know"),
        ({"generic_name": "Moonshine"}, "Say what it acts by"),
        ({"generic_name": "a\x00b"}, "cannot be shown|Null characters"),
        ({"sku": "AMX-500"}, "already exists"),
        ({"substances": "x" * 101}, "at most 100 characters"),
        ({"substances": ",".join("abcdefghijklm")}, "at most 12"),
        ({"low_stock_at": "-1"}, "greater than or equal"),
    ],
)
def test_what_cannot_be_right_is_said_beside_its_field(keeper, medicine, values, word):
    answer = keeper.post(f"{URL}add/", form(**values))
    assert answer.status_code == 400 and re.search(word, page(answer))


def test_a_changed_price_is_kept_and_a_stale_page_undoes_nobody(cast, keeper, medicine):
    address = f"{URL}{medicine.pk}/change/"
    stale = form(sku="AMX-500", brand_name="Amoxil", strength="500 mg", pack_size="15", price="190.00")
    stale |= {f"initial-{name}": value for name, value in stale.items()} | {"substances": "amoxicillin"}
    stale |= {"initial-substances": "amoxicillin", "initial-is_active": "True", "initial-is_prescription_only": "True"}
    assert keeper.post(address, stale | {"price": "220"}).status_code == 302
    assert keeper.post(address, stale | {"low_stock_at": "8"}).status_code == 302
    with clinic_context(cast.uzima):
        medicine.refresh_from_db()
        assert (medicine.price, medicine.low_stock_at) == (220, 8)
        assert [one.new_price for one in PriceChange.objects.order_by("changed_at")] == [190, 220]
    assert "KES\u00a0220" in page(keeper.get(f"{URL}{medicine.pk}/stock/"))


def test_several_are_taken_off_sale_and_put_on_sale_again(cast, keeper, medicine):
    for action, on_sale in (("off_sale", False), ("on_sale", True)):
        data = {"action": action, "_selected_action": [medicine.pk], "index": "0"}
        assert keeper.post(URL, data).status_code == 200
        with clinic_context(cast.uzima):
            assert Medicine.objects.get().is_active is not on_sale
        keeper.post(URL, data | {"confirmed": "yes"})
        with clinic_context(cast.uzima):
            assert Medicine.objects.get().is_active is on_sale


def test_packs_are_taken_in_written_off_and_counted_on_the_medicines_page(cast, keeper, medicine):
    address = f"{URL}{medicine.pk}/stock/"
    shown = keeper.get(address)
    come = {"do": "receive", "number": "B2", "expires_on": "31/05/2036", "packs": "4", "key": hidden(shown, "key")}
    for _twice in range(2):
        assert keeper.post(address, come).status_code == 302
    with clinic_context(cast.uzima):
        assert noted(medicine) == (14, 14)
        batch = MedicineBatch.objects.get(number="B2")
    off = {"do": "write_off", "batch": batch.pk, f"{batch.pk}-packs": "1", f"{batch.pk}-key": new_id()}
    assert keeper.post(address, off).status_code == 400
    assert keeper.post(address, off | {f"{batch.pk}-reason": "Broken"}).status_code == 302
    count = {"do": "count", "batch": batch.pk, f"{batch.pk}-counted": "2", f"{batch.pk}-seen": "4"}
    refused = keeper.post(address, count)
    assert refused.status_code == 409 and "3 packs are noted now" in page(refused)
    assert keeper.post(address, count | {f"{batch.pk}-seen": "3"}).status_code == 302
    with clinic_context(cast.uzima):
        assert noted(medicine) == (12, 12)
    shown = page(keeper.get(address))
    assert "Broken" in shown and "Corrected after a count" in shown and "+4" in shown and "\u22121" in shown


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({}, 400),
        ({"do": "nonsense"}, 400),
        ({"do": "receive"}, 400),
        ({"do": "receive", "number": "B9", "expires_on": "2020-01-01", "packs": "1", "key": "KEY"}, 409),
        ({"do": "receive", "number": "B1", "expires_on": "2036-01-01", "packs": "1", "key": "KEY"}, 409),
        ({"do": "receive", "number": "B9", "expires_on": "2036-01-01", "packs": "1e9", "key": "KEY"}, 400),
        ({"do": "receive", "number": "B9", "expires_on": "2036-01-01", "packs": "1", "key": "x" * 300}, 400),
        ({"do": "write_off", "batch": "nothing"}, 404),
        ({"do": "count", "batch": "x" * 400}, 404),
    ],
)
def test_what_the_shelf_cannot_do_is_refused_and_changes_nothing(cast, keeper, medicine, data, status):
    data = {name: new_id() if value == "KEY" else value for name, value in data.items()}
    assert keeper.post(f"{URL}{medicine.pk}/stock/", data).status_code == status
    with clinic_context(cast.uzima):
        assert noted(medicine) == (10, 10)


def test_more_than_lies_there_is_not_written_off(cast, keeper, medicine):
    with clinic_context(cast.uzima):
        batch = MedicineBatch.objects.get()
    off = {f"{batch.pk}-{name}": value for name, value in (("packs", 11), ("reason", "Lost"), ("key", new_id()))}
    answer = keeper.post(f"{URL}{medicine.pk}/stock/", {"do": "write_off", "batch": batch.pk, **off})
    assert answer.status_code == 409 and "There are 10 packs of it" in page(answer)


def test_who_ordered_is_not_named_beside_the_stock(cast, keeper, medicine):
    with clinic_context(cast.uzima):
        order = order_of(cast, medicine, 2)
        stock.release(order=order, packs=[(medicine.pk, 2)], by=cast.patient.user)
    shown = page(keeper.get(f"{URL}{medicine.pk}/stock/"))
    assert "Given back by an order" in shown
    assert cast.patient.last_name not in shown and cast.patient.user.email not in shown


@pytest.mark.parametrize(("role", "may"), [("manager", False), ("pharmacist", True)])
def test_who_may_not_see_orders_learns_of_none_beside_the_stock(cast, at_clinic, medicine, role, may):
    with clinic_context(cast.uzima):
        order = order_of(cast, medicine, 2)
        reserved = StockMovement.objects.get(order=order)
        at = reserved.made_at.astimezone(cast.uzima.policy.tz)
    shown = page(at_clinic(cast.uzima, factories.make_staff(cast.uzima, role)).get(f"{URL}{medicine.pk}/stock/"))
    row = shown[shown.index("<td", shown.index('id="moves"')) : shown.index("Reserved for an order") + 60]
    assert "Reserved for an order" in row
    assert (order.number in shown, f"{at:%H:%M}" in row) == (may, may)


def test_what_was_ordered_keeps_its_strength_and_pack(cast, keeper, medicine):
    address = f"{URL}{medicine.pk}/change/"
    stale = form(sku="AMX-500", brand_name="Amoxil", strength="500 mg", pack_size="15", price="190.00")
    stale |= {f"initial-{name}": value for name, value in stale.items()} | {"substances": "amoxicillin"}
    stale |= {"initial-substances": "amoxicillin", "initial-is_active": "True", "initial-is_prescription_only": "True"}
    assert keeper.post(address, stale | {"pack_size": "20"}).status_code == 302
    stale |= {"pack_size": "20", "initial-pack_size": "20"}
    with clinic_context(cast.uzima):
        line_of(order_of(cast, medicine, 2), medicine, 2)
    for name, value in (("pack_size", "10"), ("strength", "250 mg"), ("form", "tablet"), ("substances", "zinc")):
        answer = keeper.post(address, stale | {name: value})
        assert answer.status_code == 400 and "There are orders of this article" in page(answer)
    assert keeper.post(address, stale | {"price": "220", "brand_name": "Amoxyl"}).status_code == 302
    with clinic_context(cast.uzima):
        medicine.refresh_from_db()
    assert (medicine.pack_size, medicine.strength, medicine.form) == (20, "500 mg", "capsule")
    assert (medicine.price, medicine.brand_name) == (220, "Amoxyl")


def test_nothing_of_another_clinic_is_reached(cast, at_clinic, medicine):
    other = at_clinic(cast.pwani, factories.make_staff(cast.pwani, "owner"))
    assert other.get(f"{URL}{medicine.pk}/stock/").status_code == 404
    assert other.post(f"{URL}{medicine.pk}/stock/", {"do": "receive"}).status_code == 404


# Export and import


def test_an_exported_list_comes_back_unchanged_in_either_language(cast, keeper, medicine):
    with clinic_context(cast.uzima):
        make_medicine(cast.owner, sku="-EVIL", brand_name="=cmd()", substances=["made up"], price=Decimal("0.50"))
        make_medicine(cast.owner, sku="ODD", brand_name='say "hi", then; go', form="other", is_active=False)
    for language in ("en", "sw"):
        keeper.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        exported = b"".join(keeper.get(f"{URL}export/"))
        assert b"'=cmd()" in exported and b"'-EVIL" in exported
        checked = keeper.get(upload(keeper, exported)["Location"])
        with clinic_context(cast.uzima):
            plan = check(data=exported, today=today_at(cast.uzima))
        assert not plan.problems and not plan.does_something and plan.unchanged == 3 and not plan.left_alone, plan
        assert checked.status_code == 200 and 'name="fingerprint"' not in page(checked)
        assert len(plan.notes) == 1
        # The stock of the export is not read, and the page does not keep that to itself.
        word = {"en": "Packs in stock", "sw": "Pakiti zilizopo"}[language]
        assert re.search(f'class="notice[^<]*<.*{word}', page(checked), re.I)


def test_a_list_is_checked_then_read_in_once(cast, keeper, medicine):
    text = "sku,price,brand\nAMX-500,250,<script>alert(1)</script>\nNEW,5,x\n"
    refused = keeper.get(upload(keeper, text)["Location"])
    assert "What is not right" in page(refused) and 'name="fingerprint"' not in page(refused)
    address = upload(keeper, "sku,price,brand\nAMX-500,250,=cmd()\n")["Location"]
    checked = keeper.get(address)
    assert "KES\u00a0190" in page(checked) and "KES\u00a0250" in page(checked) and "=cmd()" in page(checked)
    with clinic_context(cast.uzima):
        assert Medicine.objects.get().price == 190
    assert keeper.post(address, {"fingerprint": "made up"}).status_code == 409
    assert keeper.post(address, {"fingerprint": hidden(checked, "fingerprint")}).status_code == 302
    with clinic_context(cast.uzima):
        assert Medicine.objects.get().price == 250
    assert keeper.post(address, {"fingerprint": hidden(checked, "fingerprint")}).status_code == 409
    with clinic_context(cast.uzima):
        assert PriceChange.objects.count() == 2


def test_every_problem_can_be_seen_however_many_there_are(cast, keeper, medicine):
    lines = "".join(f"N-{n};Moonshine {n};tablet;10;tablets;5\n" for n in range(600))
    address = upload(keeper, "sku;generic_name;form;pack_size;pack_unit;price\n" + lines)["Location"]
    shown = page(keeper.get(address))
    assert "And 100 more." in shown and 'href="?as=csv"' in shown
    answer = keeper.get(address + "?as=csv")
    rows = list(csv.reader(StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert answer["Content-Type"].startswith("text/csv") and len(rows) == 601
    assert rows[-1][:3] == ["601", "Generic name", "Moonshine 599"]


def test_a_catalogue_that_changed_meanwhile_is_shown_anew(cast, keeper, medicine):
    address = upload(keeper, "sku,price\nAMX-500,250\n")["Location"]
    seen = hidden(keeper.get(address), "fingerprint")
    with clinic_context(cast.uzima):
        medicine.price = Decimal("200.00")
        save_medicine(medicine=medicine, by_user=cast.owner)
    answer = keeper.post(address, {"fingerprint": seen})
    assert answer.status_code == 409 and "changed since this list was checked" in page(answer)
    assert keeper.post(address, {"fingerprint": hidden(answer, "fingerprint")}).status_code == 302


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"sku\x00,price\n", 400),
        (b"name,price\nA,1\n", 400),
        (b",,,\n,,,", 400),
        (b"PK\x03\x04", 400),
        (b"sku\n" + b"A\n" * 5001, 413),
        (b"x" * (2 * 2**20 + 1), 413),
        (b"x" * (11 * 2**20), 413),
    ],
)
def test_files_that_are_no_list_are_refused(keeper, data, status):
    answer = upload(keeper, data)
    assert answer.status_code == status and 'id="id_file_error"' in page(answer)


def test_somebody_elses_check_is_not_found(cast, keeper, at_clinic, medicine):
    address = upload(keeper, "sku,price\nAMX-500,250\n")["Location"]
    other = at_clinic(cast.uzima, cast.owner)
    assert "This check is over" in page(other.get(address))
    assert other.post(address, {"fingerprint": "x"}).status_code == 409
    assert keeper.get(f"{URL}import/short/").status_code == 404
    assert keeper.post(f"{URL}import/").status_code == 400


def test_the_template_is_a_list_that_can_be_read_in(cast, keeper):
    text = b"".join(keeper.get(f"{URL}import/template/"))
    address = upload(keeper, text)["Location"]
    assert keeper.post(address, {"fingerprint": hidden(keeper.get(address), "fingerprint")}).status_code == 302
    with clinic_context(cast.uzima):
        assert Medicine.objects.count() == 2 and Medicine.objects.get(sku="AMX-500").stock == 40


@pytest.mark.parametrize("role", ["owner", "manager", "pharmacist", "front_desk"])
def test_those_who_keep_the_catalogue_see_what_runs_out(cast, at_clinic, medicine, role):
    today = today_at(cast.uzima)
    with clinic_context(cast.uzima):
        make_batch(
            cast.owner, make_medicine(cast.owner, sku="B"), 3, expires_on=today + timedelta(days=50), today=today
        )
    shown = page(at_clinic(cast.uzima, factories.make_staff(cast.uzima, role)).get("/admin/"))
    lines = ("<b>1</b> <span>Medicines that are low or sold out", "<b>1</b> <span>Batches that expire within 60 days")
    assert all((line in shown) is (role != "front_desk") for line in lines)


# The doctor's search


def test_the_doctors_search_offers_the_clinics_own_shelf_first(
    cast, at_clinic, medicine, django_assert_max_num_queries
):
    with clinic_context(cast.uzima):
        make_medicine(cast.owner, sku="A", strength="1 g", form="tablet", brand_name="")
        make_medicine(cast.owner, sku="B", strength="2 g", form="tablet", is_active=False)
        make_medicine(cast.owner, sku="C", generic_name="Paracetamol", substances=["paracetamol"], brand_name="")
        with django_assert_max_num_queries(1):
            found = search_medicines("amoksi")
        assert [(one.label, one.stocked) for one in found[:2]] == [
            *(("Amoxicillin 500 mg capsule", True), ("Amoxicillin 1 g tablet", False)),
        ]
        assert [one.label for one in found].count("Amoxicillin 500 mg capsule") == 1
        assert {one.stocked for one in found[2:]} == {None} and "Amoxicillin 2 g tablet" not in {
            one.label for one in found
        }
        # A brand that the shelf does not name: the formulary knows what it is.
        assert search_medicines("panadol")[0].stocked is False
    client = at_clinic(cast.uzima, cast.doctor.user)
    answer = client.get("/workspace/medicines/?q=amoxil").json()["found"]
    assert answer[0]["hint"].startswith("in stock at our pharmacy")
    with clinic_context(cast.uzima):
        cast.uzima.settings = {"sells_medicines": False}
        cast.uzima.save(update_fields=["settings"])
    assert "pharmacy" not in client.get("/workspace/medicines/?q=amoxil").json()["found"][0]["hint"]


# Delivery rules


def test_the_delivery_rules_are_written_and_read(cast, at_clinic):
    owner = at_clinic(cast.uzima, cast.owner)
    address = f"/admin/clinics/clinic/{cast.uzima.pk}/change/"
    rules = {
        "sells_medicines": "on",
        "offers_delivery": "on",
        "delivery_fee": "300",
        "delivery_zones": "Westlands: 250\r\n\r\nKaren (Hardy): 1,400.50\n",
        "free_delivery_from": "5000",
    }
    assert owner.post(address, form_of(cast.uzima, **rules)).status_code == 302
    cast.uzima.refresh_from_db()
    policy = cast.uzima.policy
    assert (policy.sells_medicines, policy.offers_delivery, policy.offers_pickup) == (True, True, False)
    assert [(zone.name, zone.fee) for zone in policy.delivery_zones] == [
        *(("Westlands", 250), ("Karen (Hardy)", Decimal("1400.50"))),
    ]
    assert policy.free_delivery_from == 5000
    shown = page(owner.get(address))
    assert "Karen (Hardy): 1400.5" in shown and "you deliver to these only" in shown
    for wrong, word in (
        ({"delivery_zones": "Westlands 250"}, "Line 1"),
        ({"delivery_zones": "A: 1\nWestlands: -1"}, "Line 2"),
        ({"delivery_zones": "A: 1\na: 2"}, "named twice"),
        ({"delivery_zones": "A: NaN"}, "Line 1"),
        ({"delivery_zones": "\n".join(f"Z{n}: 1" for n in range(41))}, "at most 40"),
        ({"delivery_zones": "x" * 101 + ": 1"}, "Line 1"),
        ({"offers_delivery": None, "offers_pickup": None}, "at least one way"),
        ({"free_delivery_from": "0"}, "greater than or equal"),
    ):
        sent = {name: value for name, value in form_of(cast.uzima, **(rules | wrong)).items() if value is not None}
        answer = owner.post(address, sent)
        assert answer.status_code == 200 and word in page(answer), wrong
    cast.uzima.refresh_from_db()
    assert cast.uzima.policy == policy
