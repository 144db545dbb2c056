"""Medicines in the browser: from the prescription to the paid order, and over the counter, with and without scripts."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe

from pharmacy.models import Order, OrderItem
from precta import clock, hosts
from precta.ids import new_id
from precta.payments.models import Payment
from precta.tenancy import clinic_context
from tests import factories
from tests.browser import PHONE
from tests.e2e.test_pages import SERIOUS
from tests.live.stack import until
from tests.pharmacy.conftest import issue, line
from tests.pharmacy.order_helpers import amoxicillin, make_medicine, stock_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def serious(page):
    found = Axe().run(page).response["violations"]
    return [one["id"] for one in found if one["impact"] in SERIOUS]


def orders_of(patient, clinic):
    with clinic_context(clinic):
        return list(Order.objects.filter(patient=patient).order_by("created_at"))


def approve(scene, clinic, order):
    """The PIN on the phone, once the request is out."""

    def asked():
        with clinic_context(clinic):
            return Payment.objects.filter(subject_id=order.pk, charged_at__isnull=False).first()

    payment = until(asked, lambda: "no request went out")
    scene.live.standin.approve(payment.provider_reference)


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_prescription_becomes_a_paid_order(visitor, scene, scripts):
    patient, doctor = scene.patient("Amina"), scene.doctor()
    clinic = doctor.clinic
    visit = factories.make_appointment(patient, doctor, clock.now() - timedelta(minutes=5), status="in_progress")
    prescription = issue(
        visit, line("Flucloxacillin 500 mg capsule", dosage="1 capsule"), line("Metronidazole 400 mg tablet")
    )
    # Of a substance that no other test stocks: the portal is shared.
    amoxicillin(clinic, generic_name="Flucloxacillin", substances=["flucloxacillin"])
    v = visitor(patient, java_script_enabled=scripts, viewport=PHONE)
    v.go("/me/prescriptions/")
    page = v.page
    page.get_by_role("link", name="Order medicines").first.click()
    page.get_by_role("heading", name="Order medicines").wait_for()
    page.get_by_text("This clinic does not stock it.").wait_for()
    if scripts:
        assert serious(page) == []
    page.get_by_role("button", name="Put into the basket").click()
    page.get_by_role("heading", name="Your basket").wait_for()
    page.get_by_role("link", name="Go on to delivery").click()
    page.get_by_label("Pick up at").check()
    page.get_by_label("M-Pesa number").fill("0712 345678")
    if scripts:
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator("[data-total-shown]").inner_text().replace("\xa0", " ") == "KES 400"
        assert not page.get_by_label("Delivery address").is_visible()
    page.get_by_role("button", name="Order and pay").click()
    if not scripts:
        page.get_by_role("button", name="Send the request").click()
    page.get_by_text("M-Pesa").first.wait_for()
    [order] = until(lambda: orders_of(patient, clinic), lambda: "no order")
    assert (order.prescription_id, order.total_amount) == (prescription.pk, 400)
    approve(scene, clinic, order)
    v.go(f"/orders/{order.pk}/pay/?check=1", hosts.clinic_host(clinic))
    page.get_by_role("heading", name=f"Order {order.number}").wait_for()
    page.get_by_text("Paid and placed").wait_for()
    if scripts:
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_over_the_counter_and_cancelled_with_the_money_back(visitor, scene):
    patient = scene.patient("Amina")
    clinic = scene.uzima
    make_medicine(clinic, "Zinc sulfate", strength="20 mg")
    v = visitor(patient, viewport=PHONE)
    v.go("/pharmacy/?q=zinc", hosts.clinic_host(clinic))
    page = v.page
    page.get_by_role("button", name="Add Zinc sulfate 20 mg to the basket").click()
    page.get_by_role("link", name="Go on to delivery").click()
    page.get_by_role("radio", name="Delivery").check()
    page.get_by_label("Delivery address").fill("Ngong Road 5")
    page.get_by_label("Phone for the delivery").fill("0712345678")
    page.get_by_label("M-Pesa number").fill("0712 345678")
    page.get_by_role("button", name="Order and pay").click()
    [order] = until(lambda: orders_of(patient, clinic), lambda: "no order")
    page.get_by_text("Enter your").first.wait_for()
    approve(scene, clinic, order)
    page.get_by_role("heading", name=f"Order {order.number}").wait_for(timeout=20_000)
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Cancel and get").click()
    page.get_by_text("The order is cancelled.").first.wait_for()
    [after] = orders_of(patient, clinic)
    assert (after.status, after.refund_due) == ("cancelled", 350)


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_two_at_the_checkout_with_the_last_pack_one_gets_it_and_the_other_is_told(visitor, scene, scripts):
    clinic, host = scene.uzima, hosts.clinic_host(scene.uzima)
    name = f"Domperidone {scene.phone[-6:]}"
    medicine = make_medicine(clinic, name, stock=1, sku=f"E-{new_id()}")
    people = [scene.patient("Amina"), scene.patient("Baraka")]
    pages = []
    for patient in people:
        v = visitor(patient, java_script_enabled=scripts, viewport=PHONE)
        v.go(f"/pharmacy/?q={name.replace(' ', '+')}", host)
        v.page.get_by_role("button", name=f"Add {name}").click()
        v.page.get_by_role("link", name="Go on to delivery").click()
        v.page.get_by_label("Pick up at").check()
        v.page.get_by_label("M-Pesa number").fill("0712 345678")
        v.expect(409)
        pages.append(v.page)
    first, second = pages
    first.get_by_role("button", name="Order and pay").click()
    if not scripts:
        first.get_by_role("button", name="Send the request").click()
    first.get_by_text("Enter your").first.wait_for()
    [order] = orders_of(people[0], clinic)

    second.get_by_role("button", name="Order and pay").click()
    second.get_by_role("alert").get_by_text(f"{name} 500 mg is sold out.").wait_for()
    assert second.get_by_label("M-Pesa number").input_value() == "0712 345678"
    if scripts:
        assert serious(second) == []
        assert second.evaluate("document.documentElement.scrollWidth <= innerWidth")
    second.get_by_role("link", name="Change the basket").click()
    second.get_by_text("Sold out for now.").wait_for()
    assert not second.get_by_role("link", name="Go on to delivery").is_visible()

    approve(scene, clinic, order)
    first.goto(first.url.partition("/orders/")[0] + f"/orders/{order.pk}/pay/?check=1")
    first.get_by_text("Paid and placed").wait_for()
    with clinic_context(clinic):
        assert OrderItem.objects.filter(medicine=medicine).count() == 1
    assert stock_of(clinic, medicine) == 0
    assert orders_of(people[1], clinic) == []
