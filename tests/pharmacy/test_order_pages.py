"""The patient's pages of the pharmacy, as a browser asks for them: basket, prescription, checkout, payment, order."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from pharmacy.models import Medicine, Order, OrderItem
from pharmacy.services import order_paying
from pharmacy.services.order_changes import cancel_order
from pharmacy.services.ordering import release_order
from precta.ids import new_id
from precta.payments.exceptions import HoldEnded
from precta.payments.models import Payment
from precta.payments.services import settle_payment, take_cash
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
def shop(cast, at_clinic):
    """Amina's browser at Uzima."""
    return at_clinic(cast.uzima, cast.patient.user)


def text_of(answer):
    """The page, with the blanks that keep an amount together as common ones."""
    return answer.content.decode().replace("\xa0", " ")


def add(client, medicine, packs=1):
    return client.post("/pharmacy/basket/", {"do": "add", "medicine": medicine.pk, "packs": packs})


def fillings_in(page):
    return [row.filling for row in page.context["rows"]]


def pick(client, prescription, medicine, packs=None, **more):
    """One medicine for the first line; `packs` of it, or the number that the page proposes."""
    address = f"/prescriptions/{prescription.pk}/order/"
    (row, *_rest) = client.get(address).context["rows"]
    sent = {f"packs-0-{choice.medicine.pk}": number for choice, number in row.choices}
    if packs is not None:
        sent[f"packs-0-{medicine.pk}"] = packs
    return client.post(address, {"medicine-0": medicine.pk} | sent | more)


def form_of(client, **changes):
    """What the checkout's page would send as it stands."""
    page = client.get("/pharmacy/checkout/")
    shown = page.context["form"].as_shown()
    data = {
        "way": "pickup",
        "method": "mpesa",
        "phone": "0712345678",
        "contact": "0712345678",
        "key": new_id(),
        "shown": shown,
        "for_whom": page.context["form"].initial["for_whom"],
    }
    return data | changes


def test_anybody_searches_the_counter(cast, at_clinic):
    make_medicine(cast.uzima, brand_name="Panadol")
    amoxicillin(cast.uzima)
    make_medicine(cast.uzima, "Ibuprofen", stock=0)
    client = at_clinic(cast.uzima)
    everything = text_of(client.get("/pharmacy/"))
    assert all(name in everything for name in ("Paracetamol", "Amoxicillin", "Ibuprofen", "Sold out"))
    assert "Ibuprofen" not in text_of(client.get("/pharmacy/?q=panadol"))
    assert "Paracetamol" not in text_of(client.get("/pharmacy/?kind=rx"))
    assert "Ibuprofen" not in text_of(client.get("/pharmacy/?stock=1"))
    for odd in ("?page=-1", "?page=abc", "?page=999999999", "?kind=x&q=%00%27", "?q=" + "a" * 5000):
        assert client.get("/pharmacy/" + odd).status_code == 200


def test_the_counter_costs_the_same_however_much_there_is(cast, at_clinic, django_assert_max_num_queries):
    client = at_clinic(cast.uzima)
    for number in range(30):
        make_medicine(cast.uzima, f"Medicine {number}", stock=0)
    client.get("/pharmacy/")
    with django_assert_max_num_queries(8):
        assert client.get("/pharmacy/").status_code == 200


def test_a_stranger_fills_a_basket_and_signs_in_to_order(cast, at_clinic):
    medicine = make_medicine(cast.uzima)
    client = at_clinic(cast.uzima)
    assert add(client, medicine, 2).status_code == 302
    assert add(client, medicine).status_code == 302
    rows = client.get("/pharmacy/basket/").context["rows"]
    assert [(row.medicine.pk, row.packs) for row in rows] == [(medicine.pk, 3)]
    assert client.get("/pharmacy/checkout/").status_code == 302
    client.post("/pharmacy/basket/", {"do": "set", "line": medicine.pk, "packs": "1"})
    assert client.get("/pharmacy/basket/").context["subtotal"] == 100
    client.post("/pharmacy/basket/", {"do": "set", "line": medicine.pk, "packs": "0"})
    assert client.get("/pharmacy/basket/").context["rows"] == []
    assert counts(cast.uzima)[:2] == (0, 0)


