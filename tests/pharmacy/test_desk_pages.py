"""The pharmacy desk's pages: what they show, to whom, what they refuse, and with how few statements."""

from datetime import date, timedelta

import pytest

from pharmacy.models import Order, Substitution
from pharmacy.services import desk as services
from pharmacy.services import substitution
from precta.audit.models import AuditLog
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.conftest import statements  # noqa: F401 - a fixture
from tests.pharmacy.conftest import issue, line
from tests.pharmacy.desk_helpers import (
    add_batch,
    batches_of,
    books,
    given,
    item_of,
    paid_order,
    refunds,
    stocked,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_provider(monkeypatch):
    monkeypatch.setattr("precta.payments.tasks.submit_refund", lambda *args, **kwargs: None)


@pytest.fixture
def people(cast):
    return {
        "pharmacist": factories.make_staff(cast.uzima, "pharmacist"),
        "owner": cast.owner,
        "manager": factories.make_staff(cast.uzima, "manager"),
        "front_desk": cast.staff,
    }


@pytest.fixture
def counter(cast, at_clinic, people):
    """`counter("owner")` → a client of Uzima's staff in that role."""
    return lambda role="pharmacist": at_clinic(cast.uzima, people[role])


def url(order, *rest):
    return "/admin/desk/orders/" + "".join(f"{part}/" for part in (order.pk, *rest))


def shown(client, address, status=200, **data):
    answer = client.get(address, data)
    assert answer.status_code == status
    return answer.content.decode().replace("\xa0", " ")


def said(answer):
    return [str(message) for message in answer.context["messages"]]


def status_of(cast, order):
    with clinic_context(cast.uzima):
        return Order.objects.values_list("status", flat=True).get(pk=order.pk)


# The queue


def test_the_queue_shows_each_order_in_its_tab_the_oldest_first(cast, counter):
    medicine = stocked(cast.uzima, "Zinc", (90, 400))
    rows = {
        status: paid_order(cast.uzima, cast.patient, (medicine, 1), status=status)
        for status in ("placed", "processing", "dispatched", "delivered", "cancelled", "pending_payment")
    }
    older = paid_order(cast.uzima, cast.other_patient, (medicine, 2), ago=timedelta(hours=3))
    late = paid_order(cast.uzima, cast.other_patient, (medicine, 2), ago=timedelta(hours=30))
    first = shown(counter(), "/admin/desk/orders/")
    assert first.index(late.number) < first.index(older.number) < first.index(rows["placed"].number)
    assert 'class="bad"' in first and 'class="warn"' in first
    tabs = {"preparing": ["processing"], "on_the_way": ["dispatched"], "done": ["delivered", "cancelled"]}
    for tab, held in tabs.items():
        page = shown(counter(), "/admin/desk/orders/", tab=tab)
        assert {status for status, row in rows.items() if row.number in page} == set(held)


@pytest.mark.parametrize(
    "query",
    [
        lambda order: {"q": order.number},
        lambda order: {"q": "#" + order.number.lower()},
        lambda order: {"q": "amina has"},
        lambda order: {"q": "0712 345 678"},
        lambda order: {"q": "+254712345678"},
        lambda order: {"how": "pickup"},
    ],
)
def test_an_order_is_found_by_number_name_phone_and_way(cast, counter, query):
    medicine = stocked(cast.uzima)
    wanted = paid_order(cast.uzima, cast.patient, (medicine, 1), delivery=False)
    other = paid_order(cast.uzima, cast.other_patient, (medicine, 1), contact_phone="+254799000111")
    page = shown(counter(), "/admin/desk/orders/", **query(wanted))
    assert (wanted.number in page, other.number in page) == (True, False)


def test_the_record_of_an_order_speaks_of_money_and_of_nothing_in_words(cast, counter):
    order = paid_order(cast.uzima, cast.patient, (stocked(cast.uzima), 1), delivery=False)
    page = shown(counter("owner"), f"/admin/pharmacy/order/{order.pk}/change/")
    assert f"KES {order.total_amount:,.0f}" in page and "KES 0" in page
    assert ">None<" not in page and '<div class="readonly">–</div>' in page


@pytest.mark.parametrize("query", ["tab=nonsense&how=x&page=-1", "q=%25%27%22", "page=9999", "q=" + "a" * 500])
def test_an_odd_address_of_the_queue_shows_the_queue(counter, query):
    assert counter().get(f"/admin/desk/orders/?{query}").status_code == 200


def test_a_full_queue_takes_as_few_statements_as_an_empty_one(cast, counter, statements):  # noqa: F811
    client = counter()
    medicine = stocked(cast.uzima, "Zinc", (200, 400))
    paid_order(cast.uzima, cast.patient, (medicine, 1))
    client.get("/admin/desk/orders/")
    statements.clear()
    client.get("/admin/desk/orders/")
    few = len(statements)
    for _ in range(30):
        paid_order(cast.uzima, cast.other_patient, (medicine, 2))
    statements.clear()
    page = shown(client, "/admin/desk/orders/")
    assert page.count('class="dq-who"') == 25
    assert len(statements) == few <= 12


# An order's page


def test_the_page_shows_lines_batches_and_allergies(cast, counter):
    cast.patient.allergies = ["Penicillin"]
    cast.patient.save()
    medicine = stocked(cast.uzima, "Amoxicillin", (2, 30), (10, 400), strength="500 mg")
    order = paid_order(cast.uzima, cast.patient, (medicine, 3), status="processing")
    page = shown(counter(), url(order))
    first, second = batches_of(cast.uzima, medicine)
    assert page.index(first.number) < page.index(second.number)
    # The first to expire is emptied first, the rest comes from the next.
    assert f'name="batch-{first.pk}" value="2"' in page
    assert f'name="batch-{second.pk}" value="1"' in page
    assert "Allergy “Penicillin”" in page
    assert "Kilimani, Nairobi" in page


def test_the_prescriptions_line_stands_beside_the_orders(cast, counter, visit):
    prescription = issue(visit, line("Zinc 20 mg tablet", dosage="2 tablets", instructions="After food"))
    medicine = stocked(cast.uzima, "Zinc")
    order = paid_order(cast.uzima, cast.patient, (medicine, 3, 0), prescription=prescription)
    page = shown(counter(), url(order))
    assert "2 tablets · 3 times a day · 5 days" in page and "After food" in page
    assert f"/prescriptions/{prescription.pk}/" in page
    with clinic_context(cast.uzima):
        seen = set(AuditLog.objects.values_list("action", "resource_id"))
    assert {("order.viewed", order.pk), ("prescription.viewed", prescription.pk)} <= seen


@pytest.mark.parametrize("status", ["placed", "processing", "dispatched"])
def test_a_replaced_prescription_is_seen_wherever_the_order_is(cast, counter, visit, status):
    prescription = issue(visit, line("Zinc 20 mg tablet"))
    medicine = stocked(cast.uzima, "Zinc", strength="20 mg", is_prescription_only=True)
    order = paid_order(cast.uzima, cast.patient, (medicine, 1, 0), status=status, prescription=prescription)
    client = counter()
    assert "eplaced" not in shown(client, url(order))
    issue(visit, line("Zinc 10 mg tablet"), replaces=prescription, replacement_reason="Wrong strength")
    page = shown(client, url(order))
    assert "The doctor replaced this prescription" in page and "Not to be given out" in page
    assert "/dispense/" not in page and "/substitute/" not in page
    assert ("/take-out/" in page) == (status != "dispatched")
    tab = {"placed": "prepare", "processing": "preparing", "dispatched": "on_the_way"}[status]
    assert "Prescription replaced" in shown(client, "/admin/desk/orders/", tab=tab)
    assert "Not to be given out" in shown(client, url(order, "pick-list"))
    [batch] = batches_of(cast.uzima, medicine)
    posted = {"left": "1", f"batch-{batch.pk}": "1"}
    answer = client.post(url(order, "lines", item_of(cast.uzima, order).pk, "dispense"), posted, follow=True)
    assert ("the patient can order from the new one" in said(answer)[-1]) == (status == "processing")
    assert given(cast.uzima, order) == 0


def test_expired_and_set_aside_batches_are_not_offered_and_what_lacks_is_said(cast, counter):
    medicine = stocked(cast.uzima, "Zinc", (5, 400))
    order = paid_order(cast.uzima, cast.patient, (medicine, 5), status="processing")
    [good] = batches_of(cast.uzima, medicine)
    with clinic_context(cast.uzima):
        type(good).objects.filter(pk=good.pk).update(on_hand=2)
    old = add_batch(cast.uzima, medicine, 5, -2)
    page = shown(counter(), url(order))
    assert good.number in page and f"batch-{old.pk}" not in page
    assert "The shelf lacks 3 packs of this line" in page


def test_a_page_of_many_lines_takes_few_statements(cast, counter, statements):  # noqa: F811
    client = counter()
    one = paid_order(cast.uzima, cast.patient, (stocked(cast.uzima), 1), status="processing")
    lines = [(stocked(cast.uzima, f"Medicine{n}", (9, 90), (9, 300)), 3) for n in range(8)]
    many = paid_order(cast.uzima, cast.patient, *lines, status="processing")
    client.get(url(one))
    statements.clear()
    client.get(url(one))
    few = len(statements)
    statements.clear()
    shown(client, url(many))
    assert len(statements) == few <= 24


# What the desk does


def test_the_desk_prepares_dispenses_sends_off_and_hands_over(cast, counter):
    medicine = stocked(cast.uzima, "Zinc", (2, 40), (10, 400))
    order = paid_order(cast.uzima, cast.patient, (medicine, 3))
    client, item = counter(), item_of(cast.uzima, order)
    first, second = batches_of(cast.uzima, medicine)
    client.post(url(order, "begin"))
    data = {"left": "3", f"batch-{first.pk}": "2", f"batch-{second.pk}": "1"}
    client.post(url(order, "lines", item.pk, "dispense"), data)
    assert given(cast.uzima, order) == 3
    refused = client.post(url(order, "dispatch"), {"courier_name": "Otieno", "courier_phone": "12"})
    assert refused.status_code == 400 and "0712 345 678" in refused.content.decode()
    client.post(url(order, "dispatch"), {"courier_name": "Otieno", "courier_phone": "0722 000111"})
    client.post(url(order, "courier"), {"courier_name": "Otieno", "courier_phone": "0733000111"})
    page = shown(client, url(order))
    assert "+254 733 000 111" in page or "0733" in page
    client.post(url(order, "deliver"), {"received_by": "Amina's sister"})
    with clinic_context(cast.uzima):
        row = Order.objects.get(pk=order.pk)
    assert (row.status, row.courier_phone, row.received_by) == ("delivered", "+254733000111", "Amina's sister")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"left": "2"}, "Choose from one to 2 packs"),
        ({"left": "x"}, "Write whole packs"),
        ({"left": "2", "batch": "-1"}, "Write whole packs"),
        ({"left": "2", "batch": "1.5"}, "Write whole packs"),
        ({"left": "2", "batch": "9" * 30}, "Write whole packs"),
        ({"left": "2", "batch": "3"}, "Choose from one to 2 packs"),
        ({"left": "1", "batch": "1"}, "Somebody worked on this line"),
        ({"left": "2", "unknown": "1"}, "Nothing is given out of that batch"),
        ({"left": "2", "batch-\x00": "1"}, "Nothing is given out of that batch"),
        ({"left": "2", "batch-": "1"}, "Nothing is given out of that batch"),
        ({"left": "2", "batch-\u0663": "1"}, "Nothing is given out of that batch"),
    ],
)
def test_odd_numbers_of_packs_are_refused_and_said(cast, counter, data, words):
    medicine = stocked(cast.uzima)
    order = paid_order(cast.uzima, cast.patient, (medicine, 2), status="processing")
    [batch] = batches_of(cast.uzima, medicine)
    names = {"batch": f"batch-{batch.pk}", "unknown": "batch-" + "z" * 60}
    posted = {names.get(name, name): value for name, value in data.items()}
    answer = counter().post(url(order, "lines", item_of(cast.uzima, order).pk, "dispense"), posted, follow=True)
    assert words in said(answer)[-1]
    assert (given(cast.uzima, order), books(cast.uzima, medicine)) == (0, (18, 20))


