"""Another medicine in a line's place: what may be proposed, what the answer does, and who is told."""

from decimal import Decimal

import pytest

from pharmacy.exceptions import (
    AnswerAwaited,
    DispensedAlready,
    MoreThanPrescribed,
    NotASubstitute,
    OrderChanged,
    OutOfStock,
    SubstitutionClosed,
)
from pharmacy.models import Medicine, Order, OrderItem, Substitution
from pharmacy.selectors_desk import candidates_for
from pharmacy.selectors_substitutions import answerable_by, open_for
from pharmacy.services import desk, substitution
from pharmacy.services.order_changes import cancel_order
from pharmacy.substitutes import can_go_back, price_for
from precta.audit.models import AuditLog
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from precta.tenancy import clinic_context
from tests import factories
from tests.pharmacy.conftest import issue, line
from tests.pharmacy.desk_helpers import adds_up, batches_of, books, item_of, paid_order, refunds, stocked

pytestmark = pytest.mark.django_db

AMOXICILLIN = line(
    "Amoxicillin 500 mg capsule", dosage="1 capsule", frequency="3 times a day", duration="5 days", instructions=""
)


@pytest.fixture(autouse=True)
def _no_provider(monkeypatch):
    monkeypatch.setattr("precta.payments.tasks.submit_refund", lambda *args, **kwargs: None)


@pytest.fixture
def pharmacist(cast):
    return factories.make_staff(cast.uzima, "pharmacist")


@pytest.fixture
def inside(cast):
    with clinic_context(cast.uzima):
        yield


@pytest.fixture
def shop(cast):
    """A line of 2 packs at KES 100, and what might take its place."""

    class Shop:
        ordered = stocked(cast.uzima, "Cetirizine")
        generic = stocked(cast.uzima, "Cetirizine", (10, 300), brand_name="Alerid", price=Decimal("80.00"))
        dear = stocked(cast.uzima, "Loratadine", (10, 300), price=Decimal("250.00"))

    Shop.order = paid_order(cast.uzima, cast.patient, (Shop.ordered, 2), status="processing")
    Shop.item = item_of(cast.uzima, Shop.order)
    return Shop


def ask(shop, pharmacist, medicine=None, quantity=2, **extra):
    return substitution.propose(
        item=extra.pop("item", shop.item),
        medicine=medicine or shop.generic,
        quantity=quantity,
        reason="Sold out for two weeks",
        by_user=pharmacist,
    )


def relay(kind):
    for event in OutboxEvent.objects.filter(kind=kind):
        assert relay_event(event.pk)


def test_an_accepted_substitute_is_reserved_repriced_and_the_difference_goes_back(cast, inside, shop, pharmacist):
    asked = ask(shop, pharmacist)
    assert (asked.unit_price, [row.pk for row in open_for(shop.order)]) == (80, [asked.pk])
    # Nothing is reserved by asking.
    assert (books(cast.uzima, shop.ordered), books(cast.uzima, shop.generic)) == ((18, 20), (10, 10))
    substitution.answer(substitution=asked, by_user=cast.patient.user, accepts=True)
    item = item_of(cast.uzima, shop.order)
    assert (item.medicine_id, item.quantity, item.unit_price, item.total_price) == (shop.generic.pk, 2, 80, 160)
    assert "Alerid" in item.name
    assert (books(cast.uzima, shop.ordered), books(cast.uzima, shop.generic)) == ((20, 20), (8, 10))
    assert refunds(cast.uzima, shop.order) == [40]
    assert adds_up(cast.uzima, shop.order)
    assert open_for(shop.order) == []
    [batch] = batches_of(cast.uzima, shop.generic)
    desk.dispense(item=item, batch=batch, quantity=2, by_user=pharmacist)
    assert books(cast.uzima, shop.generic) == (8, 8)


def test_what_is_dearer_costs_what_the_line_cost(cast, inside, shop, pharmacist):
    asked = ask(shop, pharmacist, shop.dear)
    assert asked.unit_price == 100
    substitution.answer(substitution=asked, by_user=cast.patient.user, accepts=True)
    assert Order.objects.get(pk=shop.order.pk).total_amount == shop.order.total_amount
    assert refunds(cast.uzima, shop.order) == []
    assert adds_up(cast.uzima, shop.order)