@pytest.mark.parametrize(
    "sent",
    [
        {"do": "add", "medicine": "x", "packs": "1"},
        {"do": "add", "medicine": "\x00", "packs": "1"},
        {"do": "add", "packs": "-1"},
        {"do": "add", "packs": "9" * 30},
        {"do": "set", "line": "x", "packs": "1"},
        {"do": "set", "packs": "1"},
        {"do": "fly"},
        {},
    ],
)
def test_odd_baskets_are_refused(cast, at_clinic, sent):
    assert at_clinic(cast.uzima).post("/pharmacy/basket/", sent).status_code == 400


def test_a_line_of_the_basket_is_changed_by_its_medicine_and_not_by_its_place(cast, at_clinic):
    one, other, client = make_medicine(cast.uzima), make_medicine(cast.uzima, "Ibuprofen"), at_clinic(cast.uzima)
    add(client, one)
    add(client, other)
    out = {"do": "set", "line": one.pk, "packs": "0"}
    assert [client.post("/pharmacy/basket/", out).status_code for _twice in range(2)] == [302, 302]
    stale = client.post("/pharmacy/basket/", {"do": "set", "line": one.pk, "packs": "3"})
    assert (stale.status_code, "not in your basket any more" in text_of(stale)) == (400, True)
    assert [(row.medicine.pk, row.packs) for row in stale.context["rows"]] == [(other.pk, 1)]


def test_prescription_only_is_not_sold_over_the_counter(cast, at_clinic):
    client = at_clinic(cast.uzima)
    assert add(client, amoxicillin(cast.uzima)).status_code == 400
    assert client.get("/pharmacy/basket/").context["rows"] == []


def test_a_prescription_fills_the_basket_and_is_ordered(cast, shop, visit, provider):  # noqa: F811
    medicine, other = amoxicillin(cast.uzima), amoxicillin(cast.uzima, brand_name="Amoxil", price=Decimal("700"))
    prescription = issue(visit, line(**AMOXICILLIN_LINE), line("Metronidazole 400 mg tablet"))
    page = shop.get(f"/prescriptions/{prescription.pk}/order/")
    first, second = fillings_in(page)
    assert (first.best.medicine.pk, first.best.packs) == (medicine.pk, 2)
    assert {choice.medicine.pk for choice in first.choices} == {medicine.pk, other.pk}
    assert not second.is_kept
    assert "does not stock it" in text_of(page)
    answer = pick(shop, prescription, medicine, "9")
    assert answer.status_code == 302
    page = shop.get("/pharmacy/basket/")
    (row,) = page.context["rows"]
    assert (row.packs, row.prescription_line) == (2, 0)
    assert "gives only 2 more packs" in text_of(page)
    answer = shop.post("/pharmacy/checkout/", form_of(shop))
    with clinic_context(cast.uzima):
        order = Order.objects.get()
    assert answer["Location"] == f"/orders/{order.pk}/pay/?start=1"
    assert (order.prescription_id, order.total_amount) == (prescription.pk, 400)
    assert shop.get("/pharmacy/basket/").context["rows"] == []
    assert shop.post(f"/orders/{order.pk}/pay/", {"method": "mpesa", "phone": "0712345678"}).status_code == 302
    with clinic_context(cast.uzima):
        reference = Payment.objects.get().provider_reference
    assert shop.get(f"/orders/{order.pk}/pay/status/").json()["status"] == "pending"
    provider.approve(reference)
    with clinic_context(cast.uzima):
        settle_payment(reference=reference)
    state = shop.get(f"/orders/{order.pk}/pay/status/").json()
    assert state == {"status": "done", "redirect": f"/orders/{order.pk}/"}
    text = text_of(shop.get(f"/orders/{order.pk}/"))
    assert "Amoxicillin" in text
    assert "KES 400" in text
    assert shop.get(f"/orders/{order.pk}/receipt/").status_code == 200
    assert "All that was prescribed has been ordered" in text_of(shop.get(f"/prescriptions/{prescription.pk}/order/"))
    assert broken_invariants(cast.uzima) == {}