def test_a_second_pharmacist_is_told_and_sees_how_it_stands(cast, counter):
    medicine = stocked(cast.uzima)
    order = paid_order(cast.uzima, cast.patient, (medicine, 2), status="processing")
    [batch] = batches_of(cast.uzima, medicine)
    address = url(order, "lines", item_of(cast.uzima, order).pk, "dispense")
    data = {"left": "2", f"batch-{batch.pk}": "2"}
    counter().post(address, data)
    answer = counter("owner").post(address, data, follow=True)
    assert "Somebody worked on this line a moment ago" in said(answer)[-1]
    assert given(cast.uzima, order) == 2
    again = counter("owner").post(url(order, "begin"), follow=True)
    assert "Being prepared" in said(again)[0]


def test_an_empty_form_is_a_form_with_mistakes(cast, counter, people):
    medicine, other = stocked(cast.uzima), stocked(cast.uzima, "Loratadine")
    order = paid_order(cast.uzima, cast.patient, (medicine, 2), (other, 1), status="processing")
    sent = paid_order(cast.uzima, cast.patient, (medicine, 1), status="dispatched", courier_name="Otieno")
    first, second = item_of(cast.uzima, order), item_of(cast.uzima, order, 2)
    with clinic_context(cast.uzima):
        asked = substitution.propose(item=second, medicine=medicine, quantity=1, reason="Out", by_user=people["owner"])
    client = counter()
    for address in (
        url(order, "cancel"),
        url(sent, "deliver"),
        url(sent, "courier"),
        url(order, "lines", first.pk, "substitute"),
        url(order, "lines", first.pk, "take-out"),
        url(order, "substitutions", asked.pk, "answer"),
    ):
        assert client.post(address, {}).status_code == 400, address