def test_packs_of_another_size_never_cost_more_than_the_line(cast, inside, shop, pharmacist):
    asked = ask(shop, pharmacist, shop.dear, 3)
    assert asked.unit_price == 66
    substitution.answer(substitution=asked, by_user=cast.patient.user, accepts=True)
    item = item_of(cast.uzima, shop.order)
    assert (item.quantity, item.ordered_quantity, item.total_price) == (3, 3, 198)
    assert refunds(cast.uzima, shop.order) == [2]
    assert adds_up(cast.uzima, shop.order)


@pytest.mark.parametrize(
    ("total", "packs", "own", "price"),
    [
        ("100.00", 3, "250.00", "33"),
        ("100.00", 1, "99.50", "99"),
        ("100.50", 1, "100.00", "99"),
        ("99.50", 1, "250.00", "99.50"),
        ("0.50", 1, "250.00", "0.50"),
        ("240.00", 1, "80.00", "80"),
    ],
)
def test_nothing_or_a_shilling_at_least_goes_back_for_a_substitute(total, packs, own, price):
    line = OrderItem(total_price=Decimal(total))
    unit = price_for(line, Medicine(price=Decimal(own)), packs)
    assert unit == Decimal(price)
    assert can_go_back(line.total_price - unit * packs)


def test_a_line_of_cents_takes_no_substitute_that_would_send_cents_back(cast, inside, shop, pharmacist):
    cheap = stocked(cast.uzima, "Cetirizine", (10, 300), price=Decimal("0.70"))
    item = item_of(cast.uzima, paid_order(cast.uzima, cast.patient, (cheap, 1), status="processing"))
    with pytest.raises(NotASubstitute):
        ask(shop, pharmacist, stocked(cast.uzima, "Cetirizine", price=Decimal("0.40")), 1, item=item)
    assert not Substitution.objects.exists()


def test_packs_taken_out_before_and_after_a_substitute_are_both_paid_back(cast, inside, shop, pharmacist):
    desk.take_out(item=shop.item, keep=1, by_user=pharmacist, reason="Broken")
    for medicine, packs in ((shop.generic, 1), (shop.ordered, 2)):
        asked = ask(shop, pharmacist, medicine, packs, item=item_of(cast.uzima, shop.order))
        substitution.answer(substitution=asked, by_user=cast.patient.user, accepts=True)
    assert refunds(cast.uzima, shop.order) == [100, 20]
    item = item_of(cast.uzima, shop.order)
    assert (item.medicine_id, item.quantity, item.unit_price) == (shop.ordered.pk, 2, 40)
    desk.take_out(item=item, keep=1, by_user=pharmacist, reason="Broken")
    assert refunds(cast.uzima, shop.order) == [100, 20, 40]
    assert adds_up(cast.uzima, shop.order)


def test_a_declined_or_withdrawn_question_changes_nothing(cast, inside, shop, pharmacist):
    before = (books(cast.uzima, shop.ordered), books(cast.uzima, shop.generic))
    substitution.answer(substitution=ask(shop, pharmacist), by_user=cast.patient.user, accepts=False)
    substitution.withdraw(substitution=ask(shop, pharmacist), by_user=pharmacist)
    assert sorted(Substitution.objects.values_list("status", flat=True)) == ["declined", "withdrawn"]
    assert (books(cast.uzima, shop.ordered), books(cast.uzima, shop.generic)) == before
    assert (item_of(cast.uzima, shop.order).medicine_id, refunds(cast.uzima, shop.order)) == (shop.ordered.pk, [])


def test_a_question_is_answered_once(cast, inside, shop, pharmacist):
    asked = ask(shop, pharmacist)
    substitution.answer(substitution=asked, by_user=cast.patient.user, accepts=True)
    for accepts in (True, False):
        with pytest.raises(SubstitutionClosed) as refused:
            substitution.answer(substitution=asked, by_user=cast.patient.user, accepts=accepts)
        assert refused.value.status == "accepted"
    with pytest.raises(SubstitutionClosed):
        substitution.withdraw(substitution=asked, by_user=pharmacist)
    assert (refunds(cast.uzima, shop.order), books(cast.uzima, shop.generic)) == ([40], (8, 10))