def test_another_strength_is_a_choice_and_never_chosen_by_itself(cast, shop, visit):
    half = amoxicillin(cast.uzima, strength="250 mg")
    prescription = issue(visit, line(**AMOXICILLIN_LINE))
    (filling,) = fillings_in(shop.get(f"/prescriptions/{prescription.pk}/order/"))
    assert filling.best is None
    assert [(choice.medicine.pk, choice.packs) for choice in filling.choices] == [(half.pk, 3)]
    assert shop.post(f"/prescriptions/{prescription.pk}/order/", {"medicine-0": ""}).status_code == 400


def test_each_medicine_goes_with_its_own_number_of_packs(cast, shop, visit):
    whole, half = amoxicillin(cast.uzima), amoxicillin(cast.uzima, strength="250 mg", pack_size=6)
    prescription = issue(visit, line(**AMOXICILLIN_LINE))
    # 15 of 500 mg are 30 of 250 mg.
    for medicine, packs in ((whole, 2), (half, 5)):
        assert pick(shop, prescription, medicine).status_code == 302
        (row,) = shop.get("/pharmacy/basket/").context["rows"]
        assert (row.medicine.pk, row.packs) == (medicine.pk, packs)


@pytest.mark.parametrize("packs", ["-5", "1000", "500", "61", "1e9", "NaN", "1.5", "\u0663", "\x00"])
def test_what_is_no_number_of_packs_is_said_and_kept(cast, shop, visit, packs):
    medicine = make_medicine(cast.uzima)
    prescription = issue(visit, line())
    answer = pick(shop, prescription, medicine, packs)
    assert (answer.status_code, "Write how many packs, up to 60." in text_of(answer)) == (400, True)
    (row,) = answer.context["rows"]
    assert (row.picked, row.packs) == (medicine.pk, packs)
    assert shop.get("/pharmacy/basket/").context["rows"] == []


def test_no_pack_of_a_medicine_leaves_its_line_out(cast, shop, visit):
    medicine = make_medicine(cast.uzima)
    prescription = issue(visit, line(), line(**AMOXICILLIN_LINE))
    other = amoxicillin(cast.uzima)
    assert pick(shop, prescription, medicine, "0").status_code == 400
    assert pick(shop, prescription, medicine, "0", **{"medicine-1": other.pk}).status_code == 302
    assert [row.medicine.pk for row in shop.get("/pharmacy/basket/").context["rows"]] == [other.pk]


def test_what_the_line_leaves_open_is_for_the_patient_to_choose(cast, shop, visit):
    for strength in ("500 mg", "1 g"):
        make_medicine(cast.uzima, strength=strength)
    prescription = issue(visit, line("Paracetamol"))
    page = shop.get(f"/prescriptions/{prescription.pk}/order/")
    assert "does not say which of these" in text_of(page)
    assert [row.picked for row in page.context["rows"]] == [""]


def test_nobody_orders_from_anothers_or_a_replaced_prescription(cast, at_clinic, shop, visit):
    prescription = issue(visit, line(**AMOXICILLIN_LINE))
    stranger = at_clinic(cast.uzima, cast.other_patient.user)
    assert stranger.get(f"/prescriptions/{prescription.pk}/order/").status_code == 404
    issue(visit, line(**AMOXICILLIN_LINE), replaces=prescription, replacement_reason="typing")
    amoxicillin(cast.uzima)
    assert shop.get(f"/prescriptions/{prescription.pk}/order/").status_code == 200
    assert shop.post(f"/prescriptions/{prescription.pk}/order/", {}).status_code == 409


def test_a_total_that_nobody_can_pay_is_said(cast, shop):
    add(shop, make_medicine(cast.uzima, stock=60, price=Decimal("2000000.00")), 60)
    answer = shop.post("/pharmacy/checkout/", form_of(shop))
    assert answer.status_code == 400 and "more than can be paid at once" in text_of(answer)