def test_dispensed_packs_are_put_back_from_the_page(cast, counter, people):
    medicine = stocked(cast.uzima)
    order = paid_order(cast.uzima, cast.patient, (medicine, 2), status="processing")
    [batch] = batches_of(cast.uzima, medicine)
    with clinic_context(cast.uzima):
        row = services.dispense(item=item_of(cast.uzima, order), batch=batch, quantity=2, by_user=people["pharmacist"])
    assert counter().post(url(order, "dispensings", row.pk, "undo")).status_code == 302
    assert given(cast.uzima, order) == 0
    other = paid_order(cast.uzima, cast.patient, (medicine, 1), status="processing")
    assert counter().post(url(other, "dispensings", row.pk, "undo")).status_code == 404


def test_cancelling_shows_what_goes_back_and_asks_again_when_it_is_another_amount(cast, counter):
    medicine = stocked(cast.uzima)
    order = paid_order(cast.uzima, cast.patient, (medicine, 2), status="processing")
    client = counter()
    assert "KES 400" in shown(client, url(order, "cancel"))
    stale = client.post(url(order, "cancel"), {"reason": "None left", "shown": "300"})
    assert (stale.status_code, status_of(cast, order)) == (409, "processing")
    assert client.post(url(order, "cancel"), {"reason": "", "shown": "400"}).status_code == 400
    client.post(url(order, "cancel"), {"reason": "None left", "shown": "400"})
    assert (status_of(cast, order), refunds(cast.uzima, order)) == ("cancelled", [400])
    assert "None left" in shown(client, url(order))