def test_what_was_sold_meanwhile_is_said_and_the_question_is_closed(cast, inside, shop, pharmacist):
    asked = ask(shop, pharmacist)
    paid_order(cast.uzima, cast.other_patient, (shop.generic, 9))
    with pytest.raises(OutOfStock):
        substitution.answer(substitution=asked, by_user=cast.patient.user, accepts=True)
    asked.refresh_from_db()
    assert (asked.status, item_of(cast.uzima, shop.order).medicine_id) == ("withdrawn", shop.ordered.pk)
    assert (books(cast.uzima, shop.generic), refunds(cast.uzima, shop.order)) == ((1, 10), [])
    assert open_for(shop.order) == []


def test_nothing_is_asked_twice_or_beside_dispensed_packs_or_of_what_is_not_there(cast, inside, shop, pharmacist):
    with pytest.raises(OutOfStock):
        ask(shop, pharmacist, quantity=11)
    ask(shop, pharmacist)
    with pytest.raises(AnswerAwaited):
        ask(shop, pharmacist)
    second = paid_order(cast.uzima, cast.patient, (shop.ordered, 2), status="processing")
    item = item_of(cast.uzima, second)
    [batch] = batches_of(cast.uzima, shop.ordered)
    desk.dispense(item=item, batch=batch, quantity=1, by_user=pharmacist)
    with pytest.raises(DispensedAlready):
        ask(shop, pharmacist, item=item)
    assert Substitution.objects.count() == 1


def test_only_what_fits_may_take_the_place(cast, inside, shop, pharmacist):
    strong = stocked(cast.uzima, "Codeine", is_prescription_only=True)
    for medicine in (shop.ordered, strong):
        with pytest.raises(NotASubstitute):
            ask(shop, pharmacist, medicine)
    Medicine.objects.filter(pk=shop.generic.pk).update(is_active=False)
    with pytest.raises(NotASubstitute):
        ask(shop, pharmacist, Medicine.objects.get(pk=shop.generic.pk))
    with pytest.raises(NotASubstitute):
        ask(shop, pharmacist, shop.dear, 0)


@pytest.mark.parametrize("status", ["dispatched", "delivered", "cancelled"])
def test_nothing_is_asked_about_an_order_that_has_left_or_is_over(cast, inside, shop, pharmacist, status):
    order = paid_order(cast.uzima, cast.patient, (shop.ordered, 1), status=status)
    with pytest.raises(OrderChanged):
        ask(shop, pharmacist, item=item_of(cast.uzima, order), quantity=1)


def test_a_cancelled_order_asks_nothing_any_more(cast, inside, shop, pharmacist):
    asked = ask(shop, pharmacist)
    cancel_order(order=shop.order, by_user=cast.patient.user, side="patient")
    with pytest.raises(OrderChanged):
        substitution.answer(substitution=asked, by_user=cast.patient.user, accepts=True)
    asked.refresh_from_db()
    assert (asked.status, books(cast.uzima, shop.generic)) == ("withdrawn", (10, 10))


@pytest.fixture
def prescribed(cast, visit):
    """15 capsules prescribed, two packs of 10 ordered."""
    prescription = issue(visit, AMOXICILLIN)

    class Prescribed:
        capsules = stocked(
            cast.uzima,
            "Amoxicillin",
            form="capsule",
            strength="500 mg",
            pack_unit="capsules",
            is_prescription_only=True,
        )
        big = stocked(
            cast.uzima,
            "Amoxicillin",
            form="capsule",
            strength="500 mg",
            pack_size=15,
            pack_unit="capsules",
            is_prescription_only=True,
        )
        other = stocked(cast.uzima, "Azithromycin", strength="500 mg", is_prescription_only=True)

    Prescribed.order = paid_order(
        cast.uzima, cast.patient, (Prescribed.capsules, 2, 0), status="processing", prescription=prescription
    )
    Prescribed.item = item_of(cast.uzima, Prescribed.order)
    return Prescribed