def test_a_basket_for_somebody_whom_one_looks_after_no_more_is_not_ordered(cast, at_clinic, visit):
    prescription = issue(visit, line(**AMOXICILLIN_LINE))
    stranger = at_clinic(cast.uzima, cast.other_patient.user)
    add(stranger, make_medicine(cast.uzima))
    session, key = stranger.session, f"basket-{cast.uzima.pk}"
    session[key] = session[key] | {"prescription": prescription.pk}
    session.save()
    answer = stranger.get("/pharmacy/checkout/")
    assert answer.status_code == 302 and answer["Location"].endswith("/pharmacy/basket/")


def test_a_total_that_changed_shows_the_page_again(cast, shop):
    medicine = make_medicine(cast.uzima)
    add(shop, medicine, 2)
    data = form_of(shop)
    with clinic_context(cast.uzima):
        Medicine.objects.update(price=Decimal("150.00"))
    answer = shop.post("/pharmacy/checkout/", data)
    assert answer.status_code == 409
    assert "KES 300" in text_of(answer)
    assert counts(cast.uzima)[:2] == (0, 0)
    again = data | {"shown": answer.context["form"].as_shown()}
    assert shop.post("/pharmacy/checkout/", again).status_code == 302


@pytest.mark.parametrize(
    "shown", ["", "[]", "{}", '{"pickup": "NaN"}', '{"pickup": [1]}', "x" * 3000, '{"pickup": "1"}']
)
def test_nobody_orders_at_a_total_they_were_not_shown(cast, shop, shown):
    add(shop, make_medicine(cast.uzima))
    assert shop.post("/pharmacy/checkout/", form_of(shop, shown=shown)).status_code == 409
    assert counts(cast.uzima)[:2] == (0, 0)


def test_posted_prices_statuses_and_patients_are_ignored(cast, shop):
    add(shop, make_medicine(cast.uzima))
    sent = form_of(shop, price="1", total_amount="1", status="delivered", patient_id=cast.other_patient.pk)
    assert shop.post("/pharmacy/checkout/", sent).status_code == 302
    with clinic_context(cast.uzima):
        order = Order.objects.get()
    assert (order.status, order.total_amount, order.patient_id) == ("pending_payment", 100, cast.patient.pk)
    add(shop, make_medicine(cast.uzima, "Ibuprofen"))
    assert shop.post("/pharmacy/checkout/", form_of(shop, for_whom=cast.other_patient.pk)).status_code in {302, 400}
    with clinic_context(cast.uzima):
        assert not Order.objects.filter(patient=cast.other_patient).exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"way": "delivery"},
        {"way": "delivery", "address": "x\x00y"},
        {"way": "delivery", "address": "\u202ex"},
        {"way": "delivery", "address": "a" * 5000},
        {"way": "moon"},
        {"way": ""},
        {"phone": "123"},
        {"contact": "not a number"},
        {"method": "cash"},
        {"key": "x"},
        {"key": "a'; --" * 9},
    ],
)
def test_a_bad_form_is_shown_again(cast, shop, changes):
    add(shop, make_medicine(cast.uzima))
    assert shop.post("/pharmacy/checkout/", form_of(shop, **changes)).status_code == 400
    assert counts(cast.uzima)[:2] == (0, 0)


def test_the_form_sent_twice_is_one_order(cast, shop):
    medicine = make_medicine(cast.uzima)
    add(shop, medicine)
    data = form_of(shop)
    first, second = shop.post("/pharmacy/checkout/", data), shop.post("/pharmacy/checkout/", data)
    assert first["Location"] == second["Location"]
    assert stock_of(cast.uzima, medicine) == 19


def test_what_sold_out_meanwhile_is_said(cast, shop):
    medicine = make_medicine(cast.uzima, stock=1)
    add(shop, medicine)
    data = form_of(shop)
    other = factories.make_patient("Quicker", "Person")
    factories.link_patient(other, cast.uzima)
    place(cast.uzima, other, (medicine, 1))
    answer = shop.post("/pharmacy/checkout/", data)
    assert answer.status_code == 409
    assert "sold out" in text_of(answer)