def test_packs_are_taken_out_with_the_refund_shown_before(cast, counter):
    medicine = stocked(cast.uzima)
    order = paid_order(cast.uzima, cast.patient, (medicine, 3), status="processing")
    item, client = item_of(cast.uzima, order), counter()
    page = shown(client, url(order, "lines", item.pk, "take-out"))
    # Nothing left of its only line is the whole order, the delivery's fee with it.
    assert "KES 500" in page and "KES 200" in page and "KES 100" in page
    for data in ({"keep": "3"}, {"keep": "-1"}, {"keep": "x"}, {"keep": "1", "reason": ""}):
        posted = {"reason": "Broken", "shown": "3"} | data
        assert client.post(url(order, "lines", item.pk, "take-out"), posted).status_code == 400
    posted = {"keep": "1", "reason": "Broken", "shown": "3"}
    client.post(url(order, "lines", item.pk, "take-out"), posted)
    assert (refunds(cast.uzima, order), books(cast.uzima, medicine)) == ([200], (19, 20))
    answer = client.post(
        url(order, "lines", item.pk, "take-out"), {"keep": "0", "reason": "Gone", "shown": "3"}, follow=True
    )
    assert "Somebody worked on this line" in said(answer)[-1]
    answer = client.post(
        url(order, "lines", item.pk, "take-out"), {"keep": "0", "reason": "Gone", "shown": "1"}, follow=True
    )
    assert "the order is cancelled" in said(answer)[-1]
    assert (status_of(cast, order), sum(refunds(cast.uzima, order))) == ("cancelled", 500)