def test_what_a_doctor_prescribed_keeps_its_substances(cast, inside, prescribed, pharmacist):
    with pytest.raises(NotASubstitute):
        ask(prescribed, pharmacist, prescribed.other)
    offered = candidates_for(prescribed.item, written=AMOXICILLIN)
    assert [(one.medicine.pk, one.packs) for one in offered] == [(prescribed.big.pk, 1)]
    assert candidates_for(prescribed.item, "azithro", written=AMOXICILLIN) == []


def test_a_substitute_gives_no_more_than_was_prescribed(cast, inside, prescribed, pharmacist):
    with pytest.raises(MoreThanPrescribed) as refused:
        ask(prescribed, pharmacist, prescribed.big, 2)
    assert refused.value.left == {prescribed.big.pk: 1}
    asked = ask(prescribed, pharmacist, prescribed.big, 1)
    substitution.answer(substitution=asked, by_user=cast.patient.user, accepts=True)
    item = item_of(cast.uzima, prescribed.order)
    assert (item.medicine_id, item.quantity, item.prescription_line) == (prescribed.big.pk, 1, 0)
    assert refunds(cast.uzima, prescribed.order) == [100]


def test_consent_on_the_phone_stands_in_the_books_and_the_patient_is_told(cast, inside, shop, pharmacist):
    asked = ask(shop, pharmacist)
    words = "On the phone, Amina herself, 14:20"
    substitution.answer(substitution=asked, by_user=pharmacist, accepts=True, consent=words)
    asked.refresh_from_db()
    assert (asked.status, asked.consent, asked.answered_by_id) == ("accepted", words, pharmacist.pk)
    entry = AuditLog.objects.get(action="substitution.accepted")
    assert (entry.user_id, entry.details["how"], words in str(entry.details)) == (pharmacist.pk, "staff", False)
    relay("substitution.answered")
    told = Notification.objects.filter(channel="push")
    assert list(told.values_list("user_id", flat=True)) == [cast.patient.user.pk]


def test_the_patient_is_asked_and_who_asked_learns_the_answer_without_a_medicine_named(cast, inside, shop, pharmacist):
    factories.make_patient("Juma", user=pharmacist, preferred_language="sw")
    asked = ask(shop, pharmacist)
    relay("substitution.proposed")
    relay("substitution.proposed")
    rows = Notification.objects.filter(user=cast.patient.user)
    assert sorted(rows.values_list("channel", flat=True)) == ["email", "push"]
    question = rows.get(channel="push")
    assert question.data["url"].endswith(f"/orders/{shop.order.pk}/")
    substitution.answer(substitution=asked, by_user=cast.patient.user, accepts=False)
    relay("substitution.answered")
    answer = Notification.objects.get(user=pharmacist)
    assert answer.data["url"].endswith(f"/admin/desk/orders/{shop.order.pk}/")
    assert (answer.language, answer.title) == ("sw", f"Mgonjwa wa oda {shop.order.number} hajakubali")
    for row in Notification.objects.all():
        assert "etirizine" not in row.title + row.body
        assert "Alerid" not in row.title + row.body


def test_a_question_that_was_answered_before_its_notice_went_out_is_not_told(cast, inside, shop, pharmacist):
    substitution.withdraw(substitution=ask(shop, pharmacist), by_user=pharmacist)
    relay("substitution.proposed")
    assert not Notification.objects.exists()


def test_only_the_patients_side_may_answer(cast, inside, shop, pharmacist):
    asked = ask(shop, pharmacist)
    child = factories.make_patient("Zawadi", user=factories.make_user("zawadi@example.test"))
    for user, may in ((cast.patient.user, True), (cast.other_patient.user, False), (pharmacist, False)):
        assert answerable_by(user, shop.order.pk).filter(pk=asked.pk).exists() is may
    assert not answerable_by(child.user, shop.order.pk).exists()