def test_delivery_needs_an_address_and_its_fee_is_the_clinics(cast, shop):
    cast.uzima.settings = {"delivery_zones": [{"name": "Westlands", "fee": "180"}, {"name": "Karen", "fee": "400"}]}
    cast.uzima.save(update_fields=["settings"])
    add(shop, make_medicine(cast.uzima))
    data = form_of(shop, way="delivery:Karen", address="Bogani Road 3", notes="Blue gate")
    # Named zones are all that is delivered to: there is no way at the flat fee.
    assert json.loads(data["shown"]) == {"pickup": "100.00", "delivery:Westlands": "280.00", "delivery:Karen": "500.00"}
    assert shop.post("/pharmacy/checkout/", data).status_code == 302
    with clinic_context(cast.uzima):
        order = Order.objects.get()
    assert (order.delivery_fee, order.delivery_zone, order.delivery_address) == (400, "Karen", "Bogani Road 3")


def test_cancelling_shows_the_money_first_and_checks_it_again(cast, shop, provider):  # noqa: F811
    order = pay_for(cast.uzima, place(cast.uzima, cast.patient, (make_medicine(cast.uzima), 2)), provider)
    page = shop.get(f"/orders/{order.pk}/cancel/")
    assert "KES 200" in text_of(page)
    assert shop.post(f"/orders/{order.pk}/cancel/", {"expected_refund": "1"}).status_code == 409
    for data in ({"expected_refund": "x"}, {}):
        assert shop.post(f"/orders/{order.pk}/cancel/", data).status_code == 400
    assert refunds_of(cast.uzima, order) == []
    assert (
        shop.post(f"/orders/{order.pk}/cancel/", {"expected_refund": "200", "reason": "Found some"}).status_code == 302
    )
    assert refunds_of(cast.uzima, order) == [200]
    assert "KES 200" in text_of(shop.get(f"/orders/{order.pk}/"))


def test_what_is_on_its_way_is_not_cancelled_and_shows_its_courier(cast, shop, provider):  # noqa: F811
    order = pay_for(cast.uzima, place(cast.uzima, cast.patient, (make_medicine(cast.uzima), 2)), provider)
    with clinic_context(cast.uzima):
        Order.objects.update(
            status="dispatched", dispatched_at=timezone.now(), courier_name="Juma", courier_phone="+254711111111"
        )
    assert shop.post(f"/orders/{order.pk}/cancel/", {"expected_refund": "200"}).status_code == 302
    text = text_of(shop.get(f"/orders/{order.pk}/"))
    assert "Juma" in text
    assert "+254711111111" in text
    assert refunds_of(cast.uzima, order) == []


def test_nobody_else_opens_an_order(cast, at_clinic, shop):
    order = place(cast.uzima, cast.patient, (make_medicine(cast.uzima), 2))
    paths = [f"/orders/{order.pk}/{rest}" for rest in ("", "cancel/", "receipt/", "pay/", "pay/status/", "pay/return/")]
    stranger, nobody = at_clinic(cast.uzima, cast.other_patient.user), at_clinic(cast.uzima)
    for path in paths:
        assert stranger.get(path).status_code == 404, path
        assert nobody.get(path).status_code == 302, path
    elsewhere = at_clinic(cast.pwani, cast.patient.user)
    assert elsewhere.get(paths[0]).status_code == 404


def test_an_ended_order_offers_to_order_again(cast, shop):
    order = place(cast.uzima, cast.patient, (make_medicine(cast.uzima), 2))
    with clinic_context(cast.uzima):
        Order.objects.update(hold_expires_at=timezone.now() - timedelta(seconds=1))
    text = text_of(shop.get(f"/orders/{order.pk}/pay/"))
    assert "no longer held" in text
    assert shop.get(f"/orders/{order.pk}/pay/status/").json() == {"status": "ended"}