def test_another_medicine_is_proposed_and_the_phone_answer_noted(cast, counter):
    medicine = stocked(cast.uzima)
    other = stocked(cast.uzima, "Cetirizine", (10, 90), brand_name="Alerid", price=80)
    order = paid_order(cast.uzima, cast.patient, (medicine, 2), status="processing")
    item, client = item_of(cast.uzima, order), counter()
    page = shown(client, url(order, "lines", item.pk, "substitute"))
    assert "Alerid" in page and "KES 160" in page
    address, packs = url(order, "lines", item.pk, "substitute"), f"packs-{other.pk}"
    assert client.post(address, {"medicine": other.pk, packs: "2", "reason": ""}).status_code == 400
    assert client.post(address, {"medicine": "nothing", "packs-nothing": "2", "reason": "Out"}).status_code == 404
    client.post(address, {"medicine": other.pk, packs: "2", "reason": "Out"})
    with clinic_context(cast.uzima):
        asked = Substitution.objects.get()
    assert "Waits for the patient" in shown(client, "/admin/desk/orders/", tab="preparing")
    answer = url(order, "substitutions", asked.pk, "answer")
    assert "KES 40" in shown(client, answer)
    assert client.post(answer, {"answer": "yes", "consent": ""}).status_code == 400
    client.post(answer, {"answer": "yes", "consent": "On the phone, herself"})
    page = shown(client, url(order))
    assert "On the phone, herself" in page and "Alerid" in page
    assert refunds(cast.uzima, order) == [40]
    assert client.get(answer).status_code == 302


def test_each_substitute_goes_with_its_own_number_of_packs(cast, counter):
    ordered = stocked(cast.uzima)
    big = stocked(cast.uzima, "Cetirizine", (10, 90), brand_name="Alerid", pack_size=20)
    small = stocked(cast.uzima, "Cetirizine", (90, 90), brand_name="Zyncet", pack_size=5)
    order = paid_order(cast.uzima, cast.patient, (ordered, 2), status="processing")
    client, address = counter(), url(order, "lines", item_of(cast.uzima, order).pk, "substitute")
    offered = {one.medicine.pk: typed for one, typed in client.get(address).context["candidates"]}
    assert offered == {big.pk: 1, small.pk: 4}
    sent = {"medicine": small.pk, "reason": ""} | {f"packs-{medicine}": number for medicine, number in offered.items()}
    again = client.post(address, sent | {f"packs-{small.pk}": "3"})
    assert again.status_code == 400
    assert {one.medicine.pk: typed for one, typed in again.context["candidates"]}[small.pk] == "3"
    client.post(address, sent | {"reason": "Out"})
    with clinic_context(cast.uzima):
        asked = Substitution.objects.get()
    assert (asked.medicine_id, asked.quantity) == (small.pk, 4)


def test_a_question_is_taken_back(cast, counter, people):
    medicine, other = stocked(cast.uzima), stocked(cast.uzima, "Loratadine")
    order = paid_order(cast.uzima, cast.patient, (medicine, 2))
    with clinic_context(cast.uzima):
        asked = substitution.propose(
            item=item_of(cast.uzima, order), medicine=other, quantity=2, reason="Out", by_user=people["owner"]
        )
    counter().post(url(order, "substitutions", asked.pk, "withdraw"))
    with clinic_context(cast.uzima):
        assert Substitution.objects.get().status == "withdrawn"


# Papers


def test_labels_are_a_pdf_of_the_dispensed_lines_in_the_patients_language(cast, counter, people, visit):
    cast.patient.preferred_language = "sw"
    cast.patient.save()
    prescription = issue(visit, line("Cetirizine 10 mg tablet", dosage="2 tablets"))
    medicine = stocked(cast.uzima)
    order = paid_order(cast.uzima, cast.patient, (medicine, 1, 0), status="processing", prescription=prescription)
    client = counter()
    assert client.get(url(order, "labels")).status_code == 302
    [batch] = batches_of(cast.uzima, medicine)
    with clinic_context(cast.uzima):
        services.dispense(item=item_of(cast.uzima, order), batch=batch, quantity=1, by_user=people["pharmacist"])
    answer = client.get(url(order, "labels"))
    assert (answer.status_code, answer["Content-Type"], answer.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert "no-store" in answer["Cache-Control"]
    with clinic_context(cast.uzima):
        assert AuditLog.objects.filter(action="order.labels_printed", resource_id=order.pk).count() == 1


def test_a_label_says_whose_it_is_how_to_take_it_and_where_it_came_from(cast, people, visit):
    from pharmacy.models import Prescription
    from pharmacy.pdf.labels import inputs_of
    from pharmacy.selectors_desk import lines_of
    from pharmacy.states import today_at

    prescription = issue(visit, line("Cetirizine 10 mg tablet", dosage="2 tablets", instructions="After food"))
    medicine = stocked(cast.uzima, "Cetirizine", (1, 40), (9, 400))
    order = paid_order(cast.uzima, cast.patient, (medicine, 2, 0), status="processing", prescription=prescription)
    with clinic_context(cast.uzima):
        packs = [(batch.pk, 1) for batch in batches_of(cast.uzima, medicine)]
        services.dispense_from(item=item_of(cast.uzima, order), packs=packs, by_user=people["pharmacist"])
        order.prescription = Prescription.objects.get(pk=prescription.pk)
        lines = lines_of(order, today_at(cast.uzima))
        data = inputs_of(order, lines, cast.uzima)["data"]
    for words in (
        "Amina Hassan",
        "Cetirizine 10 mg",
        "2 tablets · 3 times a day · 5 days",
        "After food",
        cast.uzima.name,
    ):
        assert words in data
    for batch in batches_of(cast.uzima, medicine):
        assert batch.number in data
    assert people["pharmacist"].email in data


def test_a_label_never_shows_the_doctors_dose_beside_another_strength(cast, counter, visit):
    from pharmacy.pdf.labels import inputs_of
    from pharmacy.selectors_desk import lines_of
    from pharmacy.states import today_at

    prescription = issue(visit, line("Cetirizine 20 mg tablet", dosage="2 tablets", instructions="Two at once"))
    medicine = stocked(cast.uzima, "Cetirizine")
    order = paid_order(cast.uzima, cast.patient, (medicine, 2, 0), status="processing", prescription=prescription)
    client, item = counter(), item_of(cast.uzima, order)
    [batch] = batches_of(cast.uzima, medicine)
    page = shown(client, url(order))
    field = page[page.index('name="directions"') : page.index("</textarea>")]
    assert "required" in field and "tablets" not in field and "not exactly what the doctor wrote" in page
    address = url(order, "lines", item.pk, "dispense")
    posted = {"left": "2", f"batch-{batch.pk}": "1"}
    for words in ("", "x" * 701, "4\u202e"):
        answer = client.post(address, posted | {"directions": words})
        page = answer.content.decode()
        assert answer.status_code == 400 and said(answer)
        assert f'name="batch-{batch.pk}" value="1"' in page and f"{words}</textarea>" in page
    assert given(cast.uzima, order) == 0
    assert client.post(address, posted | {"directions": "4 tablets at night\r\nWith water"}).status_code == 302
    assert "4 tablets at night<br>With water" in shown(client, url(order))
    with clinic_context(cast.uzima):
        data = inputs_of(order, lines_of(order, today_at(cast.uzima)), cast.uzima)["data"]
    assert '"how": "4 tablets at night"' in data and '"note": "With water"' in data
    assert "2 tablets" not in data and "Two at once" not in data


def test_the_doctors_words_are_proposed_for_exactly_what_was_written(cast, counter, visit):
    prescription = issue(visit, line("Cetirizine 10 mg tablet", dosage="2 tablets"))
    order = paid_order(
        cast.uzima,
        cast.patient,
        (stocked(cast.uzima, "Cetirizine"), 2, 0),
        status="processing",
        prescription=prescription,
    )
    page = shown(counter(), url(order))
    field = page[page.index('name="directions"') : page.index("</textarea>")]
    assert "2 tablets · 3 times a day · 5 days" in field and "required" not in field


@pytest.mark.parametrize("written", ["= Heading #panic()", "*bold* $x$ <b>", "\u4e2d\u6587 \U0001f600"])
def test_a_label_shows_what_was_written_as_text(cast, people, visit, written):
    from pharmacy.pdf.labels import draw_labels
    from pharmacy.selectors_desk import lines_of
    from pharmacy.states import today_at

    prescription = issue(visit, line("Cetirizine 10 mg tablet", instructions=written))
    medicine = stocked(cast.uzima, "Cetirizine")
    order = paid_order(cast.uzima, cast.patient, (medicine, 1, 0), status="processing", prescription=prescription)
    [batch] = batches_of(cast.uzima, medicine)
    with clinic_context(cast.uzima):
        services.dispense(item=item_of(cast.uzima, order), batch=batch, quantity=1, by_user=people["pharmacist"])
        assert draw_labels(order, lines_of(order, today_at(cast.uzima)), cast.uzima)[:5] == b"%PDF-"


def test_the_pick_list_says_what_to_take_from_where(cast, counter):
    medicine = stocked(cast.uzima, "Zinc", (2, 40), (10, 400))
    order = paid_order(cast.uzima, cast.patient, (medicine, 3), status="processing")
    page = shown(counter(), url(order, "pick-list"))
    first, second = batches_of(cast.uzima, medicine)
    assert f"2 × {first.number}" in page and f"1 × {second.number}" in page


# Who may


GETS = ("", "dispatch/", "courier/", "deliver/", "cancel/", "pick-list/", "labels/")
POSTS = ("begin/", "dispatch/", "courier/", "deliver/", "cancel/")


@pytest.mark.parametrize("role", ["manager", "front_desk"])
def test_who_does_not_dispense_sees_nothing_of_it(cast, counter, role):
    order = paid_order(cast.uzima, cast.patient, (stocked(cast.uzima), 1), status="processing")
    client, item = counter(role), item_of(cast.uzima, order)
    assert client.get("/admin/desk/orders/").status_code == 403
    for part in GETS:
        assert client.get(url(order) + part).status_code == 403
    for part in (*POSTS, f"lines/{item.pk}/dispense/", f"lines/{item.pk}/substitute/", f"lines/{item.pk}/take-out/"):
        assert client.post(url(order) + part).status_code == 403
    assert "Pharmacy desk" not in shown(client, "/admin/")
    assert client.get("/admin/pharmacy/order/").status_code == 403
    assert status_of(cast, order) == "processing"


def test_another_clinics_order_and_an_unpaid_one_are_not_there(cast, at_clinic, counter):
    medicine = stocked(cast.uzima)
    order = paid_order(cast.uzima, cast.patient, (medicine, 1), status="processing")
    unpaid = paid_order(cast.uzima, cast.patient, (medicine, 1), status="pending_payment")
    elsewhere = at_clinic(cast.pwani, factories.make_staff(cast.pwani, "pharmacist"))
    for part in GETS:
        assert elsewhere.get(url(order) + part).status_code == 404
        assert counter().get(url(unpaid) + part).status_code == 404
    for part in POSTS:
        assert elsewhere.post(url(order) + part).status_code == 404
    other = paid_order(cast.uzima, cast.patient, (medicine, 1), status="processing")
    strange = item_of(cast.uzima, other)
    for act in ("dispense", "substitute", "take-out"):
        assert counter().post(url(order, "lines", strange.pk, act)).status_code == 404


def test_acts_take_posts_only_and_pages_no_other_methods(cast, counter):
    order = paid_order(cast.uzima, cast.patient, (stocked(cast.uzima), 1))
    client = counter()
    assert client.get(url(order, "begin")).status_code == 405
    assert client.post(url(order)).status_code == 405
    assert client.put(url(order, "cancel")).status_code == 405
    assert status_of(cast, order) == "placed"


# The admin's list, and what waits


def test_the_list_is_for_looking_and_the_owner_exports_it(cast, counter):
    order = paid_order(cast.uzima, cast.patient, (stocked(cast.uzima), 1))
    page = shown(counter("owner"), "/admin/pharmacy/order/")
    assert order.number in page
    assert order.number in shown(counter(), f"/admin/pharmacy/order/{order.pk}/change/")
    assert counter().post(f"/admin/pharmacy/order/{order.pk}/change/", {"status": "delivered"}).status_code == 403
    assert status_of(cast, order) == "placed"
    export = counter("owner").get("/admin/pharmacy/order/export/")
    body = b"".join(export.streaming_content) if export.streaming else export.content
    assert (export.status_code, order.number in body.decode()) == (200, True)
    assert counter().get("/admin/pharmacy/order/export/").status_code == 403


def test_the_dashboard_says_what_waits(cast, counter, people):
    medicine, other = stocked(cast.uzima), stocked(cast.uzima, "Loratadine")
    paid_order(cast.uzima, cast.patient, (medicine, 1), ago=timedelta(hours=3))
    order = paid_order(cast.uzima, cast.patient, (medicine, 2), status="processing")
    with clinic_context(cast.uzima):
        substitution.propose(
            item=item_of(cast.uzima, order), medicine=other, quantity=2, reason="Out", by_user=people["owner"]
        )
    page = shown(counter(), "/admin/")
    for words in ("Orders to prepare", "the oldest since 3 hours", "Orders being prepared", "wait for a patient"):
        assert words in page


def test_every_act_stands_in_the_trail_in_words(cast):
    from clinics.trail_words import ACTS

    named = {
        *("order.processing", "order.dispensed", "order.dispensing_undone", "order.dispatched", "order.delivered"),
        *("order.courier_changed", "order.viewed", "order.labels_printed", "order.pick_list_printed"),
        *("substitution.proposed", "substitution.accepted", "substitution.declined", "substitution.withdrawn"),
    }
    assert named <= set(ACTS)


# The patient's answer


@pytest.fixture
def asked(cast, people):
    medicine, other = stocked(cast.uzima), stocked(cast.uzima, "Cetirizine", brand_name="Alerid", price=80)
    order = paid_order(cast.uzima, cast.patient, (medicine, 2), status="processing")
    with clinic_context(cast.uzima):
        row = substitution.propose(
            item=item_of(cast.uzima, order),
            medicine=other,
            quantity=2,
            reason="Sold out for two weeks",
            by_user=people["pharmacist"],
        )
    row.item.order = order
    return row


def answer_url(asked, word):
    return f"/orders/{asked.item.order_id}/substitutions/{asked.pk}/{word}/"


@pytest.mark.parametrize(("word", "status", "back"), [("accept", "accepted", [40]), ("decline", "declined", [])])
def test_the_patient_answers_on_the_orders_page(cast, at_clinic, asked, word, status, back):
    client = at_clinic(cast.uzima, cast.patient.user)
    page = shown(client, f"/orders/{asked.item.order_id}/")
    assert "Sold out for two weeks" in page and "Alerid" in page and "KES 40" in page
    answer = client.post(answer_url(asked, word), follow=True)
    assert "Thank you" in said(answer)[-1]
    assert "Sold out for two weeks" not in answer.content.decode()
    with clinic_context(cast.uzima):
        assert Substitution.objects.get().status == status
    assert refunds(cast.uzima, asked.item.order) == back
    again = client.post(answer_url(asked, "accept"), follow=True)
    assert "answered before" in said(again)[-1]
    assert refunds(cast.uzima, asked.item.order) == back


def test_a_guardian_answers_for_a_child(cast, at_clinic, people):
    from accounts.services.family import add_child

    child = add_child(
        guardian=cast.patient,
        by=cast.patient.user,
        relation="parent",
        values={"first_name": "Zawadi", "last_name": "Hassan", "date_of_birth": date(2022, 5, 1)},
    ).child
    medicine, other = stocked(cast.uzima), stocked(cast.uzima, "Loratadine")
    order = paid_order(cast.uzima, child, (medicine, 2), placed_by=cast.patient.user)
    with clinic_context(cast.uzima):
        row = substitution.propose(
            item=item_of(cast.uzima, order), medicine=other, quantity=2, reason="Out", by_user=people["owner"]
        )
    assert at_clinic(cast.uzima, cast.other_patient.user).post(answer_url(row, "accept")).status_code == 404
    assert at_clinic(cast.uzima, cast.patient.user).post(answer_url(row, "accept")).status_code == 302
    with clinic_context(cast.uzima):
        assert Substitution.objects.get().answered_by_id == cast.patient.user.pk


def test_nobody_else_answers(cast, at_clinic, asked, people):
    strangers = [cast.other_patient.user, cast.doctor.user, people["pharmacist"], people["owner"], cast.admin]
    for word in ("accept", "decline"):
        for user in strangers:
            assert at_clinic(cast.uzima, user).post(answer_url(asked, word)).status_code == 404
        assert at_clinic(cast.pwani, cast.patient.user).post(answer_url(asked, word)).status_code == 404
        assert at_clinic(cast.uzima, cast.patient.user).get(answer_url(asked, word)).status_code == 405
        assert at_clinic(cast.uzima).post(answer_url(asked, word)).status_code == 302
    other = paid_order(cast.uzima, cast.patient, (stocked(cast.uzima), 1))
    wrong = f"/orders/{other.pk}/substitutions/{asked.pk}/accept/"
    assert at_clinic(cast.uzima, cast.patient.user).post(wrong).status_code == 404
    with clinic_context(cast.uzima):
        assert Substitution.objects.get().status == "proposed"


def test_what_was_sold_meanwhile_is_said_to_the_patient(cast, at_clinic, asked):
    paid_order(cast.uzima, cast.other_patient, (asked.medicine, 19))
    answer = at_clinic(cast.uzima, cast.patient.user).post(answer_url(asked, "accept"), follow=True)
    assert "not to be had any more" in said(answer)[-1]
    assert refunds(cast.uzima, asked.item.order) == []