def test_my_orders_over_all_clinics_cost_the_same(cast, at_platform, provider, django_assert_max_num_queries):  # noqa: F811
    paid = pay_for(cast.uzima, place(cast.uzima, cast.patient, (make_medicine(cast.uzima), 2)), provider)
    factories.link_patient(cast.patient, cast.pwani)
    other = place(cast.pwani, cast.patient, (make_medicine(cast.pwani, "Ibuprofen"), 1))
    client = at_platform(cast.patient.user)
    client.get("/me/orders/")
    with django_assert_max_num_queries(9):
        page = client.get("/me/orders/")
    assert {row.id for row in page.context["page"].object_list} == {paid.pk, other.pk}
    assert client.get("/me/orders/?state=x&person=y&page=-1").status_code == 200
    assert client.get("/me/orders/?state=cancelled&page=99").status_code == 200
    assert client.get("/me/timeline/?kind=order").context["total"] == 1


def test_the_checkout_is_few_statements(cast, shop, django_assert_max_num_queries):
    for name in ("Paracetamol", "Ibuprofen", "Cetirizine"):
        add(shop, make_medicine(cast.uzima, name))
    data = form_of(shop)
    with django_assert_max_num_queries(25):
        assert shop.post("/pharmacy/checkout/", data).status_code == 302
    with clinic_context(cast.uzima):
        assert OrderItem.objects.count() == 3


# Cash at the desk


@pytest.fixture
def front_desk(cast, at_clinic):
    return at_clinic(cast.uzima, cast.staff)


def cash_url(order):
    return f"/admin/desk/payments/{order.payment_id}/cash/"


def test_cash_places_a_held_order(cast, front_desk):
    order = place(cast.uzima, cast.patient, (make_medicine(cast.uzima), 2))
    page = text_of(front_desk.get(cash_url(order)))
    assert "KES 200" in page and order.number in page and "The visit" not in page
    assert cash_url(order) in text_of(front_desk.get(f"/admin/payments/payment/{order.payment_id}/change/"))
    assert "noted as taken by you" in text_of(front_desk.post(cash_url(order), follow=True))
    with clinic_context(cast.uzima):
        order.refresh_from_db()
        payment = Payment.objects.get()
    assert (order.status, payment.method, payment.taken_by_id) == ("placed", "cash", cast.staff.pk)
    assert broken_invariants(cast.uzima) == {}


@pytest.mark.parametrize("how", ["cancelled", "expired", "let go"])
def test_no_cash_is_taken_for_an_order_that_is_not_held_any_more(cast, front_desk, how):
    order = place(cast.uzima, cast.patient, (make_medicine(cast.uzima), 2))
    with clinic_context(cast.uzima):
        if how == "cancelled":
            cancel_order(order=order, by_user=cast.patient.user, side="patient")
        else:
            Order.objects.update(hold_expires_at=timezone.now() - timedelta(minutes=1))
        if how == "let go":
            release_order(Order.objects.get(), now=timezone.now())
    assert cash_url(order) not in text_of(front_desk.get(f"/admin/payments/payment/{order.payment_id}/change/"))
    for answer in (front_desk.get(cash_url(order), follow=True), front_desk.post(cash_url(order), follow=True)):
        assert "take no cash for it" in text_of(answer)
    with clinic_context(cast.uzima):
        assert Payment.objects.get().status == "pending"
    assert refunds_of(cast.uzima, order) == []


def test_cash_for_an_order_that_is_cancelled_at_that_moment_is_not_noted(cast):
    order = place(cast.uzima, cast.patient, (make_medicine(cast.uzima), 2))
    with clinic_context(cast.uzima):
        payment = order_paying.begin_attempt(order=order, method="cash")
        cancel_order(order=order, by_user=cast.patient.user, side="patient")
        with pytest.raises(HoldEnded):
            take_cash(payment=payment, taken_by=cast.staff)
        assert Payment.objects.get().status == "pending"
    assert refunds_of(cast.uzima, order) == []
